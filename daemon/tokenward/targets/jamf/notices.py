"""What Jamf Pro notifies its administrators of, as far as it is about tokens: terms, and an instance that has expired.

Source: developer.jamf.com/jamf-pro/reference/get_v1-notifications (a list of ``type``, ``id``, ``params``; the types).
That ``params`` names the instance is how public clients of Jamf Pro read it.

# unconfirmed: whether ``params`` always names the instance. One that names none is about the whole tenant.
"""

from typing import Final

from pydantic import TypeAdapter, ValidationError

from tokenward.model.token import TokenState
from tokenward.wire.answer import Answer
from tokenward.wire.reading import Shown

_STATES: Final = {
    "DEVICE_ENROLLMENT_PROGRAM_T_C_NOT_SIGNED": TokenState.TERMS_UNSIGNED,
    "APPLE_SCHOOL_MANAGER_T_C_NOT_SIGNED": TokenState.TERMS_UNSIGNED,
    "DEP_INSTANCE_EXPIRED": TokenState.EXPIRED,
}
"""The first that is there counts: while terms wait, nothing else can be known."""


class _Params(Shown):
    name: str | None = None


class Notice(Shown):
    """One thing that Jamf Pro shows to its administrators."""

    type: str
    params: _Params | None = None

    def is_about(self, instance: str) -> bool:
        """Return whether it is about the *instance* of that name, or names none."""
        name = self.params.name if self.params else None
        return name is None or name == instance


_LIST: Final = TypeAdapter(tuple[Notice, ...])


def parse_notices(answer: Answer) -> tuple[Notice, ...] | None:
    """Return what stands in *answer*; None where it may not be read, or has another shape."""
    if not answer.is_ok:
        return None
    try:
        return _LIST.validate_json(answer.body)
    except ValidationError:
        return None


def state_told(notices: tuple[Notice, ...], instance: str) -> TokenState | None:
    """Return the state of the token of *instance* that *notices* speak of; None where they speak of none."""
    told = {notice.type for notice in notices if notice.is_about(instance)}
    return next((state for name, state in _STATES.items() if name in told), None)
