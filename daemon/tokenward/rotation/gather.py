"""Looks at the world for one plan: what is on record, what targets show, what Apple says."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from tokenward.crypto.certificate import parse_certificate
from tokenward.crypto.envelope import parse_envelope
from tokenward.model.certificate import Certificate
from tokenward.model.finding import NeedsOperator, OutcomeUnknown, Retryable, TokenwardError
from tokenward.model.registration import Registration
from tokenward.model.rotation import Installation, Rotation, State
from tokenward.model.service import Keyholder
from tokenward.model.target import Holding, KeyPolicy, Obstacle, Preflight, Proof, Reading
from tokenward.model.token import DEAD, ServerToken
from tokenward.policy.decision import Facts
from tokenward.policy.ladder import moves_at
from tokenward.policy.succession import line, next_actor, who_acts
from tokenward.rotation.engine import facts_of
from tokenward.rotation.evidence import CertificateSource, Evidence, Unanswered
from tokenward.rotation.keys import envelope_place, open_with
from tokenward.rotation.ledger import Change
from tokenward.rotation.moves import NOBODY, OTHER_KEY, OTHER_PLACE, is_same_server, reason_for
from tokenward.rotation.ports import ServiceWorld, Target, Tools, World
from tokenward.rotation.record import StoredCertificate, StoredEnvelope


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the store knows for one plan."""

    facts: Facts
    certificate: Certificate | None
    envelope: StoredEnvelope | None
    opener: StoredCertificate | None
    """The certificate that the envelope was made for."""


async def gather(rotation: Rotation, served: ServiceWorld, world: World, tools: Tools) -> Evidence:
    """Return the evidence that *rotation*'s state asks for; nothing is asked that its plan does not need."""
    record = await tools.ledger.read(lambda change: on_record(change, rotation, served, world))
    actor = asked(record.facts, tools.clock.now())
    evidence = _Gathering(rotation, served, tools, record, actor)
    return Evidence(
        source=certificate_source(served),
        needs_person=record.facts.needs_person,
        actor=actor,
        account=world.roster.account_of(actor, served.service) if actor else None,
        preflight=await evidence.preflight(),
        certificate=record.certificate,
        spends_keys=_spends_keys(served),
        installed=record.facts.token,
        made_for_ours=_is_made_for(rotation, record),
        token=(token := await evidence.token()),
        account_reading=await evidence.account(token),
        holdings=await evidence.holdings(),
        unseen=frozenset(target.id for target in served.targets if target.read_back is None),
        notes=await evidence.notes(),
        can_register=served.registrar is not None,
        registration=await evidence.registration(),
        proof=await evidence.proof(),
        wanted_rung=wanted_rung(served),
        fresh_name=f"tokenward-{rotation.service}-{tools.chance.token()[:12]}",
    )


def asked(facts: Facts, now: datetime) -> str | None:
    """Return who is to act: as the succession says, and the next in line once the custodian let the date pass."""
    rotation = facts.rotation
    if rotation is None or not facts.needs_person or rotation.claim is not None:
        return who_acts(facts, now)
    if rotation.state is not State.AWAITING_TOKEN or rotation.recover_until is not None:
        return who_acts(facts, now)  # nobody was asked yet, so nobody let a date pass
    dead = facts.token is not None and facts.token.state in DEAD
    alarm = dead or rotation.outage_started_at is not None
    passes_on_at = moves_at(rotation.asked_at or rotation.entered_at, rotation.due_at, alarm=alarm)
    if rotation.actor in line(facts)[:1] and now >= passes_on_at:
        return next_actor(facts) or who_acts(facts, now)
    return who_acts(facts, now)


def _is_made_for(rotation: Rotation, record: OnRecord) -> bool:
    """Return whether the envelope is for the certificate that the rotation chose, or that Apple has had all along.

    The latter is the way of a stray download, for which no certificate was touched.
    """
    recipient = record.envelope.certificate if record.envelope else None
    in_use = record.facts.token.certificate if record.facts.token else None
    return recipient is not None and recipient == (rotation.certificate or in_use)


def wanted_rung(served: ServiceWorld) -> int:
    """Return the rung that a rotation of this service must reach: as configured, else its first target's strongest."""
    return served.targets[0].abilities.strongest_rung if served.service.proof is None else served.service.proof


def certificate_source(served: ServiceWorld) -> CertificateSource:
    """Return where the next certificate of this service comes from."""
    if served.service.keyholder is Keyholder.TOKENWARD:
        return CertificateSource.MADE
    if served.service.keyholder is Keyholder.TARGET and served.targets[0].abilities.key_policy.is_fetched:
        return CertificateSource.FETCHED
    return CertificateSource.GIVEN


def on_record(change: Change, rotation: Rotation, served: ServiceWorld, world: World) -> OnRecord:
    """Return what the store knows, in one consistent view."""
    envelope = change.envelopes.find(rotation.envelope) if rotation.envelope else None
    opener = None
    if envelope is not None and envelope.certificate is not None:
        opener = change.certificates.find(rotation.service, envelope.certificate)
    return OnRecord(facts_of(change, served, world.roster), _certificate(change, rotation, served), envelope, opener)


def _certificate(change: Change, rotation: Rotation, served: ServiceWorld) -> Certificate | None:
    if certificate_source(served) is not CertificateSource.GIVEN:
        stored = change.certificates.of_visit(rotation.id, rotation.visit)
        return stored.certificate if stored else None
    latest = change.certificates.latest(rotation.service)
    if latest is None or ((rotation.new_key or _spends_keys(served)) and _is_key_in_use(change, latest)):
        return None
    return latest.certificate


def _spends_keys(served: ServiceWorld) -> bool:
    """Return whether the product makes another key for every renewal, so that the one in use is of no use again."""
    return served.targets[0].abilities.key_policy is KeyPolicy.FRESH_BY_HAND


def _is_key_in_use(change: Change, latest: StoredCertificate) -> bool:
    """Return whether *latest* is over the very key that the installed token was made for."""
    installed = change.tokens.installed(latest.service)
    if installed is None or installed.certificate is None:
        return False
    used = change.certificates.find(latest.service, installed.certificate)
    return used is not None and used.certificate.key_digest == latest.certificate.key_digest


@dataclass(frozen=True, slots=True)
class _Gathering:
    """One look at the world, by the questions that can be asked of it."""

    rotation: Rotation
    served: ServiceWorld
    tools: Tools
    record: OnRecord
    actor: str | None

    async def preflight(self) -> Preflight | None:
        if not self._wants_preflight():
            return None
        required = [target for target in self.served.targets if target.required]
        checks = await asyncio.gather(
            self._key_check(), self._place_check(), *(target.gate.preflight() for target in required)
        )
        nobody = () if self.actor else (NOBODY,)
        return Preflight(
            nobody + tuple(obstacle for check in checks for obstacle in check.obstacles),
            tuple(sentence for check in checks for sentence in check.cannot_tell),
        )

    async def _key_check(self) -> Preflight:
        """See whether the target still has the key that was prepared, where asking makes no other one (B2.4, B4.1)."""
        first, chosen = self.served.targets[0], self.rotation.certificate
        is_fetched = certificate_source(self.served) is CertificateSource.FETCHED
        if not is_fetched or first.key_source is None or chosen is None or not first.abilities.key_policy.is_lasting:
            return Preflight()
        try:
            raw = await first.key_source.fetch_certificate(self.rotation.id)
            has_other = parse_certificate(raw, self.tools.clock.now()).fingerprint != chosen
        except TokenwardError as error:
            return Preflight((Obstacle(reason_for(error.finding.code), error.finding.do),))
        return Preflight((OTHER_KEY,) if has_other else ())

    async def _place_check(self) -> Preflight:
        """See whether the target holds this service's token, and not another one's that would be replaced (B2.4)."""
        first, token = self.served.targets[0], self.record.facts.token
        is_before = self.rotation.state is not State.AWAITING_TOKEN and self._installation(first).attempted_at is None
        if not is_before or first.read_back is None or token is None or token.server_uuid is None:
            return Preflight()
        held = await _read_back(first)  # where it does not answer, its own preflight says so
        other = (
            isinstance(held, Holding) and held.server_uuid and not is_same_server(held.server_uuid, token.server_uuid)
        )
        return Preflight((OTHER_PLACE,) if other else ())

    def _wants_preflight(self) -> bool:
        rotation = self.rotation
        if rotation.state in {State.OPENED, State.CERTIFICATE_READY}:
            return True
        if rotation.state is not State.AWAITING_TOKEN:
            return False
        claimed = rotation.claim is not None
        return claimed or not self.record.facts.needs_person

    async def token(self) -> ServerToken | None:
        """Open the envelope where the key is ours; it was opened once before it was taken, so a failure is a fault."""
        envelope, opener = self.record.envelope, self.record.opener
        if envelope is None or opener is None or self.rotation.state not in {State.RECEIVED, State.CHECKED}:
            return None
        raw = self.tools.seals.open(envelope.sealed, envelope_place(envelope.digest))
        return await asyncio.to_thread(lambda: open_with(parse_envelope(raw.reveal()), opener, self.tools.seals))

    async def account(self, token: ServerToken | None) -> Reading | None:
        if token is None or self.rotation.state is not State.RECEIVED:
            return None
        return await self.served.witness.account(self.served.organisation, token)

    async def holdings(self) -> dict[str, Holding | Unanswered]:
        """Read back what does not show the new token yet, and the first target always: it tells the expiry."""
        if self.rotation.state is not State.CHECKED:
            return {}
        first, pending = self.served.targets[0], self._pending()
        targets = pending if first in pending else [first, *pending]
        answers = await asyncio.gather(*(_read_back(target) for target in targets))
        return {target.id: answer for target, answer in zip(targets, answers, strict=True)}

    async def notes(self) -> dict[str, str]:
        noted: dict[str, str] = {}
        for target in self._pending():
            if target.installer is None or self._installation(target).noted is not None:
                continue
            try:
                noted[target.id] = await target.installer.note()
            except TokenwardError:
                # Without a note the proof is only asked to be stronger later; handing over must not wait for it.
                noted[target.id] = ""
        return noted

    def _pending(self) -> list[Target]:
        if self.rotation.state is not State.CHECKED:
            return []
        return [target for target in self.served.targets if self._installation(target).installed_at is None]

    def _installation(self, target: Target) -> Installation:
        known = (one for one in self.rotation.installations if one.target == target.id)
        return next(known, Installation(target.id, target.required))

    async def registration(self) -> Registration | None:
        """Ask Apple's records of the service, before the proof below has anybody speak to Apple.

        It is a further witness and no condition: where it can't be asked, the proof stands by itself.
        """
        registrar = self.served.registrar
        if registrar is None or self.rotation.state not in {State.CHECKED, State.INSTALLED}:
            return None
        token = self.record.facts.token
        try:
            return await registrar.find(self.served.service.name, token.server_uuid if token else None)
        except (Retryable, NeedsOperator, OutcomeUnknown):
            return None

    async def proof(self) -> Proof | Unanswered | None:
        first = self.served.targets[0]
        if self.rotation.state is not State.INSTALLED or first.prover is None:
            return None
        installation = self._installation(first)
        try:
            since = installation.attempted_at or self.rotation.entered_at
            return await first.prover.prove(installation.noted or "", since)
        except (Retryable, NeedsOperator, OutcomeUnknown) as error:
            return Unanswered(error.finding)


async def _read_back(target: Target) -> Holding | Unanswered:
    if target.read_back is None:
        return Holding(present=False)
    try:
        return await target.read_back.read_back()
    except Retryable as error:
        return Unanswered(error.finding, error.retry_after_seconds)
    except (NeedsOperator, OutcomeUnknown) as error:
        return Unanswered(error.finding)
