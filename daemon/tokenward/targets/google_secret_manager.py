"""Google Secret Manager: a secret of its own, to which each token adds a version; no version ever changes.

Source: google-cloud-secret-manager 2.32, ``secretmanager_v1`` (paths and payloads of ``AccessSecretVersion``,
``AddSecretVersion`` and ``GetSecret``); google-auth 2.63, ``oauth2/service_account.py`` (a key signs for itself).
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import Abilities, KeyPolicy
from tokenward.rotation.ports import Target
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.web_url import WebUrl
from tokenward.targets import ClientSection, target_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import Lost
from tokenward.wire.findings import kept_out, refusal_by_status, unexpected
from tokenward.wire.passage import Answered, Passage, hush
from tokenward.wire.reading import Shown, read_as
from tokenward.wire.secret_store import Kept, KeptToken, as_document, kept_document
from tokenward.wire.settings import ConnectionSection

TITLE: Final = "Google Secret Manager"
ABILITIES: Final = Abilities(
    kind="google-secret-manager",
    title=TITLE,
    summary="A secret of Google Secret Manager: a JSON object with the file, and its values where they are known.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=True,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(),
    reads_secrets=True,
    least_privilege="To get the one secret, which must exist, to access its versions, and to add one.",
    tested_against=(
        "a fake built from the documented API, through google-cloud-secret-manager 2.32; never run against Google"
    ),
    by_hand=(
        'Make a file token.json: {"envelope": "…"} with the token file in base64, in one line.',
        "Run: gcloud secrets versions add SECRET --project=PROJECT --data-file=token.json",
    ),
)
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_KEY: Final = TypeAdapter(dict[str, JsonValue])


class Settings(ClientSection, ConnectionSection):
    """One secret, which must exist: it is made with its replication and policy by whoever looks after the project."""

    extra: ClassVar[str] = "google"
    client: ClassVar[tuple[str, ...]] = ("google.cloud.secretmanager_v1", "requests")

    kind: Literal["google-secret-manager"]
    project: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9:.-]{0,62}$")]
    """Id or number of the project."""
    secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")] | None = None
    """Name of the secret; `tokenward-SERVICE` unless given."""
    service_account: SecretRef | None = None
    """Key of a service account, as JSON; without one, the identity of the machine or whatever else Google's own tools
    would use."""
    endpoint: WebUrl = "https://secretmanager.googleapis.com"
    """Address of the service."""

    def path_of(self, service: str) -> str:
        """Return the secret of *service* as the API names it."""
        return f"projects/{self.project}/secrets/{self.secret or f'tokenward-{service}'}"


class _Payload(Shown):
    data: str


class _Version(Shown):
    name: str
    payload: _Payload


class _OneSecret:
    """One secret of one project."""

    def __init__(self, settings: Settings, service_account: Secret | None, service: str) -> None:
        self._settings = settings
        self._key = service_account
        self._path = settings.path_of(service)
        self.words = f"{self._path} of Google Secret Manager"
        self.cannot_tell = (f"Whether a version may be added to {self.words}.",)

    async def look(self) -> Kept:
        answer = await self._asked(Lost.HARMLESS)
        if answer.status == HTTPStatus.NOT_FOUND:
            # Said of a secret that does not exist, and of one that has no version yet.
            described = await self._asked(Lost.HARMLESS, describes=True)
            if described.status == HTTPStatus.NOT_FOUND:
                raise NeedsOperator(self._absent())
            self._see_to(described)
            read_as(Shown, described, TITLE, "did not show the secret")
            return Kept()
        self._see_to(answer)
        shown = read_as(_Version, answer, TITLE, "did not show the secret")
        try:
            return kept_document(base64.b64decode(shown.payload.data), shown.name)
        except binascii.Error as error:
            raise Retryable(unexpected(TITLE, answer, "did not show the secret")) from error

    async def put(self, fields: Mapping[str, str], seen: Kept) -> Finding | None:
        del seen  # versions are added, and the newest is what counts: nothing is overwritten
        answer = await self._asked(Lost.DOUBTFUL, as_document(fields).encode())
        if answer.is_ok:
            return None
        if answer.status == HTTPStatus.NOT_FOUND:
            return self._absent()
        return refusal_by_status(TITLE, answer, self._let_us_in)

    def _see_to(self, answer: Answer) -> None:
        """Look whether we are let in; a version that is disabled is refused in the same way."""
        is_ours_to_mend = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        if is_ours_to_mend and answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            raise NeedsOperator(kept_out(TITLE, answer, self._let_us_in))

    async def _asked(self, lost: Lost, new: bytes | None = None, *, describes: bool = False) -> Answer:
        passage = Passage(TITLE, self._settings.connection(), self._settings.endpoint, lost=lost)
        await asyncio.to_thread(self._ask, passage, new, describes=describes)
        return passage.answer

    def _ask(self, passage: Passage, new: bytes | None, *, describes: bool) -> None:
        import google.auth
        from google.auth.credentials import Credentials
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.cloud import secretmanager_v1
        from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
            SecretManagerServiceRestTransport,
        )
        from google.oauth2 import service_account

        from tokenward.wire.requests_session import lead_last

        class Transport(SecretManagerServiceRestTransport):
            """The library's own, whose session goes our way."""

            def __init__(self, host: str, credentials: Credentials) -> None:
                super().__init__(host=host, credentials=credentials)
                lead_last(self._session, passage)

        hush("google")
        try:
            credentials = (
                service_account.Credentials.from_service_account_info(
                    _KEY.validate_json(self._key.reveal()), scopes=[_SCOPE], always_use_jwt_access=True
                )
                if self._key
                else google.auth.default(scopes=[_SCOPE])[0]
            )
            client = secretmanager_v1.SecretManagerServiceClient(
                transport=Transport(self._settings.endpoint, credentials)
            )
            with suppress(Answered):
                if new is not None:
                    client.add_secret_version(
                        request={"parent": self._path, "payload": {"data": new}}, retry=None, timeout=None
                    )
                elif describes:
                    client.get_secret(request={"name": self._path}, retry=None, timeout=None)
                else:
                    newest = {"name": f"{self._path}/versions/latest"}
                    client.access_secret_version(request=newest, retry=None, timeout=None)
        except TransportError as error:
            raise Retryable(_NO_TOKEN) from error
        except (GoogleAuthError, ValidationError, ValueError) as error:
            raise NeedsOperator(_NO_CREDENTIALS) from error

    @property
    def _let_us_in(self) -> str:
        return (
            f"Let the identity get {self.words}, access its versions and add one; see that its newest version is "
            "enabled, and that service_account is the key of that identity."
        )

    def _absent(self) -> Finding:
        name = self._path.rpartition("/")[2]
        return Finding(
            Code.TARGET_REFUSED,
            f"There is no such thing as {self.words}.",
            "Nothing was written; Tokenward makes no secret, since it does not know its replication and its policy.",
            f"Run: gcloud secrets create {name} --project={self._settings.project}",
        )


_NO_TOKEN: Final = Finding(
    Code.TARGET_UNREACHABLE,
    "Google's library got no token for this machine's identity.",
    "Nothing was sent to Google Secret Manager.",
    "See that this machine reaches whatever gives it its identity; it is tried again by itself.",
)
_NO_CREDENTIALS: Final = Finding(
    Code.TARGET_REFUSED,
    "Google's library found no usable credentials.",
    "Nothing was sent to Google Secret Manager.",
    "Give this machine an identity, or set the target's service_account to the key of one, as JSON.",
)


def build(settings: Settings, *, service: str, service_account: Secret | None) -> Target:
    """Return the target that keeps the token of *service* in Google Secret Manager."""
    return target_of(settings, ABILITIES, KeptToken(_OneSecret(settings, service_account, service)))
