"""AWS Secrets Manager: a secret of its own, of which each token becomes a version; the former one keeps a label.

Sources: the service's API as botocore 1.44 describes it (``PutSecretValue`` with ``ClientRequestToken``,
``GetSecretValue``, ``DescribeSecret``, their errors), and botocore ``retries/standard.py`` (codes of throttling).
"""

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, ClassVar, Final, Literal, Never, Protocol, Self

from pydantic import Field, model_validator

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import Abilities, KeyPolicy
from tokenward.rotation.ports import Target
from tokenward.schema.fault import Fault
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.web_url import WebUrl
from tokenward.targets import ClientSection, target_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import Lost
from tokenward.wire.findings import kept_out, refusal_by_status, unexpected
from tokenward.wire.passage import Answered, Passage, hush
from tokenward.wire.reading import Shown, find_in, read_as
from tokenward.wire.secret_store import Kept, KeptToken, as_document, kept_document
from tokenward.wire.settings import ConnectionSection

TITLE: Final = "AWS Secrets Manager"
ABILITIES: Final = Abilities(
    kind="aws-secrets-manager",
    title=TITLE,
    summary="A secret of AWS Secrets Manager: a JSON object with the file, and its values where they are known.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=True,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(),
    reads_secrets=True,
    least_privilege=(
        "GetSecretValue, PutSecretValue and DescribeSecret of secretsmanager on the one secret, which must exist, and "
        "the use of its KMS key where it has one of its own."
    ),
    tested_against="moto 5.2, through boto3 1.44; never run against AWS",
    by_hand=(
        'Make a file token.json: {"envelope": "…"} with the token file in base64, in one line.',
        "Run: aws secretsmanager put-secret-value --secret-id SECRET --secret-string file://token.json",
    ),
)
_ABSENT: Final = "ResourceNotFoundException"
_THROTTLED: Final = frozenset({"RequestLimitExceeded", "TooManyRequestsException", "SlowDown"})


class Settings(ClientSection, ConnectionSection):
    """One secret, which must exist: it is made with its key, tags and policy by whoever looks after the account."""

    extra: ClassVar[str] = "aws"
    client: ClassVar[tuple[str, ...]] = ("boto3",)

    kind: Literal["aws-secrets-manager"]
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")]
    """Region of the secret, such as `eu-central-1`."""
    secret_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@:-]{1,2048}$")] | None = None
    """Name or ARN of the secret; `tokenward/SERVICE` unless given."""
    access_key_id: Annotated[str, Field(pattern=r"^\w{1,128}$")] | None = None
    """Access key; without one, the role of the machine or whatever else AWS' own tools would use."""
    secret_access_key: SecretRef | None = None
    """The secret of `access_key_id`."""
    endpoint: WebUrl | None = None
    """Address of the service, where it is not the public one of the region."""

    @model_validator(mode="after")
    def _is_a_pair(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise Fault("access_key_id and secret_access_key belong together", "both, or none for a role")
        return self

    def secret_of(self, service: str) -> str:
        """Return the name of the secret of *service*."""
        return self.secret_id or f"tokenward/{service}"


class _Value(Shown):
    version: str = Field(alias="VersionId")
    text: str | None = Field(alias="SecretString", default=None)
    """None where it is binary."""


class _Error(Shown):
    kind: str = Field(alias="__type", default="")


class _Meta(Protocol):
    @property
    def endpoint_url(self) -> str: ...


class _Client(Protocol):
    """What is used of boto3's client. Nothing is returned: see ``Answered``."""

    @property
    def meta(self) -> _Meta: ...
    def get_secret_value(self, *, SecretId: str) -> Never: ...  # noqa: N803 - AWS' names
    def describe_secret(self, *, SecretId: str) -> Never: ...  # noqa: N803
    def put_secret_value(
        self,
        *,
        SecretId: str,  # noqa: N803
        ClientRequestToken: str,  # noqa: N803
        SecretString: str,  # noqa: N803
    ) -> Never: ...


class _OneSecret:
    """One secret of one account."""

    def __init__(self, settings: Settings, secret_access_key: Secret | None, service: str) -> None:
        self._settings = settings
        self._key = secret_access_key
        self._secret = settings.secret_of(service)
        self.words = f"the secret {self._secret} of AWS Secrets Manager in {settings.region}"
        self.cannot_tell = (f"Whether a version may be added to {self.words}.",)

    async def look(self) -> Kept:
        answer = await self._asked(Lost.HARMLESS)
        if _code(answer) == _ABSENT:
            # Said of a secret that does not exist, and of one that has no version yet.
            described = await self._asked(Lost.HARMLESS, describes=True)
            if _code(described) == _ABSENT:
                raise NeedsOperator(self._absent())
            self._see_to(described)
            read_as(Shown, described, TITLE, "did not show the secret")
            return Kept()
        self._see_to(answer)
        shown = read_as(_Value, answer, TITLE, "did not show the secret")
        return kept_document(shown.text if shown.text is not None else b"", shown.version)

    async def put(self, fields: Mapping[str, str], seen: Kept) -> Finding | None:
        answer = await self._asked(Lost.DOUBTFUL, (as_document(fields), seen.version))
        if answer.is_ok:
            return None
        if _is_throttled(answer):
            raise Retryable(unexpected(TITLE, answer, "took nothing"), answer.retry_after_seconds)
        if _code(answer) == _ABSENT:
            return self._absent()
        if _is_refused(answer):
            return kept_out(TITLE, answer, self._let_us_in)
        return refusal_by_status(TITLE, answer, self._let_us_in)

    def _see_to(self, answer: Answer) -> None:
        if _is_throttled(answer):
            raise Retryable(unexpected(TITLE, answer, "was too busy"), answer.retry_after_seconds)
        if _is_refused(answer):
            raise NeedsOperator(kept_out(TITLE, answer, self._let_us_in))

    async def _asked(self, lost: Lost, new: tuple[str, str] | None = None, *, describes: bool = False) -> Answer:
        passages: list[Passage] = []
        client = await asyncio.to_thread(self._client, passages)
        passages.append(Passage(TITLE, self._settings.connection(), client.meta.endpoint_url.rstrip("/"), lost=lost))
        await asyncio.to_thread(self._ask, client, new, describes=describes)
        return passages[0].answer

    def _ask(self, client: _Client, new: tuple[str, str] | None, *, describes: bool) -> None:
        from botocore.exceptions import BotoCoreError

        try:
            with suppress(Answered):
                if new is not None:
                    client.put_secret_value(
                        SecretId=self._secret, ClientRequestToken=_request_token(*new), SecretString=new[0]
                    )
                elif describes:
                    client.describe_secret(SecretId=self._secret)
                else:
                    client.get_secret_value(SecretId=self._secret)
        except BotoCoreError as error:  # before anything was sent
            raise NeedsOperator(self._no_credentials()) from error

    def _client(self, passages: list[Passage]) -> _Client:
        import boto3.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        def send(request: "_Prepared", **_: object) -> Never:
            headers = {
                name: value.decode() if isinstance(value, bytes) else str(value)
                for name, value in request.headers.items()
            }
            body = request.body or b""
            content = body.encode() if isinstance(body, str) else body
            passages[0].send_last(request.method, request.url, headers, content)

        hush("boto3", "botocore")
        once = Config(retries={"mode": "standard", "total_max_attempts": 1}, ignore_configured_endpoint_urls=True)
        try:
            client = boto3.session.Session(
                aws_access_key_id=self._settings.access_key_id,
                aws_secret_access_key=self._key.reveal_text() if self._key else None,
                region_name=self._settings.region,
            ).client("secretsmanager", endpoint_url=self._settings.endpoint, config=once)
        except BotoCoreError as error:
            raise NeedsOperator(self._no_credentials()) from error
        client.meta.events.register("before-send.secrets-manager", send)
        found: _Client = client
        return found

    @property
    def _let_us_in(self) -> str:
        return (
            f"See that {self.words} is not about to be deleted, and let the credentials GetSecretValue, "
            "PutSecretValue and DescribeSecret on it and use its KMS key."
        )

    def _absent(self) -> Finding:
        return Finding(
            Code.TARGET_REFUSED,
            f"There is no such thing as {self.words}.",
            "Nothing was written; Tokenward makes no secret, since it does not know its key and its policy.",
            f"Run: aws secretsmanager create-secret --region {self._settings.region} --name {self._secret}",
        )

    def _no_credentials(self) -> Finding:
        return Finding(
            Code.TARGET_REFUSED,
            "AWS' library found no usable credentials, or none for this region.",
            "Nothing was sent.",
            "Give this machine a role, or set the target's access_key_id and secret_access_key; check region.",
        )


class _Prepared(Protocol):
    """What botocore is about to send."""

    method: str
    url: str
    headers: Mapping[str, object]
    body: bytes | str | None


def _request_token(document: str, after: str) -> str:
    """Return what makes a repetition of one writing the same writing.

    The version that was seen belongs to it: by the document alone, an older token that is put back would count as
    written already, and stay the former version.
    """
    return hashlib.sha256(f"{after}\n{document}".encode()).hexdigest()


def _code(answer: Answer) -> str:
    shown = None if answer.is_ok else find_in(_Error, answer)
    return shown.kind.rpartition("#")[2] if shown else ""


def _is_throttled(answer: Answer) -> bool:
    code = _code(answer)
    return answer.status == HTTPStatus.TOO_MANY_REQUESTS or "Throttl" in code or code in _THROTTLED


def _is_refused(answer: Answer) -> bool:
    return HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and not _is_throttled(answer)


def build(settings: Settings, *, service: str, secret_access_key: Secret | None) -> Target:
    """Return the target that keeps the token of *service* in AWS Secrets Manager."""
    return target_of(settings, ABILITIES, KeptToken(_OneSecret(settings, secret_access_key, service)))
