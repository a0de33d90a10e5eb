"""Kubernetes: a Secret of its own, replaced only as it was seen; its entries are files wherever it is mounted.

Sources: the API of core/v1 Secret as kubernetes-asyncio 36.1 has it (``data`` in base64, ``metadata.resourceVersion``),
and its ``config/incluster_config.py`` (how a pod reaches its cluster).
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, Protocol, Self

from pydantic import Field, JsonValue, TypeAdapter, ValidationError, model_validator

from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.model.secret import Secret
from tokenward.model.target import Abilities, KeyPolicy
from tokenward.rotation.ports import Target
from tokenward.schema.fault import Fault
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.web_url import WebUrl
from tokenward.targets import ClientSection, target_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import Connection
from tokenward.wire.findings import let_in, refusal_by_status
from tokenward.wire.passage import Passage, hush
from tokenward.wire.reading import Shown, read_as
from tokenward.wire.secret_store import ENVELOPE, Kept, KeptToken, changed_meanwhile, kept
from tokenward.wire.settings import ConnectionSection

TITLE: Final = "Kubernetes"
FILE: Final = "token.p7m"
"""The entry with the file as it came."""
VALUES_FILE: Final = "token.json"
"""The entry with the values, as JSON."""
ABILITIES: Final = Abilities(
    kind="kubernetes",
    title=TITLE,
    summary="A Secret of a Kubernetes cluster: the file, and its values as JSON where they are known.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=True,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(),
    reads_secrets=True,
    least_privilege="A service account that may get and update the one Secret, and create secrets unless it exists.",
    tested_against="a fake built from the documented API, through kubernetes-asyncio 36.1; never run against a cluster",
    by_hand=(
        "Run: kubectl create secret generic NAME --from-file=token.p7m=FILE --dry-run=client -o yaml > secret.yaml",
        "Run: kubectl --namespace NAMESPACE apply --filename secret.yaml",
    ),
)
POD: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds the token of its service account, and its cluster's authority."""
_LABEL: Final = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
_NAME: Final = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"
_VALUES: Final = TypeAdapter(dict[str, str])
_OBJECT: Final = TypeAdapter(dict[str, JsonValue])


class Settings(ClientSection, ConnectionSection):
    """One Secret. Inside a pod nothing says how the cluster is reached: the service account is enough."""

    extra: ClassVar[str] = "kubernetes"
    client: ClassVar[tuple[str, ...]] = ("kubernetes_asyncio",)

    kind: Literal["kubernetes"]
    url: WebUrl | None = None
    """Address of the cluster's API, from outside of it."""
    token: SecretRef | None = None
    """Token of a service account, from outside of the cluster."""
    namespace: Annotated[str, Field(pattern=_LABEL, max_length=63)]
    """Namespace of the Secret."""
    name: Annotated[str, Field(pattern=_NAME, max_length=253)] | None = None
    """Name of the Secret, which is made where there is none; `tokenward-SERVICE` unless given."""

    @model_validator(mode="after")
    def _is_inside_or_outside(self) -> Self:
        if (self.url is None) != (self.token is None):
            raise Fault("url and token belong together", "both from outside of the cluster, none inside a pod of it")
        return self

    def name_of(self, service: str) -> str:
        """Return the name of the Secret of *service*."""
        return self.name or f"tokenward-{service}"


class _Metadata(Shown):
    resource_version: str = Field(alias="resourceVersion")


class _Secret(Shown):
    metadata: _Metadata
    data: dict[str, str] | None = None


class _CoreV1(Protocol):
    """What is used of kubernetes-asyncio's ``CoreV1Api``; its answers are ours, see ``_Rest``."""

    async def read_namespaced_secret(self, name: str, namespace: str, *, _preload_content: bool) -> Answer: ...
    async def create_namespaced_secret(
        self, namespace: str, body: dict[str, JsonValue], *, _preload_content: bool
    ) -> Answer: ...
    async def replace_namespaced_secret(
        self, name: str, namespace: str, body: dict[str, JsonValue], *, _preload_content: bool
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class _Cluster:
    """How the API is reached now: inside a pod its token changes by the hour, so it is read for each conversation."""

    url: str
    authorization: Secret
    connection: Connection


class _Rest:
    """Stands in place of the library's own client, which writes whole answers into the log when debugging."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    async def GET(self, url: str, **sent: object) -> Answer:  # noqa: N802 - the library's name
        return await self._ask("GET", url, sent)

    async def POST(self, url: str, **sent: object) -> Answer:  # noqa: N802 - the library's name
        return await self._ask("POST", url, sent)

    async def PUT(self, url: str, **sent: object) -> Answer:  # noqa: N802 - the library's name
        return await self._ask("PUT", url, sent)

    async def _ask(self, method: str, url: str, sent: Mapping[str, object]) -> Answer:
        headers, body = sent.get("headers"), sent.get("body")
        named = {str(name): str(value) for name, value in headers.items()} if isinstance(headers, Mapping) else {}
        return await self._passage.ask(
            method,
            url,
            {**named, "Content-Type": "application/json"},
            b"" if body is None else json.dumps(body).encode(),
        )


class _OneSecret:
    """One Secret of one cluster."""

    def __init__(self, settings: Settings, token: Secret | None, service: str) -> None:
        self._settings = settings
        self._token = token
        self._name = settings.name_of(service)
        self.words = f"the Secret {self._name} of Kubernetes' namespace {settings.namespace}"
        self.cannot_tell = (f"Whether the service account may write {self.words}.",)

    async def look(self) -> Kept:
        answer = await self._read()
        if answer.status == HTTPStatus.NOT_FOUND:
            return Kept()
        shown = read_as(_Secret, answer, TITLE, "did not show the Secret")
        version = shown.metadata.resource_version
        return kept(_fields(shown.data), version) if shown.data else Kept(version)

    async def put(self, fields: Mapping[str, str], seen: Kept) -> Finding | None:
        answer = await (self._replace(fields, seen) if seen.version else self._create(fields))
        if answer.is_ok:
            return None
        if answer.status == HTTPStatus.CONFLICT and (await self.look()).version != seen.version:
            raise changed_meanwhile(self.words)
        if answer.status == HTTPStatus.NOT_FOUND:
            return self._nowhere()
        return refusal_by_status(TITLE, answer, self._let_us_in)

    async def _read(self) -> Answer:
        api = await self._api()
        answer = await api.read_namespaced_secret(self._name, self._settings.namespace, _preload_content=False)
        return let_in(TITLE, answer, self._let_us_in)

    async def _create(self, fields: Mapping[str, str]) -> Answer:
        api = await self._api()
        secret: dict[str, JsonValue] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self._name, "namespace": self._settings.namespace},
            "type": "Opaque",
            "data": _entries(fields),
        }
        return await api.create_namespaced_secret(self._settings.namespace, secret, _preload_content=False)

    async def _replace(self, fields: Mapping[str, str], seen: Kept) -> Answer:
        """Replace the entries and nothing else: labels and owners of the Secret are somebody's."""
        answer = await self._read()
        shown = read_as(_Secret, answer, TITLE, "did not show the Secret")
        if shown.metadata.resource_version != seen.version:
            raise changed_meanwhile(self.words)
        secret = _OBJECT.validate_json(answer.body) | {"data": _entries(fields)}
        api = await self._api()
        return await api.replace_namespaced_secret(self._name, self._settings.namespace, secret, _preload_content=False)

    async def _api(self) -> _CoreV1:
        client = await asyncio.to_thread(import_module, "kubernetes_asyncio.client")
        hush("kubernetes_asyncio")
        cluster = await asyncio.to_thread(self._cluster)
        passage = Passage(TITLE, cluster.connection, cluster.url)
        configuration = client.Configuration(host=cluster.url)
        configuration.api_key["BearerToken"] = cluster.authorization.reveal_text()
        api = client.ApiClient(configuration)
        await api.close()
        api.rest_client = _Rest(passage)
        found: _CoreV1 = client.CoreV1Api(api)
        return found

    def _cluster(self) -> _Cluster:
        connection = self._settings.connection()
        if self._settings.url is not None and self._token is not None:
            return _Cluster(self._settings.url, Secret(b"Bearer " + self._token.reveal()), connection)
        from kubernetes_asyncio.client import Configuration
        from kubernetes_asyncio.config import ConfigException
        from kubernetes_asyncio.config.incluster_config import InClusterConfigLoader

        inside, authority = Configuration(), POD / "ca.crt"
        loader = InClusterConfigLoader(token_filename=str(POD / "token"), cert_filename=str(authority))
        try:
            loader.load_and_set(inside)
        except (ConfigException, OSError) as error:
            raise NeedsOperator(_NO_POD) from error
        return _Cluster(
            str(inside.host),
            Secret(inside.api_key["BearerToken"]),
            replace(connection, ca_file=connection.ca_file or authority),
        )

    @property
    def _let_us_in(self) -> str:
        return (
            f"Give the service account the verbs get and update on {self.words}, and create unless it exists. From "
            "outside of the cluster, let the target's token be that of such an account."
        )

    def _nowhere(self) -> Finding:
        return Finding(
            Code.TARGET_REFUSED,
            f"Kubernetes knows no namespace {self._settings.namespace}, or the Secret was removed at the same moment.",
            "Nothing was written.",
            f"Make the namespace {self._settings.namespace}, or set the target's namespace to one that exists.",
        )


def _entries(fields: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return *fields* as the two files that a Secret keeps, in base64."""
    values = {name: value for name, value in fields.items() if name != ENVELOPE}
    entries: dict[str, JsonValue] = {FILE: fields[ENVELOPE]}
    return entries | ({VALUES_FILE: base64.b64encode(json.dumps(values).encode()).decode()} if values else {})


def _fields(entries: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return what ``_entries`` was made from; an entry that it does not write stays what it is."""
    fields: dict[str, JsonValue] = {}
    for name, content in entries.items():
        values = _values(content) if name == VALUES_FILE else None
        fields |= values if values is not None else {ENVELOPE if name == FILE else name: content}
    return fields


def _values(content: str) -> dict[str, str] | None:
    try:
        return _VALUES.validate_json(base64.b64decode(content, validate=True))
    except (binascii.Error, ValidationError):
        return None


_NO_POD: Final = Finding(
    Code.TARGET_REFUSED,
    "Tokenward does not run in a pod with a service account, and the target names no cluster.",
    "Nothing was asked or written.",
    "Set the target's url and token, and ca_file for the cluster's own authority; in a pod mount the service account.",
)


def build(settings: Settings, *, service: str, token: Secret | None) -> Target:
    """Return the target that keeps the token of *service* in a Secret; without *token*, as the pod that it runs in."""
    return target_of(settings, ABILITIES, KeptToken(_OneSecret(settings, token, service)))
