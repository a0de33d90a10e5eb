"""What every target promises, whatever the product. A target's own tests subclass this and supply one ``case``."""

from datetime import UTC, datetime
from typing import Protocol

import pytest

from tokenward.model.envelope import Envelope
from tokenward.model.finding import Finding
from tokenward.model.target import BlockReason, Delivery, Holding, Receipt
from tokenward.rotation.ports import Installer, ReadBack, Target

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class TargetCase(Protocol):
    """One target under test, and what the contract needs around it."""

    @property
    def target(self) -> Target:
        """The target, which works."""
        ...

    @property
    def nowhere(self) -> Target:
        """A target of the same kind that can't be reached."""
        ...

    async def envelope(self) -> Envelope:
        """Return a new envelope that the target takes now."""
        ...

    async def refused(self) -> Finding:
        """Hand over an envelope that the target refuses, and return why it does."""
        ...


class TargetContract:
    """The promises. ``case`` is a fixture of the subclass."""

    @pytest.fixture
    def case(self) -> TargetCase:
        """Return the target under test."""
        raise NotImplementedError

    async def test_the_way_to_a_target_that_works_is_clear(self, case):
        """B4.1: nothing stands in the way, and the question changes nothing."""
        held = await read_back(case.target).read_back()
        assert (await case.target.gate.preflight()).is_clear
        assert await read_back(case.target).read_back() == held

    async def test_what_was_installed_isread_back(self, case):
        """A2: an installation is believed when it is read back."""
        before = await read_back(case.target).read_back()
        envelope = await case.envelope()
        receipt = await install(case.target, envelope)
        assert receipt.refusal is None
        assert is_believed(before, await read_back(case.target).read_back(), envelope, receipt)

    async def test_installing_the_same_envelope_twice_changes_nothing(self, case):
        """Promise 2: what is repeated after a crash does no harm."""
        envelope = await case.envelope()
        first = await install(case.target, envelope)
        held = await read_back(case.target).read_back()
        second = await install(case.target, envelope)
        assert second == first
        assert await read_back(case.target).read_back() == held

    async def test_a_newer_envelope_takes_the_place_of_the_older(self, case):
        """A6: the active token is replaced."""
        older = await case.envelope()
        before = await install(case.target, older)
        between = await read_back(case.target).read_back()
        newer = await case.envelope()
        after = await install(case.target, newer)
        held = await read_back(case.target).read_back()
        assert is_believed(between, held, newer, after)
        assert not is_believed(held, held, older, before)

    async def test_a_refused_upload_leaves_the_old_token_in_place(self, case):
        """It never makes things worse."""
        await install(case.target, await case.envelope())
        held = await read_back(case.target).read_back()
        finding = await case.refused()
        assert finding.do
        assert is_same_token(await read_back(case.target).read_back(), held)

    async def test_the_first_installation_is_proven_as_strongly_as_the_target_declares(self, case):
        """B8.1: the strongest rung is one that can be reached, and none is claimed beyond it."""
        noted = await installer(case.target).note()
        await install(case.target, await case.envelope())
        assert case.target.prover is not None
        proof = await case.target.prover.prove(noted, LONG_AGO)
        if proof.rung < case.target.abilities.strongest_rung:  # it had to be told to speak with Apple
            proof = await case.target.prover.prove(noted, LONG_AGO)
        assert proof.rung == case.target.abilities.strongest_rung
        assert proof.why

    async def test_an_unreachable_target_is_named_with_a_remedy(self, case):
        """B4.1: the preflight never raises for its answer."""
        preflight = await case.nowhere.gate.preflight()
        assert [obstacle.reason for obstacle in preflight.obstacles] == [BlockReason.TARGET_UNREACHABLE]
        assert preflight.obstacles[0].remedy

    async def test_the_health_of_an_unreachable_target_is_no_verdict(self, case):
        """B10.2: an outage says nothing about the token, and is no exception."""
        reading = await case.nowhere.health.health()
        assert (reading.verdict, reading.answered) == (None, False)
        assert reading.why

    async def test_a_verdict_is_one_of_those_that_the_target_declares(self, case):
        """B10.1: what a target can't tell it never claims, before and after an installation."""
        before = await case.target.health.health()
        await install(case.target, await case.envelope())
        after = await case.target.health.health()
        assert {before.verdict, after.verdict} <= case.target.abilities.verdicts | {None}
        assert after.holding is not None
        assert after.holding.present


def installer(target: Target) -> Installer:
    """Return the role, which it has."""
    assert target.installer is not None
    return target.installer


def read_back(target: Target) -> ReadBack:
    """Return the role, which it has."""
    assert target.read_back is not None
    return target.read_back


async def install(target: Target, envelope: Envelope) -> Receipt:
    """Hand *envelope* over."""
    return await installer(target).install(Delivery("main", envelope))


def is_same_token(held: Holding, before: Holding) -> bool:
    """Return whether both show one token; what Apple says of it may have changed meanwhile."""
    return (held.present, held.envelope, held.shown, held.expires_at) == (
        before.present,
        before.envelope,
        before.shown,
        before.expires_at,
    )


def is_believed(before: Holding, held: Holding, envelope: Envelope, receipt: Receipt) -> bool:
    """Return whether *held* shows *envelope*: by the file, by what was answered, or by being another than *before*."""
    if held.envelope is not None:
        return held.envelope == envelope.digest
    answered = receipt.token_digest or receipt.mark
    return held.shown is not None and (held.shown == answered if answered else held.shown != before.shown)
