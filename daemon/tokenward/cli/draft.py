"""The draft of a configuration, from what a product showed. What it did not show is marked as a guess."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from tokenward.app.registry import TARGETS
from tokenward.app.secrets import CREDENTIALS_FOLDER
from tokenward.app.settings import Settings
from tokenward.cli.place import Place, Setting
from tokenward.model.instant import format_instant
from tokenward.model.service import RESERVED_NAMES, Keyholder
from tokenward.model.target import Found
from tokenward.schema.account import parse_account
from tokenward.schema.fault import Fault
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.slug import RESERVED

LONGEST_NAME: Final = 190
_LONGEST_ID: Final = 32
_DAEMON: Final = f"""\
[daemon]
state_dir = "/var/lib/tokenward"
drop_dir = "/var/spool/tokenward/drop"
seal_key = {{ credential = "seal-key" }}
# check: make that key, and keep a copy in a safe: (umask 077; openssl rand -base64 32 > {CREDENTIALS_FOLDER}/seal-key)
"""


def cleaned(text: str) -> str:
    """Return *text*, which a product showed, without what a terminal or a file could take for more than text."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text).strip()[:LONGEST_NAME]


@dataclass(frozen=True, slots=True)
class Token:
    """A token that a product showed, and the service that has it already."""

    found: Found
    configured_as: str | None = None

    @classmethod
    def of(cls, found: Found, place: Place, present: Settings | None, *, is_only: bool) -> Self:
        """Return what was *found* at *place*, compared with the *present* configuration.

        Where it is the only one there, a target that chooses none of the product's tokens means it too.
        """
        row = TARGETS[place.settings.kind]
        meant = {row.identity(row.section.model_validate({**place.table, **found.settings}), "")}
        if is_only and isinstance(place.settings, row.section):
            meant.add(row.identity(place.settings, ""))
        services = present.services if present else ()
        named = (
            service.id
            for service in services
            for target in service.targets
            if target.kind == place.settings.kind and row.identity(target, "") in meant
        )
        return cls(found, next(named, None))

    def days_left(self, now: datetime) -> float | None:
        """Return how many days are left; None where the product does not show it."""
        at = self.found.holding.expires_at
        return None if at is None else (at - now).total_seconds() / 86_400


@dataclass(slots=True)
class Draft:
    """A draft as it grows, token by token, beside what is configured already."""

    place: Place
    now: datetime
    present: Settings | None = None
    """The configuration that the draft is to go with; None: it is a whole one."""
    _ids: set[str] = field(default_factory=set)
    _organisations: dict[str, str] = field(default_factory=dict)
    """Ids by what they are called, folded."""
    _people: dict[str, dict[str, str]] = field(default_factory=dict)
    """Organisation and account of everybody who is new, by id."""
    _known_people: dict[tuple[str, str], str] = field(default_factory=dict)
    """Ids by organisation and account."""
    _names: set[tuple[str, str]] = field(default_factory=set)
    """Names of services that are taken, by organisation."""
    _new_organisations: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take note of what is configured already, so that nothing is there twice."""
        if self.present is None:
            return
        for organisation in self.present.organisations:
            self._organisations[organisation.name.casefold()] = organisation.id
        for person in self.present.people:
            self._known_people |= dict.fromkeys(person.accounts.items(), person.id)
        self._names = {(one.organisation, one.name.casefold()) for one in self.present.services}
        self._ids = {
            *(one.id for one in self.present.organisations),
            *(one.id for one in self.present.people),
            *(one.id for one in self.present.services),
            *(one.id for one in self.present.channels),
        }

    def add(self, found: Found) -> None:
        """Add a service for the token that was *found*."""
        organisation = self._organisation(found)
        custodian = self._custodian(found, organisation)
        self._parts.append("\n".join((*self._service(found, organisation, custodian), "", *self._target(found), "")))

    def text(self) -> str:
        """Return the whole draft."""
        people = ["\n".join((*_person(one, accounts), "")) for one, accounts in self._people.items()]
        whole = [] if self.present else [_DAEMON]
        return "\n".join((self._head(), *whole, *self._new_organisations, *people, *self._parts))

    def _head(self) -> str:
        title = TARGETS[self.place.settings.kind].abilities.title
        return (
            f"# Drafted by `tokenward discover {self.place.settings.kind}` from what {title} showed at"
            f" {format_instant(self.now.replace(microsecond=0))}.\n"
            "# Every service here is only watched: nothing is rotated before it has an `issuer`.\n"
            '# See to the lines with "check:", then run `tokenward config check`.\n'
        )

    def _organisation(self, found: Found) -> str:
        shown = cleaned(found.organisation or "")
        name = shown or "My organisation"
        if known := self._organisations.get(name.casefold()):
            return known
        own_id = self._organisations[name.casefold()] = self._id(shown, "corp")
        why = "" if shown else "   # check: the product does not show the name"
        self._new_organisations.append(
            f"[[organisation]]\nid = {_text(own_id)}\nname = {_text(name)}{why}\n"
            'portal = "business-manager"   # check: or "school-manager", "apple-business"; no product shows it\n'
        )
        return own_id

    def _custodian(self, found: Found, organisation: str) -> str | None:
        """Return the id of whoever downloaded the token, where the product shows an account of Apple's."""
        try:
            account = parse_account(found.holding.downloader)
        except Fault:
            return None
        if not account.isprintable():
            return None
        if known := self._known_people.get((organisation, account)):
            return known
        person = next((one for one, accounts in self._people.items() if account in accounts.values()), None)
        if person is None:
            person = self._id(account.partition("@")[0], "person")
        self._people.setdefault(person, {})[organisation] = account
        self._known_people[organisation, account] = person
        return person

    def _service(self, found: Found, organisation: str, custodian: str | None) -> Iterator[str]:
        row = TARGETS[self.place.settings.kind]
        can = row.abilities
        title = cleaned(found.title)
        own = "" if title == cleaned(found.organisation or "") else title
        name = self._name(cleaned(found.service_name or "") or own or can.title, organisation)
        check = "" if found.service_name else "   # check: its name in Apple's portal"
        yield f"# {self._told(found)}"
        yield "[[service]]"
        yield f"id = {_text(self._id(own or can.kind, can.kind))}"
        yield f"organisation = {_text(organisation)}"
        yield f"name = {_text(name)}{check}"
        if Keyholder.TARGET not in row.keyholders:
            yield f"keyholder = {_text(min(row.keyholders))}"
        if custodian is not None:
            yield f"custodian = {_text(custodian)}"
        if found.holding.expires_at is None:
            yield "# expires_at = 2027-03-01   # check: the product does not show when its token ends"

    def _told(self, found: Found) -> str:
        at = found.holding.expires_at
        ends = "when its token ends is not shown" if at is None else f"its token ends on {at:%Y-%m-%d}"
        by = f"; downloaded by {cleaned(found.holding.downloader)}" if found.holding.downloader else ""
        return f"{cleaned(found.title)}: {ends}{by}"

    def _target(self, found: Found) -> Iterator[str]:
        yield "[[service.target]]"
        for name, value in {**self.place.table, **found.settings}.items():
            note = f"   # check: put it into {CREDENTIALS_FOLDER}" if value in self.place.typed else ""
            yield f"{name} = {_value(value)}{note}"

    def _name(self, wanted: str, organisation: str) -> str:
        """Return a name that no service of the organisation has; two words are forbidden by Apple."""
        name, number = wanted, 1
        while (organisation, name.casefold()) in self._names or name.casefold() in RESERVED_NAMES:
            number += 1
            name = f"{wanted} {number}"
        self._names.add((organisation, name.casefold()))
        return name

    def _id(self, called: str, otherwise: str) -> str:
        """Return an id that nothing has yet."""
        plain = unicodedata.normalize("NFKD", called).encode("ascii", "ignore").decode().casefold()
        wanted = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_ID].strip("-") or otherwise
        found, number = wanted, 1
        while found in self._ids or found in RESERVED:
            number += 1
            found = f"{wanted}-{number}"
        self._ids.add(found)
        return found


def _person(own_id: str, accounts: Mapping[str, str]) -> Iterator[str]:
    listed = ", ".join(f"{organisation} = {_text(account)}" for organisation, account in accounts.items())
    yield "[[person]]"
    yield f"id = {_text(own_id)}"
    yield f"accounts = {{ {listed} }}"
    yield 'role = "device-enrolment-manager"   # check: the role in Apple\'s portal; no product shows it'


def _value(value: Setting) -> str:
    match value:
        case SecretRef():
            return f"{{ {value.place} = {_text(value.name)} }}"
        case bool() | int():
            return str(value).lower()
        case str():
            return _text(value)


def _text(text: str) -> str:
    """Return *text* in TOML, whose basic strings are those of JSON but for one letter."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
