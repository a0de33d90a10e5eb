"""What the control socket gives out of the record: the certificate for Apple, and a token's envelope for plan B.

Who can connect may have both. An envelope is of use only to whoever has its key; that it was given out is nevertheless
on record.
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.routing import Route

from tokenward.crypto.certificate import to_pem
from tokenward.model.finding import Code, Finding
from tokenward.rotation.keys import envelope_place
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import Seals, Tools, World
from tokenward.rotation.record import StoredEnvelope
from tokenward.web.answering import NotThere, answering, json_bytes, named


@dataclass(frozen=True, slots=True)
class ExportedCertificate:
    """The certificate to give to Apple now."""

    service: str
    fingerprint: str
    subject: str
    not_after: datetime
    pem: str


@dataclass(frozen=True, slots=True)
class ExportedEnvelope:
    """A token file, as Apple's portal gave it out."""

    service: str
    digest: str
    file_name: str
    recorded_at: datetime
    content_base64: str


class Exports:
    """Gives out certificates and envelopes."""

    def __init__(self, tools: Tools, world: Callable[[], World]) -> None:
        """Look at the services of the *world* in force."""
        self._tools = tools
        self._world = world

    def routes(self) -> tuple[Route, ...]:
        """Return ``GET /v1/services/{id}/certificate`` and ``POST /v1/services/{id}/envelope``.

        The latter writes ``envelope.exported`` into the audit record. 404 with a finding where there is none.
        """
        return (
            Route("/v1/services/{id}/certificate", answering(self._certificate)),
            Route("/v1/services/{id}/envelope", answering(self._envelope), methods=["POST"]),
        )

    async def _certificate(self, request: Request) -> bytes:
        service = named(request, self._world()).service.id
        return json_bytes(await self._tools.ledger.read(partial(certificate_now, service=service)))

    async def _envelope(self, request: Request) -> bytes:
        return json_bytes(await self.envelope_of(named(request, self._world()).service.id))

    async def envelope_of(self, service: str) -> ExportedEnvelope:
        """Return what ``envelope_now`` does; raises as it does."""
        tools = self._tools
        work = partial(envelope_now, service=service, seals=tools.seals, now=tools.clock.now())
        return await tools.ledger.write(work)


def certificate_now(change: Change, *, service: str) -> ExportedCertificate:
    """Return the certificate that was chosen for Apple in the open rotation, else that of the token in use (A5).

    Raises:
        NotThere: None is on record.
    """
    rotation, token = change.rotations.open_of(service), change.tokens.installed(service)
    chosen = (rotation.certificate if rotation else None) or (token.certificate if token else None)
    stored = change.certificates.find(service, chosen) if chosen else None
    if stored is None:
        raise NotThere(_no_certificate(service))
    found = stored.certificate
    return ExportedCertificate(service, found.fingerprint, found.subject, found.not_after, to_pem(found).decode())


def envelope_now(change: Change, *, service: str, seals: Seals, now: datetime) -> ExportedEnvelope:
    """Return the envelope of the open rotation after the click, else of the token in use; put on record that it went.

    B4.5: the bytes are those that Apple's portal gave out, unchanged.

    Raises:
        NotThere: None is kept.
        NeedsOperator: Its seal does not open.
    """
    stored = _envelope_on_record(change, service)
    if stored is None or not stored.sealed:
        raise NotThere(_no_envelope(service))
    content = seals.open(stored.sealed, envelope_place(stored.digest)).reveal()
    change.audit.record(now, "envelope.exported", service, {"digest": stored.digest})
    return ExportedEnvelope(
        service, stored.digest, stored.file_name, stored.recorded_at, b64encode(content).decode("ascii")
    )


def _envelope_on_record(change: Change, service: str) -> StoredEnvelope | None:
    rotation, token = change.rotations.open_of(service), change.tokens.installed(service)
    new = rotation.envelope if rotation and rotation.is_after_click else None
    digest = new or (token.envelope if token else None)
    return change.envelopes.find(digest) if digest else None


def _no_certificate(service: str) -> Finding:
    return Finding(
        Code.NOT_CLEAR,
        f"No certificate of {service} for Apple is on record yet.",
        "There is nothing to export.",
        f"See `tokenward show {service}`: a rotation chooses one as soon as the way is found clear.",
    )


def _no_envelope(service: str) -> Finding:
    return Finding(
        Code.NOT_CLEAR,
        f"No token file of {service} is kept here.",
        "Its token was installed by somebody else, was replaced, or never came.",
        f"See `tokenward show {service}`. Don't download a new one for that: the token in use would die.",
    )
