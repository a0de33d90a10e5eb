"""The tables of a configuration as the checks between them see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tokenward.app.settings import OrganisationSettings, PersonSettings, Tables
from tokenward.app.settings_problems import Problem
from tokenward.schema.fault import quote
from tokenward.schema.near import suggest


@dataclass(frozen=True, slots=True)
class View:
    """Every table that is valid for itself, and the ids of all of them."""

    tables: Tables
    ids: Mapping[str, tuple[str | None, ...]]
    """Ids by list of tables, in their order, also of tables that are left out for being wrong otherwise."""
    place_of: Callable[[str], str]
    """Names a path within a sentence, with its file where there are several."""

    def organisation(self, wanted: str) -> OrganisationSettings | None:
        """Return the organisation with this id."""
        return next((one for one in self.tables.organisations if one.id == wanted), None)

    def person(self, wanted: str) -> PersonSettings | None:
        """Return the person with this id."""
        return next((one for one in self.tables.people if one.id == wanted), None)

    def unknown(self, array: str, wanted: str, path: str) -> tuple[Problem, ...]:
        """Return the problem that no table of *array* has the id *wanted*, if so."""
        known = tuple(one for one in self.ids.get(array, ()) if one is not None)
        if wanted in known:
            return ()
        wrong = f"no [[{array}]] has the id {quote(wanted)}"
        return (Problem(path, wrong, suggest(wanted, known) or f"a [[{array}]] with this id"),)

    def without_account(self, wanted: str, organisation: str, path: str) -> tuple[Problem, ...]:
        """Return the problem that the person *wanted* has no account in *organisation*, if so."""
        person = self.person(wanted)
        if person is None or organisation in person.accounts:
            return ()
        wrong = f"person.{wanted} has no account in organisation.{organisation}"
        return (Problem(path, wrong, f"an account for {organisation} in person.{wanted}.accounts, or somebody else"),)
