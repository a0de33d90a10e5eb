"""Who opens a personal page, by which link, and what there is for them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from tokenward.model.link import Link
from tokenward.model.person import Person
from tokenward.model.service import Service
from tokenward.model.target import Abilities
from tokenward.model.token import Basis, Expiry
from tokenward.policy.asking import Situation
from tokenward.rotation.ports import ServiceWorld, World
from tokenward.web.handover.cards import Card, Stage, cards_of, done_cards
from tokenward.web.overview import Overview
from tokenward.web.read_model import Views

FindLink = Callable[[str, tuple[Link, ...]], Link | None]
"""Returns the link that a key opens; it takes as long whether or not there is one."""


class Standing(StrEnum):
    """What a link still does."""

    OPEN = "open"
    READ_ONLY = "read_only"
    """Nothing is open any more; how it ended can still be read."""
    OVER = "over"
    """It was somebody's and shows nothing any more."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a personal page."""

    now: datetime
    standing: Standing
    person: Person | None = None
    cards: tuple[Card, ...] = ()
    confirms: tuple[Service, ...] = ()
    """Services of which the person, a deputy, is to say that they can be seen."""
    zone: tzinfo = UTC
    """The person's own time, in which messages tell them of it too."""

    def card(self, service: str) -> Card | None:
        """Return the card of *service*, unless it is done with."""
        return next((one for one in self.cards if one.service.id == service and one.stage is not Stage.DONE), None)

    def done_card(self, service: str) -> Card | None:
        """Return the card of *service*, if it is done with."""
        return next((one for one in self.cards if one.service.id == service and one.stage is Stage.DONE), None)

    @property
    def open_cards(self) -> tuple[Card, ...]:
        """The services that are not done with."""
        return tuple(card for card in self.cards if card.stage is not Stage.DONE)

    @property
    def tomorrow(self) -> date:
        """The first day on which somebody can be reminded."""
        return self.now.astimezone(self.zone).date() + timedelta(days=1)

    def last_day(self, card: Card) -> date:
        """Return the last day for a reminder at *card*: the day that it is due, or the first one after that."""
        return max(card.rotation.due_at.astimezone(self.zone).date(), self.tomorrow)

    def zone_of(self, expiry: Expiry) -> tzinfo:
        """Return in which zone *expiry* is a day: one that somebody stated begins in UTC."""
        return UTC if expiry.basis is Basis.STATED else self.zone

    @property
    def looks_again_after(self) -> int | None:
        """After how many seconds a page without a script looks again; None where that takes something away.

        Where a file or a day may be chosen, it would be gone.
        """
        stages = {card.stage for card in self.cards}
        if stages & {Stage.STEPS, Stage.FIND, Stage.READY}:
            return None
        if stages & {Stage.LOOKING, Stage.UNDER_WAY, Stage.PREPARING}:
            return 3
        return 30 if stages & {Stage.STUCK, Stage.TAKEN} else None

    @property
    def what_shows(self) -> object:
        """Return what makes the page look different; the time alone does not."""
        return self.standing, self.person, self.confirms, tuple(_without_revision(card) for card in self.cards)


def visit(key: str, find: FindLink, world: World, views: Views, now: datetime) -> Visit:
    """Return what the link with *key* shows at *now*."""
    links = views.links()
    link = find(key, links)
    if link is None:
        return Visit(now, Standing.UNKNOWN)
    overview = Overview.of_world(world, views, now)
    everything = tuple(overview.facts_of(service) for service in world.roster.services.values())
    situation = Situation(world.roster, overview.people, everything, now)
    person = world.roster.people.get(link.person)
    standing = _standing(link, links, situation)
    if person is None or standing is Standing.OVER:
        return Visit(now, Standing.OVER, person)
    products = {service: _done_by_hand(served) for service, served in world.services.items()}
    asked = cards_of(situation.asks_of(person.id), person.id, overview, products)
    confirms = situation.services_to_confirm(person.id) if situation.owes_confirmation(person.id) else ()
    cards = (*asked, *done_cards(person.id, overview))
    return Visit(now, standing, person, cards, confirms, (person.quiet or world.roster.quiet).zone)


def _done_by_hand(served: ServiceWorld) -> Abilities:
    """Return the product to which a file is handed over by hand: one that takes none from us, else the first."""
    product = next((one for one in served.targets if one.installer is None), served.targets[0]).abilities
    return replace(product, wants_account=any(one.abilities.wants_account for one in served.targets))


def _standing(link: Link, links: tuple[Link, ...], situation: Situation) -> Standing:
    """Return how *link* stands by what is open now, even where its row still lags behind."""
    is_latest = all(other.number <= link.number for other in links if other.person == link.person)
    if not is_latest or not situation.may_be_told(link.person):
        return Standing.OVER
    if link.ended_at is None and situation.is_open_for(link.person):
        return Standing.OPEN
    if not link.is_readable(situation.now) or (link.ended_at is None and situation.is_moved_on_from(link.person)):
        return Standing.OVER
    return Standing.READ_ONLY


def _without_revision(card: Card) -> Card:
    still = replace(card.rotation, revision=0, wake_at=card.rotation.opened_at, attempts=0, attempted_at=None)
    return replace(card, rotation=replace(still, installations=()))
