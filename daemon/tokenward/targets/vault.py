"""HashiCorp Vault and OpenBao: a secret of the key/value engine, version 2, written only over what was seen there.

Sources: the KV version 2 API (paths ``data``, header ``X-Vault-Token``, ``data.metadata.version``, option ``cas``);
hvac 2.4, ``api/secrets_engines/kv_v2.py`` (a deleted version is answered with 404 and its metadata) and
``exceptions.py`` (which status means what).
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, ClassVar, Final, Literal, Protocol

from pydantic import Field, JsonValue

from tokenward.model.finding import Code, Finding
from tokenward.model.secret import Secret
from tokenward.model.target import Abilities, KeyPolicy
from tokenward.rotation.ports import Target
from tokenward.schema.secret_ref import SecretRef
from tokenward.targets import ClientSection, target_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import Lost
from tokenward.wire.findings import let_in, refusal_by_status
from tokenward.wire.passage import Passage
from tokenward.wire.reading import Shown, find_in, read_as
from tokenward.wire.secret_store import Kept, KeptToken, changed_meanwhile, kept
from tokenward.wire.settings import PeerSection

TITLE: Final = "Vault"
ABILITIES: Final = Abilities(
    kind="vault",
    title="Vault, OpenBao",
    summary="A secret of HashiCorp Vault or OpenBao (KV version 2): the file, and its values where they are known.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=True,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(),
    reads_secrets=True,
    least_privilege="A policy with create, read and update on MOUNT/data/PATH. The token is not renewed by Tokenward.",
    tested_against="a fake built from the documented API, through hvac 2.4; never run against a real Vault or OpenBao",
    by_hand=("Run: base64 -w0 FILE | vault kv put -mount=MOUNT PATH envelope=-",),
)
_PATH: Final = r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$"
_Path = Annotated[str, Field(pattern=_PATH, max_length=512)]


class Settings(ClientSection, PeerSection):
    """One secret of one Vault or OpenBao."""

    extra: ClassVar[str] = "vault"
    client: ClassVar[tuple[str, ...]] = ("hvac", "requests")

    kind: Literal["vault"]
    token: SecretRef
    """Token by which it is asked; something else must renew it, and put it where it is read from."""
    mount: _Path = "secret"
    """Where the key/value engine, version 2, is mounted."""
    path: _Path | None = None
    """Path of the secret in it; `tokenward/SERVICE` unless given."""
    namespace: str | None = Field(default=None, pattern=_PATH[:-1] + "/?$")
    """Namespace, where the server has them."""

    def path_of(self, service: str) -> str:
        """Return where the token of *service* is kept."""
        return self.path or f"tokenward/{service}"


class _Metadata(Shown):
    version: int


class _Version(Shown):
    data: dict[str, JsonValue] | None = None
    """None in a deleted version."""
    metadata: _Metadata


class _Secret(Shown):
    data: _Version


class _KeyValue(Protocol):
    """What is used of hvac's ``KvV2``; what it returns is not looked at, for the answer itself is."""

    def read_secret_version(self, path: str, *, mount_point: str, raise_on_deleted_version: bool) -> object: ...
    def create_or_update_secret(self, path: str, secret: dict[str, str], cas: int, mount_point: str) -> object: ...


class _SecretPath:
    """One path of one Vault."""

    def __init__(self, settings: Settings, token: Secret, service: str) -> None:
        self._settings = settings
        self._token = token
        self._path = settings.path_of(service)
        self.words = f"{settings.mount}/{self._path} of Vault at {settings.url}"
        self.cannot_tell = (
            f"Whether the token may write to {settings.mount}/data/{self._path}.",
            f"Whether {settings.mount} is an engine of version 2.",
        )

    async def look(self) -> Kept:
        answer = await self._asked(
            lambda secrets: secrets.read_secret_version(
                self._path, mount_point=self._settings.mount, raise_on_deleted_version=False
            ),
            Lost.HARMLESS,
        )
        let_in(TITLE, answer, self._let_us_in)
        if answer.status == HTTPStatus.NOT_FOUND:
            deleted = find_in(_Secret, answer)
            return Kept(str(deleted.data.metadata.version if deleted else 0))
        shown = read_as(_Secret, answer, TITLE, "did not show the secret").data
        version = str(shown.metadata.version)
        return Kept(version) if shown.data is None else kept(shown.data, version)

    async def put(self, fields: Mapping[str, str], seen: Kept) -> Finding | None:
        answer = await self._asked(
            lambda secrets: secrets.create_or_update_secret(
                self._path, dict(fields), int(seen.version), self._settings.mount
            ),
            Lost.DOUBTFUL,
        )
        if answer.is_ok:
            return None
        if answer.status == HTTPStatus.NOT_FOUND:
            return self._no_engine()
        # Every refused request has this status, the one with an outdated `cas` too: a second look tells them apart.
        if answer.status == HTTPStatus.BAD_REQUEST and (await self.look()).version != seen.version:
            raise changed_meanwhile(self.words)
        return refusal_by_status(TITLE, answer, self._let_us_in)

    async def _asked(self, question: Callable[[_KeyValue], object], lost: Lost) -> Answer:
        passage = Passage(TITLE, self._settings.connection(), self._settings.url, lost=lost)
        await asyncio.to_thread(lambda: question(self._secrets(passage)))
        return passage.answer

    def _secrets(self, passage: Passage) -> _KeyValue:
        import hvac.adapters

        from tokenward.wire.requests_session import session_through

        client = hvac.Client(
            self._settings.url,
            self._token.reveal_text(),
            verify=True,
            session=session_through(passage),
            adapter=hvac.adapters.RawAdapter,
            allow_redirects=False,
            namespace=self._settings.namespace,
            ignore_exceptions=True,
        )
        found: _KeyValue = client.secrets.kv.v2
        return found

    @property
    def _let_us_in(self) -> str:
        return (
            "Set the target's token to one that has not expired, whose policy has create, read and update on "
            f"{self._settings.mount}/data/{self._path}, and see that namespace is right."
        )

    def _no_engine(self) -> Finding:
        return Finding(
            Code.TARGET_REFUSED,
            f"Vault knows no place to write {self._settings.mount}/{self._path} to.",
            "Nothing was written.",
            "Set the target's mount to where a key/value engine of version 2 is mounted, and namespace as it is there.",
        )


def build(settings: Settings, *, service: str, token: Secret) -> Target:
    """Return the target that keeps the token of *service* in Vault."""
    return target_of(settings, ABILITIES, KeptToken(_SecretPath(settings, token, service)))
