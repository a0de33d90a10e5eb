"""Everything the simulator knows, as frozen values: one ``World``, which is what stands in the state file.

Changing the world means making a new one. Mappings are never altered in place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """What has become of an Apple account."""

    ACTIVE = "active"
    LOCKED = "locked"  # cannot sign in for the moment; what was done before stays valid
    DEACTIVATED = "deactivated"
    DELETED = "deleted"


class Product(StrEnum):
    """Which of Apple's two products, each with an API of its own."""

    BUSINESS = "business"
    SCHOOL = "school"


class TermsGate(StrEnum):
    """Where unsigned terms are refused."""

    SESSION = "session"  # at /session, and so everywhere
    CALLS = "calls"  # a session is given, the calls after it are refused


class Encoding(StrEnum):
    """A way in which an envelope may differ from Apple's known form; none given means exactly that form."""

    CRLF = "crlf"
    NO_MARKERS = "no_markers"
    DER = "der"
    AES192 = "aes192"
    AES256 = "aes256"
    TRIPLE_DES = "3des"
    GCM = "gcm"
    OAEP = "oaep"
    KEY_ID_RECIPIENT = "key_id_recipient"
    SECOND_RECIPIENT = "second_recipient"
    CHUNKS = "chunks"
    BOM = "bom"
    TRUNCATE = "truncate"
    WRONG_KEY = "wrong_key_same_recipient"


@dataclass(frozen=True, slots=True)
class Terms:
    """Apple's terms and conditions, as an administrator left them."""

    accepted: bool = True
    effective_at: datetime | None = None  # acceptance counts from here on; None: at once
    gate: TermsGate = TermsGate.SESSION

    def are_signed(self, now: datetime) -> bool:
        """Return whether Apple lets calls through as far as the terms go."""
        return self.accepted and (self.effective_at is None or now >= self.effective_at)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One Apple Business or School Manager account."""

    name: str
    id: str
    id_hash: str
    email: str = "it@corp.example"
    phone: str = "+1 555 0100"
    address: str = "1 Example Way"
    type: str = "org"
    version: str = "v2"
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True)
class User:
    """A person with an Apple account in the organisation."""

    account: str
    role: str
    status: Status = Status.ACTIVE
    password_changes: tuple[datetime, ...] = ()
    role_lost_at: datetime | None = None
    deactivated_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """The public key certificate that a person saved for a service."""

    der: str  # base64 of DER
    sha256: str
    uploaded_by: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Service:
    """An external device management service as the portal knows it."""

    uuid: str  # 32 upper-case hexadecimal digits
    name: str
    release_devices: bool = False
    certificate: Certificate | None = None
    last_connected_at: datetime | None = None
    last_connected_ip: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    families: tuple[str, ...] = ()  # default product families: new devices of these kinds go here
    devices: tuple[str, ...] = ()  # serial numbers


@dataclass(frozen=True, slots=True)
class Token:
    """One downloaded server token. Its secrets never leave by the control plane."""

    service: str  # the service's uuid
    consumer_key: str
    consumer_secret: str
    access_token: str
    access_secret: str
    issued_at: datetime
    expires_at: datetime
    downloader: str
    superseded_at: datetime | None = None
    superseded_by: str | None = None  # the account that downloaded the next one


@dataclass(frozen=True, slots=True)
class Session:
    """A login made with a token, kept under its ``X-ADM-Auth-Session`` value."""

    access_token: str
    expires_at: datetime
    answers: int = 0
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A program that may ask the Business or School Manager API, within its role."""

    id: str  # BUSINESSAPI.<uuid> or SCHOOLAPI.<uuid>
    key_id: str
    public_key: str  # PEM; the private key was shown once and is kept by nobody here
    product: Product
    role: str


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What an API client was given for an hour, kept under the SHA-256 of its value."""

    client: str  # the client's id
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One entry of the organisation's audit log."""

    id: str
    at: datetime
    type: str
    subject_type: str
    subject_id: str
    subject_name: str
    property: str  # the name of the attribute that carries the event's own data
    data: str = "{}"  # JSON


@dataclass(frozen=True, slots=True)
class Keypair:
    """A key that the small device management service made for itself."""

    certificate: str  # PEM
    private_key: str  # PEM


@dataclass(frozen=True, slots=True)
class Secrets:
    """The five values in an envelope, as the small device management service stores them."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_secret: str
    access_token_expiry: str


@dataclass(frozen=True, slots=True)
class DepName:
    """What the small device management service holds under one name."""

    staging: Keypair | None = None
    current: Keypair | None = None
    secrets: Secrets | None = None
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class NanoDep:
    """The small device management service."""

    api_key: str
    down: bool = False
    names: Mapping[str, DepName] = field(default_factory=dict)

    def name(self, name: str) -> DepName:
        """Return what is held under *name*; nothing, for a name never seen."""
        return self.names.get(name, DepName())


@dataclass(frozen=True, slots=True)
class Switches:
    """Behaviour of Apple's that is not documented or changes, so that tests can meet either kind.

    An effect is ``none``, ``at-once`` or ``delay:SECONDS``: when tokens that this person downloaded stop
    working. Deleting an account always has an effect, at once.
    """

    verbose_oauth: bool = False  # unconfirmed: the words of the common OAuth problem set instead of one for all
    session_seconds: float = 180.0  # unconfirmed: Apple does not say how long a session lives
    rotate_session_every: int = 10  # every how many answers a session gets a new value; 0: never
    unknown_session: int = 401  # or 403 with "FORBIDDEN" in quotes
    superseded_status: int = 403  # or 401: /session with a superseded token
    superseded_session: str = "401"  # or 403, or alive:SECONDS: the session of a superseded token
    password_effect: str = "none"  # noqa: S105 - no password; unconfirmed
    role_effect: str = "none"  # unconfirmed
    deactivation_effect: str = "at-once"  # unconfirmed
    access_denied: bool = False
    envelope: frozenset[Encoding] = frozenset()
    audience: str = "https://account.apple.com/auth/oauth2/v2/token"  # what a client assertion must be made for
    api_page: int = 5  # the most that one page of an API list holds, whatever is asked for
    api_milliseconds: bool = False  # Apple writes instants either way
    certificate_moves_updated: bool = True  # unconfirmed: a new certificate counts as a change of the service


@dataclass(frozen=True, slots=True)
class Ports:
    """The listeners' ports, chosen once and kept. 0: this state file was written without that listener."""

    apple: int
    portal: int
    nanodep: int
    business: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """Everything that outlives a restart."""

    organisation: Organisation
    users: Mapping[str, User]
    nanodep: NanoDep
    ports: Ports
    services: Mapping[str, Service] = field(default_factory=dict)
    tokens: tuple[Token, ...] = ()
    sessions: Mapping[str, Session] = field(default_factory=dict)
    nonces: Mapping[str, datetime] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    clock_offset: timedelta = timedelta()
    api_clients: Mapping[str, ApiClient] = field(default_factory=dict)
    api_tokens: Mapping[str, ApiToken] = field(default_factory=dict)
    audit_events: tuple[AuditEvent, ...] = ()

    def with_user(self, user: User) -> Self:
        """Return the world with *user* added or replaced."""
        return replace(self, users={**self.users, user.account: user})

    def with_service(self, service: Service) -> Self:
        """Return the world with *service* added or replaced."""
        return replace(self, services={**self.services, service.uuid: service})

    def without_service(self, uuid: str) -> Self:
        """Return the world where this service never was; its tokens are unknown from here on."""
        services = {key: service for key, service in self.services.items() if key != uuid}
        return replace(self, services=services, tokens=tuple(token for token in self.tokens if token.service != uuid))

    def with_api_client(self, client: ApiClient) -> Self:
        """Return the world with *client* added or replaced."""
        return replace(self, api_clients={**self.api_clients, client.id: client})

    def with_sessions(self, **sessions: Session) -> Self:
        """Return the world with *sessions* added or replaced, by value."""
        return replace(self, sessions={**self.sessions, **sessions})

    def with_name(self, name: str, held: DepName) -> Self:
        """Return the world where the small device management service holds *held* under *name*."""
        names = {**self.nanodep.names, name: held}
        return replace(self, nanodep=replace(self.nanodep, names=names))

    def find_token(self, access_token: str) -> Token | None:
        """Return the token with this public value, dead or alive."""
        return next((token for token in self.tokens if token.access_token == access_token), None)

    def live_token(self, service: str) -> Token | None:
        """Return the newest token of the service with this uuid."""
        mine = (token for token in self.tokens if token.service == service and token.superseded_at is None)
        return next(mine, None)
