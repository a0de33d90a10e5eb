"""Whether an envelope that somebody brings is taken: for which service it is, and what is wrong with it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tokenward.crypto.envelope import parse_envelope
from tokenward.model.envelope import AppleFileName, Envelope
from tokenward.model.event import TRUSTED_WITH_SEALED_FILES, Attachment, Event, Way
from tokenward.model.finding import Code, Finding, NeedsCustodian, NeedsOperator
from tokenward.model.instant import format_instant
from tokenward.model.rotation import Rotation, State
from tokenward.model.secret import Secret
from tokenward.model.service import Keyholder
from tokenward.model.token import LIFETIME, ServerToken
from tokenward.rotation.keys import envelope_place, open_with
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import Tools, World
from tokenward.rotation.record import StoredCertificate, StoredEnvelope

CLOCKS_DIFFER: timedelta = timedelta(minutes=5)
"""By how much a file's own time may lie ahead of ours."""


@dataclass(frozen=True, slots=True)
class AcceptedEnvelope:
    """An envelope for one service that passed every check but those against what was taken before."""

    stored: StoredEnvelope
    token: ServerToken | None
    warnings: tuple[str, ...]
    chosen_by_name: bool = False
    """Whether only the file's name told its service from others that share a certificate."""
    vouched_by_name: str | None = None
    """The name that the file must bear for want of anything better to go by; None: nobody need vouch for it."""

    @property
    def id(self) -> str:
        """The envelope's digest."""
        return self.stored.digest

    @property
    def service(self) -> str:
        """The service that it is for."""
        return self.stored.service

    def keep(self, change: Change, now: datetime) -> tuple[str, ...]:
        """Put the envelope on record, sealed.

        Raises:
            NeedsCustodian: It was brought before, or it is older than the token in use or on its way.
        """
        if change.envelopes.find(self.id) is not None:
            raise NeedsCustodian(_DUPLICATE)
        if any(_is_older(self.stored, issued_at) for issued_at in _issued_before(change, self.service)):
            raise NeedsCustodian(_older(self.service))
        rotation = change.rotations.open_of(self.service)
        if self.chosen_by_name and _is_from_before_the_question(self.stored, rotation):
            raise NeedsCustodian(_too_early(self.service))
        if self.vouched_by_name is not None:
            self._check_name(self.vouched_by_name, rotation)
        change.envelopes.add(self.stored)
        change.audit.record(now, "envelope.recorded", self.service, {"digest": self.id})
        return self.warnings

    def _check_name(self, service_name: str, rotation: Rotation | None) -> None:
        named = AppleFileName.parse(self.stored.file_name)
        if named is None or named.service_name.casefold() != service_name.casefold():
            raise NeedsCustodian(_unconfirmed(service_name, "Its name does not say which service it is for."))
        if _is_from_before_the_question(self.stored, rotation):
            why = f"By its name it was downloaded on {format_instant(named.issued_at)}, before you were asked."
            raise NeedsCustodian(_unconfirmed(service_name, why))


async def accept_envelope(event: Event, attachment: Attachment, world: World, tools: Tools) -> AcceptedEnvelope:
    """Return the envelope in *attachment*, for the one service that it is for.

    Raises:
        NeedsCustodian: It is none, damaged, for no key of ours, or it holds a token that will not do.
        NeedsOperator: It came by a way that nothing sealed is believed from.
    """
    now = tools.clock.now()
    envelope = await asyncio.to_thread(parse_envelope, attachment.body)
    candidates = await tools.ledger.read(lambda change: _named_by(change, envelope))
    choice = _choose(event, attachment, candidates, world)
    service, certificate = choice.service, choice.certificate
    token = await _opened(envelope, certificate, tools)
    if token is None and event.way not in TRUSTED_WITH_SEALED_FILES:
        raise NeedsOperator(_untrusted(service))
    if token is not None and token.expires_at <= now:
        raise NeedsCustodian(_expired(token.expires_at))
    sealed = tools.seals.seal(Secret(attachment.body), envelope_place(envelope.digest))
    stored = StoredEnvelope(
        digest=envelope.digest,
        service=service,
        recorded_at=now,
        sealed=sealed,
        file_name=attachment.name,
        certificate=certificate.certificate.fingerprint if certificate else None,
        issued_at=_issued_at(token, attachment.name, now),
    )
    return AcceptedEnvelope(
        stored,
        token,
        (*envelope.warnings, *(token.warnings if token else ())),
        chosen_by_name=choice.by_name,
        vouched_by_name=await _name_to_go_by(event, service, candidates, world, tools),
    )


async def _name_to_go_by(
    event: Event, service: str, candidates: tuple[StoredCertificate, ...], world: World, tools: Tools
) -> str | None:
    """Return the service's name where a person's file must bear it: nothing else tells this service from others."""
    if event.way is not Way.PAGE or event.data.get("confirmed") == "yes":
        return None
    installed = await tools.ledger.read(lambda change: change.tokens.installed(service))
    is_shared = len({stored.service for stored in candidates}) > 1
    is_first = installed is None or installed.envelope is None
    return world.services[service].service.name if is_shared or is_first else None


@dataclass(frozen=True, slots=True)
class _Choice:
    """The service that an envelope is for."""

    service: str
    certificate: StoredCertificate | None
    by_name: bool = False
    """Whether only the file's name told it from others that share a certificate."""


def _named_by(change: Change, envelope: Envelope) -> tuple[StoredCertificate, ...]:
    return tuple(stored for one in envelope.recipients for stored in change.certificates.named_by(one))


async def _opened(envelope: Envelope, certificate: StoredCertificate | None, tools: Tools) -> ServerToken | None:
    if certificate is None or certificate.sealed_key is None:
        return None
    return await asyncio.to_thread(open_with, envelope, certificate, tools.seals)


def _choose(event: Event, attachment: Attachment, candidates: Iterable[StoredCertificate], world: World) -> _Choice:
    """Return the service that the envelope is for, with the certificate that it was made for where that is known."""
    known = {stored.service: stored for stored in reversed(tuple(candidates)) if stored.service in world.services}
    if event.service is not None:
        if event.service not in known and known:
            raise NeedsCustodian(_other_service(event.service, sorted(known), world))
        if event.service not in known and not _is_unknowable(event.service, world):
            raise NeedsCustodian(_no_key(f"no certificate of {event.service}", event.service))
        return _Choice(event.service, known.get(event.service))
    if not known:
        raise NeedsCustodian(_no_key("no certificate that is known here", None))
    by_name = len(known) > 1
    if by_name:
        known = _agreeing(attachment.name, known, world)
    service, certificate = known.popitem()
    return _Choice(service, certificate, by_name=by_name)


def _is_unknowable(service: str, world: World) -> bool:
    """Return whether the product made the key and shows its certificate to nobody, so that any envelope may be its."""
    served = world.services[service]
    policy = served.targets[0].abilities.key_policy
    return served.service.keyholder is Keyholder.TARGET and not policy.is_fetched


def _agreeing(file_name: str, known: dict[str, StoredCertificate], world: World) -> dict[str, StoredCertificate]:
    """Return the one service that the portal's file name speaks of, among several that share a certificate."""
    named = AppleFileName.parse(file_name)
    agreeing = {
        service: stored
        for service, stored in known.items()
        if named is not None and world.services[service].service.name.casefold() == named.service_name.casefold()
    }
    if len(agreeing) != 1:
        raise NeedsCustodian(_ambiguous(sorted(known)))
    return agreeing


def _issued_at(token: ServerToken | None, file_name: str, now: datetime) -> datetime | None:
    named = AppleFileName.parse(file_name)
    said = token.issued_at if token and token.issued_at else (named.issued_at if named else None)
    plausible = said is not None and now - LIFETIME < said <= now + CLOCKS_DIFFER
    return said if plausible else None


def _issued_before(change: Change, service: str) -> tuple[datetime | None, ...]:
    """Return when the installed token, and the one that is on its way, were issued, as far as that is known."""
    installed, rotation = change.tokens.installed(service), change.rotations.open_of(service)
    on_its_way = change.envelopes.find(rotation.envelope) if rotation and rotation.envelope else None
    return (installed.issued_at if installed else None, on_its_way.issued_at if on_its_way else None)


def _is_older(stored: StoredEnvelope, issued_at: datetime | None) -> bool:
    return issued_at is not None and stored.issued_at is not None and stored.issued_at < issued_at


def _is_from_before_the_question(stored: StoredEnvelope, rotation: Rotation | None) -> bool:
    """Return whether the file's own time lies before the moment at which somebody was asked for it."""
    if stored.issued_at is None or rotation is None or rotation.state is not State.AWAITING_TOKEN:
        return False
    asked_at = min(rotation.entered_at, rotation.outage_started_at or rotation.entered_at)
    return stored.issued_at < asked_at - CLOCKS_DIFFER


def _no_key(of_whom: str, service: str | None) -> Finding:
    return Finding(
        Code.NO_KEY,
        f"This token was made for a certificate that is {of_whom}.",
        "Nobody here can open it, so it was not used. If it was downloaded just now, the old token no longer works.",
        f"If it was made for a product that makes its own key, put it into tokens/{service or '<service>'}/. Else put "
        "the right certificate to Apple first, save, and download the token again.",
    )


def _ambiguous(services: list[str]) -> Finding:
    return Finding(
        Code.AMBIGUOUS_SERVICE,
        f"This token could be for any of these services, which share one key: {', '.join(services)}.",
        "It was not used, for a token in the wrong service cuts the right one off.",
        f"Put the file into the folder of its service, such as tokens/{services[0]}/.",
    )


def _other_service(wanted: str, named: list[str], world: World) -> Finding:
    names = " or ".join(f"“{world.services[one].service.name}”" for one in named)
    return Finding(
        Code.OTHER_SERVICE,
        f"This token is for {names}, and not for “{world.services[wanted].service.name}”.",
        "It was not used here. The service that it is for needs it now, for its old token is dead since the download.",
        f"Hand it over for {named[0]}: on its own place of the page, or with `tokenward drop FILE`.",
    )


def _unconfirmed(service_name: str, why: str) -> Finding:
    return Finding(
        Code.UNCONFIRMED,
        f"It is not certain that this file is for “{service_name}”. {why}",
        "Nothing else tells it from a file for another service, so it was not used yet.",
        f"If you downloaded it for “{service_name}” just now, say so and hand it over again.",
    )


def _untrusted(service: str) -> Finding:
    return Finding(
        Code.UNTRUSTED_WAY,
        f"Only the product can open this token of {service}, and it came from somebody who is not trusted with it.",
        "Anybody can make such a file, so it was not used.",
        "Hand it in with `tokenward drop FILE`, on the personal page, or by a user whom [daemon] drop_owners names.",
    )


def _expired(expires_at: datetime) -> Finding:
    return Finding(
        Code.EXPIRED,
        f"The token in this file expired on {format_instant(expires_at)}.",
        "It was not installed.",
        "Download a new one in Apple's portal and hand that over.",
    )


def _older(service: str) -> Finding:
    return Finding(
        Code.OLDER,
        f"This token is older than one that {service} has already.",
        "A newer download has made it invalid, so it was not installed.",
        "Hand over the file that was downloaded last. If that one is lost, download a new one.",
    )


def _too_early(service: str) -> Finding:
    return Finding(
        Code.OLDER,
        f"By its name this file was downloaded before {service} was asked for a new token.",
        "Several services share its key, so its name is all that tells them apart; it was not used.",
        f"Hand over the file that was downloaded last. If it is this one, put it into tokens/{service}/.",
    )


_DUPLICATE = Finding(
    Code.DUPLICATE,
    "This very file was handed over before.",
    "Nothing was changed. Every download from Apple's portal is another file.",
    "If this was meant to be a new token, look for the file that was downloaded last.",
)
