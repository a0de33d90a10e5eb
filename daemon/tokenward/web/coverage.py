"""Which source can tell what of whom, and where nobody can: what Tokenward would not hear of. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from tokenward.model.person import Person
from tokenward.web.vitals import Coverage, Signal

NOBODY: Final = "none"
"""The source of a signal that nobody can give."""


def coverage_of(people: Mapping[str, Person], told: Iterable[Coverage]) -> tuple[Coverage, ...]:
    """Return who tells each signal of each of *people*, with ``NOBODY`` where no source does.

    *told* is what configured sources can tell, beyond each person's own ``password_source``. A drop and the command
    line can always speak of anybody, so they are not counted: somebody has to use them.
    """
    covered = [one for one in told if one.person in people]
    covered += [own for person in people.values() if (own := _own(person))]
    known = {(one.person, one.signal) for one in covered}
    uncovered = (
        Coverage(person, signal, NOBODY) for person in people for signal in Signal if (person, signal) not in known
    )
    return tuple(dict.fromkeys((*covered, *uncovered)))


def _own(person: Person) -> Coverage | None:
    """Return the coverage by the source that the configuration names for the person's password."""
    return Coverage(person.id, Signal.PASSWORD, person.password_source) if person.password_source else None
