"""Azure Key Vault: a secret of its own, to which each token adds a version.

Sources: azure-keyvault-secrets 4.12 (``get_secret``, ``set_secret``, and the challenge by which a vault says whom it
believes), azure-identity 1.27 (service principals and managed identities).
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, ClassVar, Final, Literal, Protocol, Self

from pydantic import AfterValidator, Field, model_validator

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable, TokenwardError
from tokenward.model.secret import Secret
from tokenward.model.target import Abilities, KeyPolicy
from tokenward.rotation.ports import Target
from tokenward.schema.fault import Fault
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.web_url import WebUrl
from tokenward.targets import ClientSection, target_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import Lost
from tokenward.wire.findings import let_in, refusal_by_status
from tokenward.wire.passage import Answered, Passage, hush
from tokenward.wire.reading import Shown, read_as
from tokenward.wire.secret_store import Kept, KeptToken, as_document, kept_document
from tokenward.wire.settings import ConnectionSection

TITLE: Final = "Azure Key Vault"
_SIGN_IN: Final = "Microsoft Entra ID"
ABILITIES: Final = Abilities(
    kind="azure-key-vault",
    title=TITLE,
    summary="A secret of Azure Key Vault: a JSON object with the file, and its values where they are known.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=True,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(),
    reads_secrets=True,
    least_privilege="To get and to set the one secret.",
    tested_against="a fake built from the documented API, through azure-keyvault-secrets 4.12; never run against Azure",
    by_hand=(
        'Make a file token.json: {"envelope": "…"} with the token file in base64, in one line.',
        "Run: az keyvault secret set --vault-name VAULT --name SECRET --file token.json",
    ),
)


def _encrypted(url: str) -> str:
    if not url.startswith("https:"):
        raise Fault("Azure's library sends nothing without TLS", 'an address that begins with "https://"')
    return url


_TlsUrl = Annotated[WebUrl, AfterValidator(_encrypted)]
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,253}$")]


class Settings(ClientSection, ConnectionSection):
    """One secret of one vault."""

    extra: ClassVar[str] = "azure"
    client: ClassVar[tuple[str, ...]] = ("azure.keyvault.secrets", "azure.identity", "requests")

    kind: Literal["azure-key-vault"]
    url: _TlsUrl
    """Address of the vault, such as `https://mdm.vault.azure.net`."""
    secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,127}$")] | None = None
    """Name of the secret; `tokenward-SERVICE` unless given."""
    tenant_id: _Id | None = None
    """Tenant of the service principal; without one, the managed identity of the machine is used."""
    client_id: _Id | None = None
    """Client of the service principal, or of the managed identity where the machine has several."""
    client_secret: SecretRef | None = None
    """Secret of the service principal."""
    authority: _TlsUrl = "https://login.microsoftonline.com"
    """Where the service principal signs in."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        principal = (self.tenant_id, self.client_secret)
        if any(principal) and not all((*principal, self.client_id)):
            raise Fault(
                "tenant_id, client_id and client_secret belong together",
                "all three for a service principal, none of them or only client_id for a managed identity",
            )
        return self

    def name_of(self, service: str) -> str:
        """Return the name of the secret of *service*."""
        return self.secret or f"tokenward-{service}"


class _Value(Shown):
    id: str
    """Ends with the version."""
    value: str


class _Secrets(Protocol):
    """What is used of the library's ``SecretClient``. Nothing is returned: see ``Answered``."""

    def get_secret(self, name: str) -> object: ...
    def set_secret(self, name: str, value: str, *, content_type: str) -> object: ...


class _OneSecret:
    """One secret of one vault."""

    def __init__(self, settings: Settings, client_secret: Secret | None, service: str) -> None:
        self._settings = settings
        self._client_secret = client_secret
        self._name = settings.name_of(service)
        self.words = f"the secret {self._name} of Azure Key Vault at {settings.url}"
        self.cannot_tell = (f"Whether {self.words} may be set.",)

    async def look(self) -> Kept:
        answer = await self._asked(Lost.HARMLESS)
        let_in(TITLE, answer, self._let_us_in)
        if answer.status == HTTPStatus.NOT_FOUND:
            return Kept()
        shown = read_as(_Value, answer, TITLE, "did not show the secret")
        return kept_document(shown.value, shown.id)

    async def put(self, fields: Mapping[str, str], seen: Kept) -> Finding | None:
        del seen  # versions are added, and the newest is what counts: nothing is overwritten
        answer = await self._asked(Lost.DOUBTFUL, as_document(fields))
        if answer.is_ok:
            return None
        if answer.status == HTTPStatus.CONFLICT:
            return self._in_conflict()
        return refusal_by_status(TITLE, answer, self._let_us_in)

    async def _asked(self, lost: Lost, new: str | None = None) -> Answer:
        connection = self._settings.connection()
        vault = Passage(TITLE, connection, self._settings.url, lost=lost)
        sign_in = Passage(_SIGN_IN, connection, self._settings.authority, lost=Lost.HARMLESS)
        await asyncio.to_thread(self._ask, vault, sign_in, new)
        return vault.answer

    def _ask(self, vault: Passage, sign_in: Passage, new: str | None) -> None:
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        hush("azure", "msal")
        try:
            with suppress(Answered):
                secrets = self._secrets(vault, sign_in)
                if new is None:
                    secrets.get_secret(self._name)
                else:
                    secrets.set_secret(self._name, new, content_type="application/json")
        except (AzureError, ValueError) as error:
            ours = _ours_in(error)
            if ours is not None:
                raise ours from error
            if isinstance(error, ClientAuthenticationError | ValueError):
                raise NeedsOperator(_NO_CREDENTIALS) from error
            raise Retryable(_NO_TOKEN) from error

    def _secrets(self, vault: Passage, sign_in: Passage) -> _Secrets:
        from azure.core.credentials import TokenCredential
        from azure.core.pipeline.transport import RequestsTransport
        from azure.identity import ClientSecretCredential, ManagedIdentityCredential
        from azure.keyvault.secrets import SecretClient
        from requests import Session

        from tokenward.wire.requests_session import lead_last, session_through

        its = self._settings
        credential: TokenCredential
        if its.tenant_id and its.client_id and self._client_secret:
            credential = ClientSecretCredential(
                its.tenant_id,
                its.client_id,
                self._client_secret.reveal_text(),
                authority=its.authority,
                disable_instance_discovery=True,
                transport=RequestsTransport(session=session_through(sign_in), session_owner=False),
                retry_total=0,
            )
        else:
            credential = ManagedIdentityCredential(client_id=its.client_id, retry_total=0)
        session = Session()
        lead_last(session, vault)
        return SecretClient(
            its.url,
            credential,
            transport=RequestsTransport(session=session, session_owner=False),
            retry_total=0,
        )

    @property
    def _let_us_in(self) -> str:
        return (
            f"Let the identity get and set {self.words}, see that its newest version is enabled, that the vault lets "
            "this machine's network in, and that tenant_id, client_id and client_secret are those of the identity."
        )

    def _in_conflict(self) -> Finding:
        return Finding(
            Code.TARGET_REFUSED,
            f"Azure Key Vault does not let {self.words} be set: it answered 409.",
            "Nothing was written.",
            f"If a secret {self._name} was deleted and is still kept, recover or purge it; else name another one.",
        )


def _ours_in(error: BaseException | None) -> TokenwardError | None:
    """Return our own error, which the library has wrapped into one of its own."""
    while error is not None and not isinstance(error, TokenwardError):
        error = error.__cause__ or error.__context__
    return error


_NO_TOKEN: Final = Finding(
    Code.TARGET_UNREACHABLE,
    "Azure's library got no token for this machine's identity.",
    "Nothing was sent to Azure Key Vault.",
    "See that this machine reaches whatever gives it its identity; it is tried again by itself.",
)
_NO_CREDENTIALS: Final = Finding(
    Code.TARGET_REFUSED,
    "Azure's library could not sign in, or not for this vault.",
    "Nothing was sent to Azure Key Vault.",
    "Check tenant_id, client_id, client_secret, authority and url, or give this machine a managed identity.",
)


def build(settings: Settings, *, service: str, client_secret: Secret | None) -> Target:
    """Return the target that keeps the token of *service* in Azure Key Vault."""
    return target_of(settings, ABILITIES, KeptToken(_OneSecret(settings, client_secret, service)))
