"""The one table of kinds: every product and issuer, with its settings, its abilities and how it is built.

Nothing else in the program asks which product it has before it. A new kind is a file in its room and a row
here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic import BaseModel

from tokenward.issuers import IssuerSection, command, portal, simulator
from tokenward.model.secret import Secret
from tokenward.model.service import Keyholder
from tokenward.model.target import Abilities
from tokenward.rotation.ports import Finder, Issuer, Target
from tokenward.schema.fault import Fault, quote
from tokenward.schema.near import suggest
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.section import Section
from tokenward.targets import (
    TargetSection,
    aws_secrets_manager,
    azure_key_vault,
    blackberry_uem,
    directory,
    fleet,
    google_secret_manager,
    handoff,
    intune,
    iru,
    jamf,
    jumpcloud,
    kubernetes,
    micromdm,
    nanodep,
    simplemdm,
    vault,
    zentral,
)
from tokenward.targets import command as command_target

Reveal = Callable[[SecretRef], Secret]
"""Gives the secret that a reference stands for; every one was read before anything is built."""

S = TypeVar("S", bound=Section)
T = TypeVar("T", bound=TargetSection)
P = TypeVar("P", bound=TargetSection)
U = TypeVar("U", bound=IssuerSection)


@dataclass(frozen=True, slots=True)
class TargetKind:
    """A kind of target."""

    section: type[TargetSection]
    abilities: Abilities
    keyholders: frozenset[Keyholder]
    """Who can hold the key of a service whose first target is of this kind."""
    identity: Callable[[TargetSection, str], tuple[str, ...]]
    """Where the token of the service with this id is kept: two of the same would overwrite each other's."""
    build: Callable[[TargetSection, str, Reveal], Target]
    """Makes the target of one service, by the service's id."""
    place: type[TargetSection]
    """What must be set to look around in the product: all of the section but which of its tokens is meant."""
    finder: Callable[[TargetSection, Reveal], Finder | None]
    """Looks around in the product at a place; None where it shows nothing."""


@dataclass(frozen=True, slots=True)
class IssuerKind:
    """A kind of issuer."""

    section: type[IssuerSection]
    build: Callable[[IssuerSection, Reveal], Issuer]


def _target(
    section: type[T],
    abilities: Abilities,
    keyholders: frozenset[Keyholder],
    identity: Callable[[T, str], tuple[str, ...]],
    build: Callable[[T, str, Reveal], Target],
    looks: "_Looks[P] | None" = None,
) -> TargetKind:
    """Return a row whose functions take any target's settings, typed inside by the kind's own.

    Without *looks* the section requires nothing that chooses a token, so that its target can look around.
    """
    place, finder = (looks.place, looks.typed) if looks else (section, _own_finder(section, build))
    return TargetKind(
        section,
        abilities,
        keyholders,
        lambda settings, service: identity(_own(section, settings), service),
        lambda settings, service, reveal: build(_own(section, settings), service, reveal),
        place,
        finder,
    )


@dataclass(frozen=True, slots=True)
class _Looks(Generic[P]):
    """How a product is looked around in whose section requires to choose one of its tokens."""

    place: type[P]
    """The section without that choice."""
    finder: Callable[[P, Reveal], Finder]

    def typed(self, settings: TargetSection, reveal: Reveal) -> Finder:
        """Look around by any target's settings, typed inside by the kind's own."""
        return self.finder(_own(self.place, settings), reveal)


def _own_finder(
    section: type[T], build: Callable[[T, str, Reveal], Target]
) -> Callable[[TargetSection, Reveal], Finder | None]:
    return lambda settings, reveal: build(_own(section, settings), _NO_SERVICE, reveal).finder


def _issuer(section: type[U], build: Callable[[U, Reveal], Issuer]) -> IssuerKind:
    return IssuerKind(section, lambda settings, reveal: build(_own(section, settings), reveal))


def _own(section: type[S], settings: Section) -> S:
    if not isinstance(settings, section):
        raise TypeError(f"{type(settings).__name__} went to the row of {section.__name__}")
    return settings


_OPENED_ELSEWHERE: Final = frozenset({Keyholder.TOKENWARD, Keyholder.OPERATOR})
"""What opens no envelope itself, and keeps it for whoever does."""

TARGETS: Final[Mapping[str, TargetKind]] = {
    "nanodep": _target(
        nanodep.Settings,
        nanodep.ABILITIES,
        frozenset({Keyholder.TARGET}),
        lambda settings, _: (settings.url, settings.dep_name),
        lambda settings, service, reveal: nanodep.build(settings, service=service, api_key=reveal(settings.api_key)),
        _Looks(nanodep.Server, lambda settings, reveal: nanodep.DepServer(settings, reveal(settings.api_key))),
    ),
    "fleet": _target(
        fleet.Settings,
        fleet.ABILITIES,
        frozenset({Keyholder.TARGET}),
        lambda settings, _: (settings.url, str(settings.token_id or "")),
        lambda settings, _, reveal: fleet.build(settings, api_token=reveal(settings.api_token)),
    ),
    "jamf": _target(
        jamf.Settings,
        jamf.ABILITIES,
        frozenset({Keyholder.TARGET}),
        lambda settings, _: (settings.url, settings.instance_id or ""),
        lambda settings, _, reveal: jamf.build(settings, client_secret=reveal(settings.client_secret)),
    ),
    "intune": _target(
        intune.Settings,
        intune.ABILITIES,
        frozenset({Keyholder.TARGET}),
        lambda settings, _: (settings.url, settings.tenant, settings.token_id or ""),
        lambda settings, _, reveal: intune.build(settings, client_secret=reveal(settings.client_secret)),
    ),
    "jumpcloud": _target(
        jumpcloud.Settings,
        jumpcloud.ABILITIES,
        frozenset({Keyholder.TARGET}),
        lambda settings, _: (settings.url, settings.org_id or "", settings.mdm_id or ""),
        lambda settings, _, reveal: jumpcloud.build(settings, api_key=reveal(settings.api_key)),
    ),
    "micromdm": _target(
        micromdm.Settings,
        micromdm.ABILITIES,
        frozenset({Keyholder.TARGET}),
        lambda settings, _: (settings.url,),
        lambda settings, _, reveal: micromdm.build(settings, api_key=reveal(settings.api_key)),
    ),
    "iru": _target(
        iru.Settings,
        iru.ABILITIES,
        frozenset({Keyholder.TARGET}),
        lambda settings, _: (settings.url, settings.token_id or ""),
        lambda settings, _, reveal: iru.build(settings, api_token=reveal(settings.api_token)),
    ),
    "simplemdm": _target(
        simplemdm.Settings,
        simplemdm.ABILITIES,
        frozenset({Keyholder.OPERATOR}),
        lambda settings, service: (settings.url, str(settings.server_id or service)),
        lambda settings, _, reveal: simplemdm.build(settings, api_key=reveal(settings.api_key)),
    ),
    "zentral": _target(
        zentral.Settings,
        zentral.ABILITIES,
        frozenset({Keyholder.OPERATOR}),
        lambda settings, _: (settings.url, str(settings.server_id or "")),
        lambda settings, _, reveal: zentral.build(settings, api_token=reveal(settings.api_token)),
    ),
    "blackberry-uem": _target(
        blackberry_uem.Settings,
        blackberry_uem.ABILITIES,
        frozenset({Keyholder.OPERATOR}),
        lambda settings, _: (settings.url, settings.tenant, settings.account_guid or ""),
        lambda settings, _, reveal: blackberry_uem.build(settings, password=reveal(settings.password)),
    ),
    "directory": _target(
        directory.Settings,
        directory.ABILITIES,
        _OPENED_ELSEWHERE,
        lambda settings, service: (str(settings.path), service),
        lambda settings, service, _: directory.build(settings, service=service),
    ),
    "vault": _target(
        vault.Settings,
        vault.ABILITIES,
        _OPENED_ELSEWHERE,
        lambda settings, service: (
            settings.url,
            settings.namespace or "",
            settings.mount,
            settings.path_of(service),
        ),
        lambda settings, service, reveal: vault.build(settings, service=service, token=reveal(settings.token)),
    ),
    "kubernetes": _target(
        kubernetes.Settings,
        kubernetes.ABILITIES,
        _OPENED_ELSEWHERE,
        lambda settings, service: (settings.url or "", settings.namespace, settings.name_of(service)),
        lambda settings, service, reveal: kubernetes.build(
            settings, service=service, token=reveal(settings.token) if settings.token else None
        ),
    ),
    "aws-secrets-manager": _target(
        aws_secrets_manager.Settings,
        aws_secrets_manager.ABILITIES,
        _OPENED_ELSEWHERE,
        lambda settings, service: (
            settings.endpoint or settings.region,
            settings.access_key_id or "",
            settings.secret_of(service),
        ),
        lambda settings, service, reveal: aws_secrets_manager.build(
            settings,
            service=service,
            secret_access_key=reveal(settings.secret_access_key) if settings.secret_access_key else None,
        ),
    ),
    "google-secret-manager": _target(
        google_secret_manager.Settings,
        google_secret_manager.ABILITIES,
        _OPENED_ELSEWHERE,
        lambda settings, service: (settings.endpoint, settings.path_of(service)),
        lambda settings, service, reveal: google_secret_manager.build(
            settings,
            service=service,
            service_account=reveal(settings.service_account) if settings.service_account else None,
        ),
    ),
    "azure-key-vault": _target(
        azure_key_vault.Settings,
        azure_key_vault.ABILITIES,
        _OPENED_ELSEWHERE,
        lambda settings, service: (settings.url, settings.name_of(service)),
        lambda settings, service, reveal: azure_key_vault.build(
            settings,
            service=service,
            client_secret=reveal(settings.client_secret) if settings.client_secret else None,
        ),
    ),
    "command": _target(
        command_target.Settings,
        command_target.ABILITIES,
        _OPENED_ELSEWHERE,
        lambda _, service: (service,),
        lambda settings, service, _: command_target.build(settings, service=service),
    ),
    "handoff": _target(
        handoff.Settings,
        handoff.ABILITIES,
        frozenset({Keyholder.OPERATOR}),
        lambda _, service: (service,),
        lambda settings, _, __: handoff.build(settings),
    ),
}

ISSUERS: Final[Mapping[str, IssuerKind]] = {
    "portal": _issuer(portal.Settings, lambda settings, _: portal.build(settings)),
    "simulator": _issuer(simulator.Settings, lambda settings, _: simulator.build(settings)),
    "command": _issuer(command.Settings, lambda settings, _: command.build(settings)),
}

SOURCES: Final[Mapping[str, type[Section]]] = {}
"""Kinds of sources that need a table; the drop folder, the clock and the control socket need none."""

_NO_SERVICE: Final = ""
"""Stands for the service while nothing is configured yet; who looks around names none."""
_NO_SOURCES: Final = "no table at all: drop, clock and control are the only sources, and always there"

CLASSES_BY_KIND: Final[Mapping[type[BaseModel], Mapping[str, type[BaseModel]]]] = {
    TargetSection: {kind: row.section for kind, row in TARGETS.items()},
    IssuerSection: {kind: row.section for kind, row in ISSUERS.items()},
}
"""Which class reads a table of the first class, by its ``kind``."""


def parse_target(raw: object) -> TargetSection:
    """Return the settings of a target, read by its kind's own class.

    Raises:
        Fault: There is no such kind.
        ValidationError: Its kind's class does not take it.
    """
    return _parse({kind: row.section for kind, row in TARGETS.items()}, raw)


def parse_issuer(raw: object) -> IssuerSection:
    """Return the settings of an issuer; raises as ``parse_target`` does."""
    return _parse({kind: row.section for kind, row in ISSUERS.items()}, raw)


def parse_source(raw: object) -> Section:
    """Return the settings of a source; raises as ``parse_target`` does."""
    return _parse(SOURCES, raw, _NO_SOURCES)


def _parse(sections: Mapping[str, type[S]], raw: object, where_none: str = "") -> S:
    if not isinstance(raw, Mapping) or not isinstance(kind := raw.get("kind"), str):
        raise Fault("this is no table with a kind", f"a kind: {suggest('', sections) or where_none}")
    if kind not in sections:
        raise Fault(f"there is no kind {quote(kind)} here", suggest(kind, sections) or where_none)
    return sections[kind].model_validate(raw)
