"""Which of the tokens that a product shows a target means."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from tokenward.model.finding import NeedsOperator
from tokenward.wire.findings import not_exactly_one


class Choice(Protocol):
    """One of what is there."""

    @property
    def id(self) -> int | str:
        """By which a target's table means it."""
        ...

    @property
    def named(self) -> str:
        """How it is spoken of."""
        ...


C = TypeVar("C", bound=Choice)


def pick(title: str, what: str, there: Sequence[C], setting: str, wanted: int | str | None) -> C | None:
    """Return the one of what is *there* that is *wanted*, or the only one; None where there is none to want.

    *what* and *setting* are as for ``not_exactly_one``.

    Raises:
        NeedsOperator: It is not there, or there are several and *setting* does not say which.
    """
    if not there and wanted is None:
        return None
    meant = [one for one in there if wanted in {None, one.id}]
    if len(meant) != 1:
        raise NeedsOperator(not_exactly_one(title, what, [one.named for one in there], setting))
    return meant[0]
