"""What every target promises, whatever the product. A target's own tests subclass this and supply one ``case``."""

from datetime import UTC, datetime
from typing import Protocol

import pytest
from typing_extensions import override

from tokenward.model.envelope import Envelope
from tokenward.model.finding import Finding
from tokenward.model.target import BlockReason, Delivery, Holding, Receipt
from tokenward.rotation.ports import Installer, ReadBack, Target

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
LOOKS = 2
"""How often a proof is asked for: some products answer only the next time what they were asked the last."""


class WatchCase(Protocol):
    """One target under test, and what the contract needs around it."""

    @property
    def target(self) -> Target:
        """The target, which works."""
        ...

    @property
    def nowhere(self) -> Target:
        """A target of the same kind that can't be reached."""
        ...


class ReadOnlyCase(WatchCase, Protocol):
    """A target that takes no file from us, and holds a token."""

    async def by_hand(self) -> None:
        """Put a new token into it, as somebody does in its console."""
        ...


class TargetCase(WatchCase, Protocol):
    """A target that takes a file."""

    async def envelope(self) -> Envelope:
        """Return a new envelope that the target takes now."""
        ...

    async def refused(self) -> Finding:
        """Hand over an envelope that the target refuses, and return why it does."""
        ...


class WatchContract:
    """The promises of everything that can be read. ``case`` is a fixture of the subclass.

    Products that can only be read subclass this, those that take a file ``TargetContract``.
    """

    @pytest.fixture
    def case(self) -> WatchCase:
        """Return the target under test."""
        raise NotImplementedError

    def test_it_has_the_roles_that_it_declares(self, case):
        """A14: tables, checks and documents are made from what it declares."""
        target, can = case.target, case.target.abilities
        assert (target.installer is not None) == can.installs
        assert (target.read_back is not None) == can.reads_back
        assert (target.key_source is not None) == can.key_policy.is_fetched

    async def test_the_way_to_a_target_that_works_is_clear(self, case):
        """B4.1: nothing stands in the way, and the question changes nothing."""
        held = await read_back(case.target).read_back()
        assert (await case.target.gate.preflight()).is_clear
        assert await read_back(case.target).read_back() == held

    async def test_another_token_is_told_from_the_one_before_or_can_never_be_told(self, case):
        """B8.4: what shows by itself needs nobody's word, and changes with the token alone."""
        before = await read_back(case.target).read_back()
        assert _shown(await read_back(case.target).read_back()) == _shown(before)
        await self.put_a_new_one(case)
        after = await read_back(case.target).read_back()
        assert _shown(after) is None or _shown(after) != _shown(before)
        assert _shown(before) is None or _shown(after) is not None

    async def test_a_new_token_is_proven_as_strongly_as_the_target_declares(self, case):
        """B8.1: the strongest rung is one that can be reached, and none is claimed beyond it."""
        noted = await self.noted(case)
        await self.put_a_new_one(case)
        assert case.target.prover is not None
        proofs = [await case.target.prover.prove(noted, LONG_AGO) for _ in range(LOOKS)]
        assert max(one.rung for one in proofs) == case.target.abilities.strongest_rung
        assert all(one.why for one in proofs)

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
        """B10.1: what a target can't tell it never claims, with the one token and with the next."""
        before = await case.target.health.health()
        await self.put_a_new_one(case)
        after = await case.target.health.health()
        assert {before.verdict, after.verdict} <= case.target.abilities.verdicts | {None}
        assert after.holding is not None
        assert after.holding.present

    async def put_a_new_one(self, case) -> None:
        """Have the target hold a new token, in its own way."""
        await case.by_hand()

    async def noted(self, case) -> str:
        """Return what a later proof is compared with: nothing, where somebody else hands over."""
        del case
        return ""


class TargetContract(WatchContract):
    """The promises of a target that takes a file. ``case`` is a fixture of the subclass."""

    @override
    async def put_a_new_one(self, case) -> None:
        await install(case.target, await case.envelope())

    @override
    async def noted(self, case) -> str:
        return await installer(case.target).note()

    async def test_what_was_installed_is_read_back(self, case):
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


def _shown(held: Holding) -> str | None:
    """Return by what *held* can be told from another token."""
    return held.envelope or held.shown


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
