"""The fake that the engine's tests stand on keeps what real targets promise, and fails only when told to."""

from dataclasses import replace

import pytest

from contracts.target_contract import TargetContract, WatchContract
from fakes.target import MADE_AT, OTHER_SERVER_UUID, FakeTarget, a_token
from tokenward.crypto import parse_certificate
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Code, Finding, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.target import BlockReason, Delivery, KeyPolicy
from tokenward.model.token import TokenState
from tokenward.rotation.ports import Target


def an_envelope(digest: str, fake: FakeTarget) -> Envelope:
    """Return an envelope that names the fake's staged certificate."""
    recipients = () if fake.staged is None else (fake.staged.recipient,)
    return Envelope(b"file", b"cms", digest, recipients, "aes128_cbc", "rsaes_pkcs1v15")


class FakeCase:
    """The fake, as the contract wants it."""

    def __init__(self) -> None:
        self.fake = FakeTarget()
        self.target: Target = self.fake.target()
        self.nowhere: Target = FakeTarget(unreachable=True).target()

    async def envelope(self) -> Envelope:
        """Return an envelope for a key that was just fetched."""
        await self.fake.fetch_certificate("main")
        return an_envelope(f"digest {len(self.fake.fetches)}", self.fake)

    async def refused(self) -> Finding:
        """Hand over an envelope for a key that was overwritten."""
        stale = await self.envelope()
        await self.fake.fetch_certificate("another")
        receipt = await self.fake.install(Delivery("main", stale))
        assert receipt.refusal is not None
        return receipt.refusal


class TestFakeTarget(TargetContract):
    @pytest.fixture
    def case(self):
        """Return the fake."""
        return FakeCase()


class WatchedFakeCase:
    """The fake as a product that can only be read."""

    def __init__(self) -> None:
        self.fake = FakeTarget(installs=False, key_policy=KeyPolicy.NOT_FETCHED, shows_mark=True)
        self.fake.holds("old")
        self.target: Target = self.fake.target()
        self.nowhere: Target = replace(self.fake, unreachable=True).target()

    async def by_hand(self) -> None:
        """Put another token into its place."""
        self.fake.holds("new")


class TestWatchedFakeTarget(WatchContract):
    @pytest.fixture
    def case(self):
        """Return the fake."""
        return WatchedFakeCase()


@pytest.fixture
def fake():
    """Return a fake with a token in its place."""
    fake = FakeTarget()
    fake.holds("old")
    return fake


async def test_a_fake_that_is_away_raises_what_real_ones_raise(fake):
    """The ports say what may be raised, and nothing else is."""
    fake.unreachable = True
    for question in (fake.read_back(), fake.prove("", MADE_AT), fake.fetch_certificate("a")):
        with pytest.raises(Retryable):
            await question
    with pytest.raises(Retryable):
        await fake.install(Delivery("main", an_envelope("new", fake)))
    assert fake.uploads == []


async def test_a_fake_that_refuses_the_credential_says_so_everywhere(fake):
    """B4.1: it shows in the preflight before anybody is asked."""
    fake.refuses = True
    assert (await fake.preflight()).obstacles[0].reason is BlockReason.TARGET_REFUSED
    assert (await fake.install(Delivery("main", an_envelope("new", fake)))).refusal.code is Code.TARGET_REFUSED
    with pytest.raises(NeedsOperator):
        await fake.read_back()


async def test_a_mismatch_is_overruled_by_force_alone(fake):
    """B5.7: another consumer key is a question, not a failure."""
    fake.mismatch = True
    new = an_envelope("new", fake)
    assert (await fake.install(Delivery("main", new))).refusal.code is Code.CONSUMER_KEY_MISMATCH
    assert fake.held == a_token("old")
    assert (await fake.install(Delivery("main", new, forced=True))).refusal is None
    assert fake.uploads == ["new", "new"]


async def test_a_lost_answer_leaves_the_new_token_in_its_place(fake):
    """Promise 2: the next look at the evidence tells."""
    fake.lost_answers = 1
    with pytest.raises(OutcomeUnknown):
        await fake.install(Delivery("main", an_envelope("new", fake)))
    assert (await fake.read_back()).token_digest == a_token("new").digest


async def test_a_lagging_fake_shows_the_old_token_for_a_while(fake):
    """B4.6: a read-back that lags is waited for."""
    fake.lag = 2
    await fake.install(Delivery("main", an_envelope("new", fake)))
    shown = [(await fake.read_back()).token_digest for _ in range(3)]
    assert shown == [a_token("old").digest, a_token("old").digest, a_token("new").digest]


async def test_the_rung_is_never_beyond_the_limit(fake):
    """B8.1: the same session as before proves no more than that the token is held."""
    noted = await fake.note()
    assert (await fake.prove(noted, MADE_AT)).rung == 2
    await fake.install(Delivery("main", an_envelope("new", fake)))
    assert (await fake.prove(noted, MADE_AT)).rung == 3
    fake.rung_limit = 2
    assert (await fake.prove(noted, MADE_AT)).rung == 2


async def test_another_server_and_a_dead_token_are_shown_as_told(fake):
    """B2.4, B10.1: what Apple says through the product."""
    fake.server_uuid = OTHER_SERVER_UUID
    fake.verdict = TokenState.REJECTED
    reading = await fake.health()
    assert (reading.verdict, reading.server_uuid) == (TokenState.REJECTED, OTHER_SERVER_UUID)
    assert (await fake.read_back()).server_uuid == OTHER_SERVER_UUID


async def test_every_fetch_is_counted_and_makes_a_certificate_with_a_serial_of_its_own():
    """B3.1: a second fetch would spoil the first."""
    fake = FakeTarget()
    first, second = await fake.fetch_certificate("a"), await fake.fetch_certificate("b")
    assert fake.fetches == ["a", "b"]
    assert fake.staged is not None
    assert parse_certificate(first, fake.staged.not_before).recipient != fake.staged.recipient
    assert parse_certificate(second, fake.staged.not_before) == fake.staged


async def test_a_fixed_key_has_the_same_certificate_each_time():
    """One key for ever: a second fetch spoils nothing."""
    fake = FakeTarget(key_policy=KeyPolicy.FIXED)
    assert await fake.fetch_certificate("a") == await fake.fetch_certificate("b")


def test_a_fake_without_a_certificate_has_no_such_role():
    """What can't be fetched is not offered."""
    assert FakeTarget(key_policy=KeyPolicy.NOT_FETCHED).target().key_source is None
