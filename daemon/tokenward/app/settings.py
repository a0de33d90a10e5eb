"""The configuration as frozen values: one class for each table, with defaults and what each key means."""

from collections.abc import Sized
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from tokenward.app.registry import parse_issuer, parse_source, parse_target
from tokenward.issuers import IssuerSection
from tokenward.model.organisation import APPLE_DEVICE_API, APPLE_TOKEN_URL, Portal
from tokenward.model.person import Authentication, Role
from tokenward.model.service import Keyholder, OnDeparture, OnPasswordChange
from tokenward.schema.absolute_path import AbsolutePath
from tokenward.schema.account import Account
from tokenward.schema.address import Address
from tokenward.schema.date_or_instant import DateOrInstant
from tokenward.schema.duration import Duration
from tokenward.schema.fault import Fault
from tokenward.schema.freeze import FreezeSpan
from tokenward.schema.one_or_many import OneOrMany
from tokenward.schema.quiet_span import QuietSpan
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.section import Section
from tokenward.schema.slug import Slug
from tokenward.schema.web_url import WebUrl
from tokenward.schema.zone import Zone
from tokenward.targets import TargetSection
from tokenward.wire.client import Connection
from tokenward.wire.settings import Proxy

ALWAYS_THERE: Final = ("drop", "clock", "control")
"""Sources that need no table: the drop folder, the daemon's own clock, the control socket."""

C = TypeVar("C", bound=Sized)


def _not_empty(entries: C) -> C:
    if not entries:
        raise Fault("there is nothing in it", "at least one entry")
    return entries


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
AnyTarget = Annotated[TargetSection, PlainValidator(parse_target)]
AnyIssuer = Annotated[IssuerSection, PlainValidator(parse_issuer)]
AnySource = Annotated[Section, PlainValidator(parse_source)]


class DaemonSettings(Section):
    """``[daemon]``: where it lives and what it keeps its secrets with."""

    state_dir: AbsolutePath
    drop_dir: AbsolutePath
    seal_key: SecretRef
    drop_owners: tuple[Text, ...] | None = None
    """Who may drop what only the product can open; the daemon's own user and root unless given."""
    rescan: Duration = timedelta(seconds=60)
    """How often the drop folder is looked through besides being watched."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("drop_dir")
    @classmethod
    def _keep_others_out(cls, drop_dir: Path, fields: ValidationInfo) -> Path:
        state_dir = fields.data.get("state_dir")
        if isinstance(state_dir, Path) and state_dir.is_relative_to(drop_dir):
            raise Fault("it has daemon.state_dir in it, and others may write here", "a folder beside that one")
        return drop_dir


class ListenSettings(Section):
    """``[listen]``: equal addresses share one listener."""

    metrics: Address = Address("127.0.0.1", 9847)
    operations: Address = Address("127.0.0.1", 9847)
    operations_url: WebUrl | None = None
    public: Address = Address("127.0.0.1", 9848)
    public_url: WebUrl | None = None

    @property
    def links_start_with(self) -> str:
        """Root of every link that is sent to people."""
        return self.public_url or f"http://{self.public}"


class ChannelSettings(Section):
    """``[[channel]]``: a way to reach people."""

    id: Slug
    url: SecretRef


class ContactSettings(Section):
    """One way to reach somebody: a channel, and the address within it."""

    channel: str
    to: str = ""


class ApiAccountSettings(Section):
    """``apple_api`` of an organisation: an API account, as Apple's portal gave it out."""

    client_id: Annotated[str, Field(pattern=r"^(BUSINESSAPI|SCHOOLAPI)\.[A-Za-z0-9-]{1,64}$")]
    key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    private_key: SecretRef
    url: WebUrl | None = None
    """Where Apple's API is reached; by the portal where it is not given."""
    token_url: WebUrl = APPLE_TOKEN_URL
    """Where the API account logs in; Apple answers at ``/auth/oauth2/v2/token`` too."""


class OrganisationSettings(Section):
    """``[[organisation]]``: one account at Apple."""

    id: Slug
    name: Text
    portal: Portal
    terms: tuple[str, ...] = ()
    device_api: WebUrl = APPLE_DEVICE_API
    ca_file: AbsolutePath | None = None
    """PEM file of authorities to trust for Apple's APIs instead of the system's."""
    proxy: Proxy | None = None
    """HTTP proxy on the way to Apple's APIs; the environment's is never used."""
    steps: tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)], ...] = ()
    """Steps through the portal that people are shown instead of ours; `{name}`, `{file}` and `{box}` are filled in."""
    portal_url: WebUrl | None = None
    """Where people sign in to the portal; Apple's own address where it is not given."""
    apple_api: ApiAccountSettings | None = None
    """Without it people do in the portal what the API could."""

    def connection(self) -> Connection:
        """Return how Apple's APIs are reached."""
        return Connection(ca_file=self.ca_file, proxy=self.proxy)


class QuietSettings(Section):
    """When somebody is left in peace; what is None is not set here."""

    quiet_hours: QuietSpan | None = None
    quiet_weekends: StrictBool | None = None
    holidays: tuple[date, ...] | None = None
    timezone: Zone | None = None


class PersonSettings(QuietSettings):
    """``[[person]]``: somebody who downloads tokens, or accepts Apple's terms."""

    id: Slug
    accounts: Annotated[dict[str, Account], AfterValidator(_not_empty)]
    role: Role
    authentication: Authentication = Authentication.UNKNOWN
    password_source: str | None = None
    also_known_as: dict[str, OneOrMany] = Field(default_factory=dict)
    contact: tuple[ContactSettings, ...] = ()
    name: Text | None = None


class NotifySettings(QuietSettings):
    """``[notify]``: who is told what is nobody's personal task, and when everybody is left in peace."""

    operators: tuple[ContactSettings, ...] = ()
    on_call: tuple[ContactSettings, ...] = ()


class PolicySettings(Section):
    """``[policy]``, and the same keys in a service, where they go before. What is None is not set here."""

    on_password_change: OnPasswordChange | None = None
    on_departure: OnDeparture | None = None
    departures: Literal["discreet", "open"] | None = None
    renew_before: Duration | None = None
    recover_for: Duration | None = None
    departure_lead: Duration | None = None
    password_due: Duration | None = None
    freeze: tuple[FreezeSpan, ...] | None = None


class ServiceSettings(PolicySettings):
    """``[[service]]``: one external device management service."""

    id: Slug
    organisation: str
    name: Text
    targets: Annotated[tuple[AnyTarget, ...], AfterValidator(_not_empty)] = Field(alias="target")
    keyholder: Keyholder = Keyholder.TARGET
    custodian: str | None = None
    deputies: tuple[str, ...] = ()
    issuer: AnyIssuer | None = None
    certificate_validity: Duration = timedelta(days=5 * 365)
    """How long certificates that Tokenward makes itself are valid."""
    release_devices: StrictBool = False
    service_state: Literal["new"] | None = None
    proof: Annotated[StrictInt, Field(ge=0, le=5)] | None = None
    expires_at: DateOrInstant | None = None


class Tables(Section):
    """Every table that may be left out."""

    listen: ListenSettings = ListenSettings()
    channels: tuple[ChannelSettings, ...] = Field(default=(), alias="channel")
    organisations: tuple[OrganisationSettings, ...] = Field(default=(), alias="organisation")
    people: tuple[PersonSettings, ...] = Field(default=(), alias="person")
    notify: NotifySettings = NotifySettings()
    services: tuple[ServiceSettings, ...] = Field(default=(), alias="service")
    sources: tuple[AnySource, ...] = Field(default=(), alias="source")
    policy: PolicySettings = PolicySettings()


class Settings(Tables):
    """The whole configuration of one daemon."""

    daemon: DaemonSettings
