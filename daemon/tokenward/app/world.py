"""Settings and secrets become the objects that the core works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tokenward.app.registry import ISSUERS, TARGETS, Reveal
from tokenward.app.roster_of import roster_of
from tokenward.app.secrets import read_secrets
from tokenward.app.settings import OrganisationSettings, ServiceSettings, Settings
from tokenward.app.settings_channels import channel_problems
from tokenward.app.settings_load import load
from tokenward.app.settings_problems import Problem
from tokenward.app.settings_walk import secret_refs
from tokenward.apple.business_api import BusinessApi
from tokenward.apple.business_login import BusinessLogin
from tokenward.apple.device_api import DeviceApi
from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.model.instant import Clock
from tokenward.model.organisation import APPLE_API
from tokenward.model.registration import ApiAccount
from tokenward.model.roster import Roster
from tokenward.rotation.ports import Chance, Issuer, ServiceWorld, World


class ConfigInvalid(NeedsOperator):
    """The configuration can't be used; every problem is listed."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Carry *problems*, each with its place, what is wrong and what would be right."""
        count = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        listed = "\n".join(problem.text().rstrip() for problem in problems)
        super().__init__(
            Finding(
                Code.CONFIGURATION,
                f"The configuration has {count}.\n{listed}",
                "Nothing was started or changed.",
                "Correct it and run `tokenward config check`.",
            )
        )
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration that can be used, with its secrets in hand."""

    settings: Settings
    reveal: Reveal


def read_configuration(path: Path, environment: Mapping[str, str]) -> Configuration:
    """Return the configuration in *path* with every secret that it refers to.

    Raises:
        ConfigInvalid: Something is wrong with it; all of that at once.
    """
    loaded = load(path)
    if loaded.settings is None:
        raise ConfigInvalid(loaded.problems)
    read = read_secrets(secret_refs(loaded.settings), environment)
    if read.problems:
        raise ConfigInvalid(read.problems)
    if problems := tuple(channel_problems(loaded.settings, read.values)):
        raise ConfigInvalid(problems)
    return Configuration(loaded.settings, read.reveal)


def build_world(configuration: Configuration, clock: Clock, chance: Chance) -> World:
    """Return the services of *configuration* with their targets and issuers."""
    settings, reveal = configuration.settings, configuration.reveal
    roster = roster_of(settings)
    apple = {one.id: _apple(one, reveal, clock, chance) for one in settings.organisations}
    return World(roster, {one.id: _served(one, roster, reveal, apple[one.organisation]) for one in settings.services})


@dataclass(frozen=True, slots=True)
class _Apple:
    """Apple's side of one organisation."""

    witness: DeviceApi
    registrar: BusinessApi | None


def _apple(settings: OrganisationSettings, reveal: Reveal, clock: Clock, chance: Chance) -> _Apple:
    connection = settings.connection()
    witness = DeviceApi(clock, chance, connection)
    if settings.apple_api is None:
        return _Apple(witness, None)
    account = ApiAccount(
        client_id=settings.apple_api.client_id,
        key_id=settings.apple_api.key_id,
        private_key=reveal(settings.apple_api.private_key),
        api=settings.apple_api.url or APPLE_API[settings.portal],
        token_url=settings.apple_api.token_url,
    )
    login = BusinessLogin(account, clock, chance, connection)
    return _Apple(witness, BusinessApi(account, login, connection))


def _served(settings: ServiceSettings, roster: Roster, reveal: Reveal, apple: _Apple) -> ServiceWorld:
    service = roster.services[settings.id]
    return ServiceWorld(
        service=service,
        organisation=roster.organisation_of(service),
        targets=tuple(TARGETS[one.kind].build(one, service.id, reveal) for one in settings.targets),
        issuer=_issuer(settings, reveal),
        witness=apple.witness,
        registrar=apple.registrar,
    )


def _issuer(settings: ServiceSettings, reveal: Reveal) -> Issuer | None:
    if settings.issuer is None:
        return None
    return ISSUERS[settings.issuer.kind].build(settings.issuer, reveal)
