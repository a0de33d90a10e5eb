"""Numbers of people's links: one is made when something opens for a person, and ends when nothing is open any more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from tokenward.model.link import Link
from tokenward.policy.asking import Situation
from tokenward.rotation.engine import facts_of
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import Tools, World


@dataclass(frozen=True, slots=True)
class Links:
    """Keeps the links in step with what is open."""

    tools: Tools
    world: Callable[[], World]

    async def settle(self) -> None:
        """Make the links that are missing, and end those whose person has nothing open.

        Raises:
            Retryable: The store can't be read or written now.
        """
        world, now = self.world(), self.tools.clock.now()
        if await self.tools.ledger.read(lambda change: _changes(change, world, now)):
            await self.tools.ledger.write(lambda change: _settle(change, world, now))


def situation_of(change: Change, world: World, now: datetime) -> Situation:
    """Return how things stand with every service of *world*."""
    people = change.people.states()
    services = tuple(facts_of(change, served, world.roster, people) for served in world.services.values())
    return Situation(world.roster, people, services, now)


def due_changes(links: tuple[Link, ...], situation: Situation) -> Iterator[Link]:
    """Yield every link that is to be made or ended, so that *links* tell what is open in *situation*."""
    latest = {link.person: link for link in links}
    for person in situation.roster.people:
        link = latest.get(person)
        if situation.is_open_for(person) and (link is None or link.ended_at is not None):
            yield Link(person, link.number + 1 if link else 1, situation.now)
    for person, link in latest.items():
        if link.ended_at is None and not situation.is_open_for(person):
            revoked = not situation.may_be_told(person) or situation.is_moved_on_from(person)
            yield replace(link, ended_at=situation.now, is_revoked=revoked)


def _changes(change: Change, world: World, now: datetime) -> tuple[Link, ...]:
    return tuple(due_changes(change.links.all(), situation_of(change, world, now)))


def _settle(change: Change, world: World, now: datetime) -> None:
    for link in _changes(change, world, now):
        change.links.record(link)
        change.audit.record(now, _what(link), None, {"person": link.person, "number": str(link.number)})


def _what(link: Link) -> str:
    if link.ended_at is None:
        return "link.made"
    return "link.revoked" if link.is_revoked else "link.ended"
