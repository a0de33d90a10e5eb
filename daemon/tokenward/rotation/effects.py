"""Carries out what a plan asked for. What comes of it goes on record; the next plan starts from the evidence."""

import asyncio
import secrets
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, assert_never

import structlog

from tokenward.crypto.certificate import parse_certificate
from tokenward.crypto.envelope import parse_envelope
from tokenward.crypto.keypair import make_keypair
from tokenward.model.event import Attachment, AttachmentRole, Event, EventKind, Refused, Way
from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.model.registration import RegisteredBy
from tokenward.model.rotation import Installation, Rotation
from tokenward.model.target import Delivery, IssueOrder, Receipt
from tokenward.rotation.installing import with_installation
from tokenward.rotation.intake import Intake
from tokenward.rotation.keys import certificate_place, envelope_place, open_with
from tokenward.rotation.ledger import Change, Conflict
from tokenward.rotation.moves import WRONG_SERVER, is_same_server
from tokenward.rotation.outcome import (
    Effect,
    FetchCertificate,
    InstallEnvelope,
    IssueToken,
    MakeKeypair,
    RegisterCertificate,
)
from tokenward.rotation.ports import ServiceWorld, Target, Tools
from tokenward.rotation.record import StoredCertificate

log = structlog.get_logger("tokenward.rotation")

KEY_IS_GONE: Final = frozenset({Code.WRONG_KEY, Code.NO_KEY})
"""What the first target says of a file that it will never be able to open."""
_SERIAL_BITS: Final = 127


@dataclass(frozen=True, slots=True)
class Effects:
    """The doing half of a step, for one service."""

    tools: Tools
    intake: Intake
    served: ServiceWorld

    async def carry_out(self, effect: Effect, rotation: Rotation) -> None:
        """Do what *effect* says for *rotation*, whose intent is on record.

        Raises:
            Retryable: It did not happen.
            NeedsOperator: It was refused.
            OutcomeUnknown: It may have happened.
        """
        match effect:
            case MakeKeypair():
                await self._make(effect, rotation)
            case FetchCertificate():
                await self._fetch(effect, rotation)
            case RegisterCertificate():
                await self._register(effect, rotation)
            case IssueToken():
                await self._issue(effect, rotation)
            case InstallEnvelope():
                await self._install(effect, rotation)
            case _:
                assert_never(effect)

    async def _make(self, effect: MakeKeypair, rotation: Rotation) -> None:
        now = self.tools.clock.now()
        serial = secrets.randbits(_SERIAL_BITS) | 1
        validity = self.served.service.certificate_validity
        pair = await asyncio.to_thread(make_keypair, effect.common_name, serial, now, validity)
        place = certificate_place(pair.certificate.fingerprint)
        sealed = self.tools.seals.seal(pair.private_key, place)
        await self._keep(StoredCertificate(pair.certificate, rotation.service, "made", now), rotation, sealed)

    async def _fetch(self, effect: FetchCertificate, rotation: Rotation) -> None:
        target = self._target(effect.target)
        if target.key_source is None:
            raise NeedsOperator(_cannot(target, "gives no certificate out"))
        raw = await target.key_source.fetch_certificate(effect.common_name)
        self.tools.waypoints.reached("certificate.fetched", rotation.service)
        now = self.tools.clock.now()
        certificate = parse_certificate(raw, now)
        await self._keep(StoredCertificate(certificate, rotation.service, "fetched", now), rotation, None)

    async def _keep(self, stored: StoredCertificate, rotation: Rotation, sealed_key: bytes | None) -> None:
        kept = replace(stored, rotation=rotation.id, visit=rotation.visit, sealed_key=sealed_key)

        def work(change: Change) -> None:
            change.certificates.add(kept)
            details = {"fingerprint": kept.certificate.fingerprint, "origin": kept.origin, "rotation": rotation.id}
            change.audit.record(kept.recorded_at, "certificate.recorded", rotation.service, details)

        await self.tools.ledger.write(work)
        self.tools.waypoints.reached("certificate.recorded", rotation.service)

    async def _register(self, effect: RegisterCertificate, rotation: Rotation) -> None:
        """Put the certificate to Apple; where the API may not, or does not know the service, a person does."""
        registrar, stored = self.served.registrar, await self._certificate(rotation.service, effect.fingerprint)
        if registrar is None:
            raise Conflict
        known = await self.tools.ledger.read(lambda change: change.tokens.installed(rotation.service))
        try:
            found = await registrar.find(self.served.service.name, known.server_uuid if known else None)
            if found is not None:
                await registrar.replace_certificate(found.server_uuid, stored.certificate)
        except NeedsOperator as error:
            log.warning("apple.left_to_person", service=rotation.service, happened=error.finding.happened)
            found = None
        self.tools.waypoints.reached("certificate.registered", rotation.service)
        registered_by = RegisteredBy.PERSON if found is None else RegisteredBy.API

        def work(change: Change) -> None:
            change.rotations.update(replace(rotation, registered_by=registered_by))
            details = {"rotation": rotation.id, "fingerprint": effect.fingerprint, "by": registered_by.value}
            change.audit.record(self.tools.clock.now(), "certificate.registered", rotation.service, details)

        await self.tools.ledger.write(work)

    async def _certificate(self, service: str, fingerprint: str) -> StoredCertificate:
        stored = await self.tools.ledger.read(lambda change: change.certificates.find(service, fingerprint))
        if stored is None:
            raise NeedsOperator(_no_certificate(service))
        return stored

    async def _issue(self, effect: IssueToken, rotation: Rotation) -> None:
        issuer = self.served.issuer
        if issuer is None or issuer.issue is None:
            raise NeedsOperator(_no_issuer(rotation.service))
        stored = await self._certificate(rotation.service, rotation.certificate or "")
        service = self.served.service
        order = IssueOrder(
            service.id, service.name, stored.certificate, effect.account, release_devices=service.release_devices
        )
        file = await issuer.issue.issue(order)
        self.tools.waypoints.reached("token.issued", rotation.service)
        now = self.tools.clock.now()
        event = Event(
            source="issuer",
            key=f"{rotation.id}/{self.tools.chance.token()}",
            kind=EventKind.TOKEN_SUPPLIED,
            way=Way.ISSUER,
            received_at=now,
            service=service.id,
            occurred_at=now,
            data={"account": effect.account, "file_name": file.name, "rotation": rotation.id},
        )
        verdict = await self.intake.submit(event, Attachment(AttachmentRole.ENVELOPE, file.name, file.body.reveal()))
        if isinstance(verdict, Refused):
            raise NeedsOperator(verdict.finding)

    async def _install(self, effect: InstallEnvelope, rotation: Rotation) -> None:
        target = self._target(effect.target)
        if target.installer is None:
            raise NeedsOperator(_cannot(target, "takes no token"))
        receipt = await target.installer.install(await self._delivery(effect, rotation))
        self.tools.waypoints.reached("envelope.handed_over", rotation.service)
        if receipt.refusal is not None and receipt.refusal.code in KEY_IS_GONE and target is self.served.targets[0]:
            raise NeedsOperator(receipt.refusal)
        if effect.forced and receipt.token is not None:
            await self._compare_server(receipt)
        await self.tools.ledger.write(partial(_record_receipt, rotation=rotation, target=target.id, receipt=receipt))
        self.tools.waypoints.reached("receipt.recorded", rotation.service)

    async def _delivery(self, effect: InstallEnvelope, rotation: Rotation) -> Delivery:
        def find(change: Change) -> tuple[bytes, StoredCertificate | None]:
            stored = change.envelopes.find(rotation.envelope or "")
            if stored is None:
                raise Conflict
            opener = change.certificates.find(rotation.service, stored.certificate or "")
            return stored.sealed, opener

        sealed, opener = await self.tools.ledger.read(find)
        raw = self.tools.seals.open(sealed, envelope_place(rotation.envelope or ""))
        envelope = await asyncio.to_thread(parse_envelope, raw.reveal())
        token = open_with(envelope, opener, self.tools.seals) if opener else None
        account = rotation.downloader or rotation.supplied_by
        return Delivery(rotation.service, envelope, token, forced=effect.forced, account=account)

    async def _compare_server(self, receipt: Receipt) -> None:
        """After a forced delivery, ask Apple once whose token it is; the values are forgotten with this call."""
        known = await self.tools.ledger.read(lambda change: change.tokens.installed(self.served.service.id))
        if receipt.token is None or known is None or known.server_uuid is None:
            return
        reading = await self.served.witness.account(self.served.organisation, receipt.token)
        if reading.server_uuid and not is_same_server(known.server_uuid, reading.server_uuid):
            raise NeedsOperator(_other_server(self.served.service.id))

    def _target(self, target_id: str) -> Target:
        for target in self.served.targets:
            if target.id == target_id:
                return target
        raise Conflict


def _record_receipt(change: Change, *, rotation: Rotation, target: str, receipt: Receipt) -> None:
    current = change.rotations.find(rotation.id)
    if current is None or current.envelope != rotation.envelope:
        return
    one = next(each for each in current.installations if each.target == target)
    change.rotations.update(with_installation(current, _judged(one, receipt)))


def _judged(one: Installation, receipt: Receipt) -> Installation:
    if receipt.refusal is None:
        return replace(one, expected=receipt.token_digest or receipt.mark, error=None, mismatch=False)
    mismatch = receipt.refusal.code is Code.CONSUMER_KEY_MISMATCH
    again_at = None if mismatch else one.next_attempt_at
    return replace(one, error=receipt.refusal.happened, mismatch=mismatch, next_attempt_at=again_at)


def _cannot(target: Target, what: str) -> Finding:
    return Finding(
        Code.TARGET_REFUSED,
        f"{target.abilities.title} {what}.",
        "The rotation stands still.",
        f"Choose another keyholder or another first target for this service than {target.id}.",
    )


def _no_issuer(service: str) -> Finding:
    return Finding(
        Code.ISSUER_FAILED,
        f"The service {service} has no issuer that works without a person.",
        "Nothing was downloaded.",
        f"Set issuer for {service} in the configuration.",
    )


def _no_certificate(service: str) -> Finding:
    return Finding(
        Code.ISSUER_FAILED,
        f"The certificate of {service} is not on record any more.",
        "Nothing was downloaded.",
        f"Run `tokenward retry {service}`.",
    )


def _other_server(service: str) -> Finding:
    return Finding(
        Code.WRONG_SERVER,
        f"The token that the target of {service} took belongs to another service at Apple.",
        "The target works with a token that is not its own: devices of another service may turn up there.",
        WRONG_SERVER.remedy,
    )
