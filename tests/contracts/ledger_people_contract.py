"""What every ledger promises of people, probes, messages, totals and retired services."""

from dataclasses import replace

import pytest

from fakes.values import DAY, HOUR, NOW, a_message, an_event
from tokenward.model.link import Link
from tokenward.model.person import PersonState, Standing
from tokenward.model.retirement import Retirement
from tokenward.model.target import Reading
from tokenward.model.token import TokenState
from tokenward.rotation.ledger import Ledger
from tokenward.rotation.record import PlannedProbe


class PeopleContract:
    """Part of ``LedgerContract``."""

    @pytest.fixture
    def ledger(self) -> Ledger:
        """Return an empty ledger."""
        raise NotImplementedError

    async def test_of_whom_nothing_is_known_the_standing_is_unknown(self, ledger):
        """A7, A8: what events told about a person, and nothing else."""
        state = PersonState("kim", Standing.ACTIVE, since=NOW, departs_at=NOW + DAY, confirmed_at=NOW - DAY)
        await ledger.write(lambda change: change.people.record(PersonState("kim", Standing.LOCKED)))
        await ledger.write(lambda change: change.people.record(state))
        assert await ledger.read(lambda change: change.people.state("kim")) == state
        assert await ledger.read(lambda change: change.people.state("ana")) == PersonState("ana")
        assert await ledger.read(lambda change: change.people.states()) == {"kim": state}

    async def test_links_are_kept_in_the_order_in_which_each_person_was_given_them(self, ledger):
        """B6.1: a number for each, and how it ended; the key is kept nowhere."""
        first, second = Link("kim", 1, NOW), Link("kim", 2, NOW + DAY)
        ended = replace(first, ended_at=NOW + HOUR, is_revoked=True)
        for link in (second, first, ended, Link("ana", 1, NOW)):
            await ledger.write(lambda change, link=link: change.links.record(link))
        assert await ledger.read(lambda change: change.links.all()) == (Link("ana", 1, NOW), ended, second)

    async def test_a_probe_is_asked_once_and_its_answer_kept(self, ledger):
        """B10.2: a verdict counts when a second, later one equals it."""
        valid = Reading(TokenState.VALID, "Apple took it.")
        event_id = await ledger.write(lambda change: change.inbox.add(an_event(), None, NOW))
        await ledger.write(lambda change: change.probes.plan("main", NOW, event_id))
        await ledger.write(lambda change: change.probes.plan("main", NOW + DAY, None))
        (probe,) = await ledger.read(lambda change: change.probes.due(NOW, 10))
        assert probe == PlannedProbe(probe.id, "main", NOW, event_id)
        assert await ledger.read(lambda change: change.probes.next_regular("main")) == NOW + DAY
        assert await ledger.read(lambda change: change.probes.next_regular("labs")) is None

        await ledger.write(lambda change: change.probes.record("main", probe.id, valid, NOW))
        silent = Reading(None, "No answer.", answered=False)
        await ledger.write(lambda change: change.probes.record("main", None, silent, NOW + HOUR))
        rejected = Reading(TokenState.REJECTED, "Apple refused it.")
        await ledger.write(lambda change: change.probes.record("main", None, rejected, NOW + 2 * HOUR))
        assert await ledger.read(lambda change: change.probes.due(NOW, 10)) == ()
        verdicts = await ledger.read(lambda change: change.probes.last_verdicts("main", 5))
        assert verdicts == ((NOW + 2 * HOUR, "rejected"), (NOW, "valid"))

    async def test_a_planned_probe_can_be_dropped(self, ledger):
        """A service that is no longer configured is asked nothing."""
        await ledger.write(lambda change: change.probes.plan("main", NOW, None))
        (probe,) = await ledger.read(lambda change: change.probes.due(NOW, 10))
        await ledger.write(lambda change: change.probes.drop(probe.id))
        assert await ledger.read(lambda change: change.probes.due(NOW, 10)) == ()

    async def test_nothing_is_said_twice_for_one_reason(self, ledger):
        """B11.2."""
        assert await ledger.write(lambda change: change.outbox.add(a_message("asked/r1"), NOW))
        assert not await ledger.write(lambda change: change.outbox.add(a_message("asked/r1"), NOW + DAY))
        assert await ledger.write(lambda change: change.outbox.add(a_message("asked/r2"), NOW))

    async def test_a_retirement_is_kept_until_it_is_forgotten(self, ledger):
        """B12.4: since when, and why; retiring again changes neither."""
        first = Retirement("labs", NOW, "its devices moved")
        await ledger.write(lambda change: change.retirements.record(first))
        await ledger.write(lambda change: change.retirements.record(Retirement("labs", NOW + DAY, "")))
        assert await ledger.read(lambda change: change.retirements.all()) == {"labs": first}
        await ledger.write(lambda change: change.retirements.forget("labs"))
        await ledger.write(lambda change: change.retirements.forget("none"))
        assert await ledger.read(lambda change: change.retirements.all()) == {}

    async def test_a_total_never_falls(self, ledger):
        """C8: counters only rise."""
        with pytest.raises(ValueError, match="fall"):
            await ledger.write(lambda change: change.tallies.add("events", {}, -1.0))
