"""The stand-in for Apple: takes the portal's steps over HTTP, as the person who would be asked (B4.7)."""

import base64
from email.message import Message
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from tokenward.issuers import IssuerSection
from tokenward.model.finding import Code, Finding, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import IssuedFile, IssueOrder
from tokenward.rotation.ports import Issuer
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer, Lost
from tokenward.wire.findings import unexpected
from tokenward.wire.settings import PeerSection

TITLE: Final = "Simulator"
USER_HEADER: Final = "X-Portal-User"
TAKES_NOTHING: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Settings(IssuerSection, PeerSection):
    """Where the simulator's portal is."""

    kind: Literal["simulator"]


class _Service(BaseModel):
    uuid: str = Field(pattern="^[0-9A-Fa-f-]{32,36}$")
    name: str


class _Error(BaseModel):
    error: str


_SERVICES: Final = TypeAdapter(list[_Service])


class SimulatorIssuer:
    """Creates the service or replaces its certificate, then downloads a token: that is the click.

    What the portal holds can't be read, so the certificate is put there every time; once more does no harm.
    """

    def __init__(self, settings: Settings) -> None:
        """Use the portal of *settings*."""
        connection = settings.connection()
        self._peer = HttpPeer(TITLE, settings.url, unreachable=Code.ISSUER_FAILED, connection=connection)

    async def issue(self, order: IssueOrder) -> IssuedFile:
        """Return a new envelope for the certificate of *order*; the old token is dead from then on.

        Raises:
            Retryable: Nothing was downloaded.
            NeedsOperator: The portal refused, with its own sentence.
            OutcomeUnknown: A token may have been downloaded and was lost on the way.
        """
        uuid = await self._find(order)
        if uuid is None:
            uuid = await self._create(order)
        else:
            await self._replace_certificate(uuid, order)
        return await self._download(uuid, order)

    async def _find(self, order: IssueOrder) -> str | None:
        answer = _accepted(await self._send("GET", "/portal/services", order))
        wanted = order.service_name.strip().casefold()
        try:
            services = _SERVICES.validate_json(answer.body)
        except ValidationError as error:
            raise Retryable(unexpected(TITLE, answer, "gave no list of services")) from error
        return next((service.uuid for service in services if service.name.strip().casefold() == wanted), None)

    async def _create(self, order: IssueOrder) -> str:
        body = _NewService(
            name=order.service_name,
            certificate=_base64(order),
            release_devices=order.release_devices,
        )
        answer = _accepted(await self._send("POST", "/portal/services", order, body))
        try:
            return _Service.model_validate_json(answer.body).uuid
        except ValidationError as error:
            raise Retryable(unexpected(TITLE, answer, "did not show the new service")) from error

    async def _replace_certificate(self, uuid: str, order: IssueOrder) -> None:
        body = _NewCertificate(certificate=_base64(order))
        _accepted(await self._send("PUT", f"/portal/services/{uuid}/certificate", order, body))

    async def _download(self, uuid: str, order: IssueOrder) -> IssuedFile:
        path = f"/portal/services/{uuid}/token"
        answer = await self._send("POST", path, order, lost=Lost.DOUBTFUL)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and answer.status not in TAKES_NOTHING:
            raise OutcomeUnknown(unexpected(TITLE, answer, "may have made a token before"))
        _accepted(answer)
        return IssuedFile(_file_name(answer), Secret(answer.body))

    async def _send(
        self,
        method: str,
        path: str,
        order: IssueOrder,
        body: BaseModel | None = None,
        lost: Lost = Lost.HARMLESS,
    ) -> Answer:
        """Send one step as the person of *order*. All but the download can be taken again without harm."""
        return await self._peer.send(
            method,
            path,
            headers={USER_HEADER: order.account, "Content-Type": "application/json"},
            body=body.model_dump_json().encode() if body else b"",
            lost=lost,
        )


class _NewService(BaseModel):
    name: str
    certificate: str
    release_devices: bool


class _NewCertificate(BaseModel):
    certificate: str


def _base64(order: IssueOrder) -> str:
    return base64.b64encode(order.certificate.der).decode()


def _accepted(answer: Answer) -> Answer:
    """Return *answer* if it is a success.

    Raises:
        Retryable: The portal is out of order or too busy.
        NeedsOperator: It refused.
    """
    if answer.is_ok:
        return answer
    if answer.is_outage:
        raise Retryable(unexpected(TITLE, answer, "took nothing"), answer.retry_after_seconds)
    raise NeedsOperator(
        Finding(
            Code.ISSUER_FAILED,
            f"The simulator's portal refused: {_sentence(answer)}",
            "No token was downloaded.",
            "Mend in the simulator what its portal names, or choose another custodian for the service.",
        )
    )


def _sentence(answer: Answer) -> str:
    try:
        return _Error.model_validate_json(answer.body).error[:200]
    except ValidationError:
        return f"it answered {answer.status}."


def _file_name(answer: Answer) -> str:
    """Return the name that the portal gave the file, without any folder. RFC 6266 section 4.3."""
    header = Message()
    header["Content-Disposition"] = answer.headers.get("content-disposition", "")
    return PurePosixPath(header.get_filename() or "").name or "token.p7m"


def build(settings: Settings) -> Issuer:
    """Return the issuer that needs no person."""
    return Issuer(settings.kind, SimulatorIssuer(settings))
