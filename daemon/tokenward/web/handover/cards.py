"""What a personal page shows, service by service: how far it is, and what there is to do. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from tokenward.model.link import READABLE_FOR
from tokenward.model.organisation import Organisation
from tokenward.model.rotation import Rotation, State
from tokenward.model.service import Service
from tokenward.model.target import Abilities, BlockReason
from tokenward.model.token import DEAD, Expiry, InstalledToken
from tokenward.policy.asking import Ask, Part
from tokenward.policy.due import expiry_of
from tokenward.web.claimed import certificate_file, directions_for, is_cleared, needs_upload
from tokenward.web.handover.sentences import CAUSES, OBSTACLES, TROUBLES
from tokenward.web.overview import Overview
from tokenward.web.standing import needs_plan_b
from tokenward.web.status import shown_causes
from tokenward.web.steps import Directions


class Stage(StrEnum):
    """How far a service is, as its card shows it."""

    READY = "ready"
    """*Start now* can be pressed."""
    LOCKED = "locked"
    """Another service comes first."""
    TAKEN = "taken"
    """Somebody else is at it."""
    LOOKING = "looking"
    """They started; whether the way is clear is being looked at."""
    STUCK = "stuck"
    """The way is not clear: nothing is to be downloaded now."""
    STEPS = "steps"
    """Apple's steps are shown, and the file is waited for."""
    FIND = "find"
    """Somebody seems to have downloaded a token: its file is sought."""
    PREPARING = "preparing"
    """They were asked before, and are asked again once the way is prepared."""
    HAND_OFF = "hand_off"
    """The file is here; somebody is to hand it over in the product's own console, which takes none from us."""
    UNDER_WAY = "under_way"
    """The file is here; it is being installed and proven."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Card:
    """One service on the page."""

    service: Service
    organisation: Organisation
    rotation: Rotation
    stage: Stage
    why: tuple[str, ...]
    """Why a new token is needed, a sentence each."""
    is_dead: bool
    """Whether the token in use is known not to work."""
    is_first: bool
    """Whether the service never had a token."""
    expiry: Expiry | None
    """Of the token in use, which is the new one once it is installed."""
    held_by: str | None = None
    """Who is at it, where that is somebody else."""
    trouble: str | None = None
    """What is in the way."""
    directions: Directions | None = None
    certificate: str | None = None
    """Name of the certificate's file, where it has to be uploaded."""
    progress: tuple[tuple[str, str], ...] = ()
    """Stages as pairs of a state (done, now, stuck, ahead) and words."""
    by_hand: tuple[str, ...] = ()
    """The product's own way: where it is the only one, or once an installation has failed for a while."""
    product: str = ""
    """What the product is called to which it is handed over by hand."""
    account: str | None = None
    """With which account the reader signs in at Apple."""
    asks_account: bool = False
    """Whether the product wants to be told with which account the token was downloaded (B6.4)."""
    other_account: str | None = None
    """With whose account the token was downloaded, where that is not the reader's own."""

    @property
    def asks(self) -> bool:
        """Whether something is, or will be, asked of the reader here."""
        return self.stage not in {Stage.DONE, Stage.UNDER_WAY, Stage.TAKEN}

    @property
    def takes_file(self) -> bool:
        """Whether a file can be handed over here."""
        return self.stage in {Stage.STEPS, Stage.FIND}

    def outage(self, now: datetime) -> timedelta | None:
        """Return how long the old token was dead before the new one worked; None where that did not happen."""
        started_at = self.rotation.outage_started_at
        return None if started_at is None else max((self.rotation.outage_ended_at or now) - started_at, timedelta())


def cards_of(asks: tuple[Ask, ...], person: str, overview: Overview, products: "Products") -> tuple[Card, ...]:
    """Return a card for each of *asks*: the next service unlocks when the one before is proven (B6.2)."""
    cards, is_free = [], True
    for ask in asks:
        card = _card(ask, person, overview, products.get(ask.service.id))
        if card.stage is Stage.READY and not is_free:
            card = replace(card, stage=Stage.LOCKED)
        is_free = is_free and not _holds_others_off(card)
        cards.append(card)
    return tuple(cards)


Products = Mapping[str, Abilities]
"""The product to which a service's file may have to be handed over by hand, by the service's id."""


def done_cards(person: str, overview: Overview) -> Iterator[Card]:
    """Yield what *person* finished within the last day, the latest first."""
    closed = [
        rotation
        for record in overview.records.values()
        if (rotation := record.last_done) is not None and _is_fresh(rotation, person, overview)
    ]
    for rotation in sorted(closed, key=lambda one: one.closed_at or one.entered_at, reverse=True):
        service = overview.roster.services[rotation.service]
        other = _other_account(service, rotation, person, overview)
        yield replace(_plain(service, rotation, Stage.DONE, overview), other_account=other)


def _other_account(service: Service, rotation: Rotation, person: str, overview: Overview) -> str | None:
    """Return with whose account the token was downloaded, where Apple says that and it is not *person*'s."""
    own = overview.roster.account_of(person, service)
    by = rotation.downloader
    return by if by is not None and own is not None and by.casefold() != own.casefold() else None


def _is_fresh(rotation: Rotation, person: str, overview: Overview) -> bool:
    service = overview.roster.services.get(rotation.service)
    if service is None or rotation.closed_at is None or overview.now - rotation.closed_at >= READABLE_FOR:
        return False
    if service.id not in overview.asking_people or overview.record_of(service).rotation is not None:
        return False
    account = overview.roster.account_of(person, service)
    return rotation.actor == person or (account is not None and rotation.supplied_by == account)


def _card(ask: Ask, person: str, overview: Overview, product: Abilities | None) -> Card:
    rotation, stage = ask.rotation, _stage(ask, person, overview.now)
    card = replace(
        _plain(ask.service, rotation, stage, overview),
        account=overview.roster.account_of(person, ask.service),
        asks_account=product is not None and product.wants_account,
    )
    match stage:
        case Stage.TAKEN if rotation.claim is not None:
            holder = overview.roster.people.get(rotation.claim.person)
            return replace(card, held_by=holder.called if holder else rotation.claim.person)
        case Stage.STUCK if rotation.blocked is not None:
            return replace(card, trouble=OBSTACLES[rotation.blocked.reason])
        case Stage.STEPS:
            return replace(
                card,
                directions=directions_for(ask.service, rotation, overview),
                certificate=certificate_file(ask.service) if needs_upload(rotation) else None,
            )
        case Stage.HAND_OFF if product is not None:
            return replace(card, progress=_progress(rotation), by_hand=product.by_hand, product=product.title)
        case Stage.UNDER_WAY:
            return replace(
                card,
                progress=_progress(rotation),
                trouble=TROUBLES[rotation.blocked.reason] if rotation.blocked else None,
                by_hand=product.by_hand if product and needs_plan_b(rotation, overview.now) else (),
            )
        case _:
            return card


def _plain(service: Service, rotation: Rotation, stage: Stage, overview: Overview) -> Card:
    facts = overview.facts_of(service)
    return Card(
        service=service,
        organisation=overview.roster.organisation_of(service),
        rotation=rotation,
        stage=stage,
        why=tuple(CAUSES[cause] for cause in shown_causes(rotation.causes)),
        is_dead=_is_dead(facts.token) or rotation.outage_started_at is not None,
        is_first=facts.token is None,
        expiry=expiry_of(facts),
    )


def _is_dead(token: InstalledToken | None) -> bool:
    return token is not None and token.state in DEAD


def _stage(ask: Ask, person: str, now: datetime) -> Stage:
    rotation = ask.rotation
    match ask.part:
        case Part.WATCH:
            return Stage.HAND_OFF if _is_to_be_handed_off(rotation) else Stage.UNDER_WAY
        case Part.FIND:
            return Stage.FIND
        case Part.WAIT:
            return Stage.PREPARING
        case Part.DOWNLOAD:
            return _stage_of_download(rotation, person, now)


def _is_to_be_handed_off(rotation: Rotation) -> bool:
    """Return whether nobody has said yet that they handed the file over."""
    return rotation.waits_for_hand_off and any(
        one.by_hand and one.installed_at is None and one.attempted_at is None for one in rotation.installations
    )


def _stage_of_download(rotation: Rotation, person: str, now: datetime) -> Stage:
    claim = rotation.claim if rotation.claim and rotation.claim.until > now else None
    if claim is not None and claim.person != person:
        return Stage.TAKEN
    if claim is not None:
        return Stage.STEPS if is_cleared(rotation) else Stage.LOOKING
    if rotation.blocked is not None and rotation.blocked.reason is not BlockReason.WRONG_SERVER:
        return Stage.STUCK
    return Stage.READY


def _holds_others_off(card: Card) -> bool:
    """Return whether the next service has to wait for this one: it can be done, or is being done and gets on."""
    if card.stage is Stage.UNDER_WAY:
        return not card.by_hand
    return card.stage in {Stage.READY, Stage.LOOKING, Stage.STEPS, Stage.HAND_OFF}


_STAGES: Final = (
    (State.RECEIVED, "File received", "File received"),
    (State.CHECKED, "File checked", "Checking the file"),
    (State.INSTALLED, "Installed in the service", "Installing it in the service"),
    (State.PROVEN, "Seen to work", "Seeing whether the service works with it"),
)
"""What is true once a state is reached, and what is done until then."""


def _progress(rotation: Rotation) -> tuple[tuple[str, str], ...]:
    reached = [state for state, _, _ in _STAGES].index(rotation.state)
    ongoing = "stuck" if rotation.blocked is not None else "now"

    def shown(place: int, words: str, until_then: str) -> tuple[str, str]:
        if place <= reached:
            return "done", words
        return (ongoing, until_then) if place == reached + 1 else ("ahead", words)

    return tuple(shown(place, words, until_then) for place, (_, words, until_then) in enumerate(_STAGES))
