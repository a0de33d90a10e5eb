"""What every store of secrets promises beyond ``HttpTargetContract``: it keeps file and values, and only its own.

A target's own tests subclass this and supply one ``case``, whose store stands behind ``fakes.troubles``.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import pytest

from contracts.http_target_contract import HttpTargetCase, HttpTargetContract
from contracts.target_contract import LONG_AGO, install, installer, is_believed, read_back
from fakes.apple_envelope import apple_cms, apple_file, apple_message
from fakes.apple_side import a_keypair
from fakes.target import a_token
from tokenward.crypto import parse_certificate, parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Retryable
from tokenward.model.target import NOTHING_HELD, BlockReason, Delivery

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def an_envelope() -> Envelope:
    """Return a new envelope, for a key that no store has."""
    certificate = parse_certificate(a_keypair("stored").certificate.encode(), NOW)
    return parse_envelope(apple_file(apple_cms(certificate, apple_message())))


class SecretStoreCase(HttpTargetCase, Protocol):
    """One place in a store, which holds a token already."""

    def fields(self) -> dict[str, str] | None:
        """Return what whoever reads the place finds there: the envelope in base64, and the values. None: nothing."""
        ...

    def hold(self, fields: dict[str, str] | None) -> None:
        """Put *fields* there by another hand than Tokenward's; None removes the token, as the store does it."""
        ...

    @property
    def writes(self) -> int:
        """How often it was written to."""
        ...

    def before_the_next_write(self, act: Callable[[], None]) -> None:
        """Let *act* happen after our look, just before what we write arrives."""
        ...


class Keeps:
    """What is the same in every case of a store: it takes any file, and opens none."""

    async def envelope(self) -> Envelope:
        """Return a new envelope."""
        return an_envelope()

    async def wrong_key(self) -> Envelope | None:
        """Return nothing: a store takes any."""

    async def foreign(self) -> Envelope | None:
        """Return nothing: a store shows no organisation."""


class SecretStoreContract(HttpTargetContract):
    """The promises. ``case`` is a fixture of the subclass."""

    finds_other_writers = True
    """Whether the store itself tells when somebody else was quicker."""

    @pytest.fixture
    def case(self) -> SecretStoreCase:
        """Return the place under test."""
        raise NotImplementedError

    async def test_the_file_lies_there_exactly_as_it_came(self, case):
        """A14: whoever reads it meets what Apple's portal gave, and where it can't be opened nothing beside it."""
        envelope = await case.envelope()
        await install(case.target, envelope)
        assert case.fields() == {"envelope": base64.b64encode(envelope.original).decode()}

    async def test_the_values_lie_beside_it_where_they_are_known(self, case):
        """A14: under the names that Apple gives them."""
        token = a_token("new", NOW)
        receipt = await installer(case.target).install(Delivery("main", await case.envelope(), token))
        assert receipt.refusal is None
        fields = case.fields()
        assert fields.pop("envelope")
        assert fields == token.reveal_values()

    async def test_values_of_an_older_token_do_not_stay_beside_a_newer_envelope(self, case):
        """Whoever reads both must not mix them."""
        await installer(case.target).install(Delivery("main", await case.envelope(), a_token("old", NOW)))
        await install(case.target, await case.envelope())
        assert case.fields().keys() == {"envelope"}

    async def test_values_that_become_known_later_are_added(self, case):
        """A14: the same envelope, now opened."""
        envelope = await case.envelope()
        await install(case.target, envelope)
        await installer(case.target).install(Delivery("main", envelope, a_token("new", NOW)))
        assert case.fields()["consumer_key"]

    async def test_what_lies_there_already_is_not_written_again(self, case):
        """Promise 2: no second version of the same, which would push an older one out."""
        envelope = await case.envelope()
        await install(case.target, envelope)
        before = case.writes
        await install(case.target, envelope)
        assert case.writes == before

    async def test_an_older_token_can_be_put_back(self, case):
        """A6: what is asked for last is what lies there."""
        older = await case.envelope()
        await install(case.target, older)
        await install(case.target, await case.envelope())
        held = await read_back(case.target).read_back()
        receipt = await install(case.target, older)
        assert is_believed(held, await read_back(case.target).read_back(), older, receipt)

    async def test_an_empty_place_holds_nothing_and_takes_a_token(self, case):
        """B1.3: the store says so itself."""
        case.hold(None)
        assert await read_back(case.target).read_back() == NOTHING_HELD
        assert (await case.target.gate.preflight()).is_clear
        envelope = await case.envelope()
        receipt = await install(case.target, envelope)
        assert is_believed(NOTHING_HELD, await read_back(case.target).read_back(), envelope, receipt)

    @pytest.mark.parametrize(
        "fields", [{"password": "of somebody"}, {"envelope": "AAAA", "owner": "team"}], ids=["other", "more"]
    )
    async def test_what_is_not_ours_is_never_overwritten(self, case, fields):
        """It never makes things worse: a wrong path shows before anybody is asked."""
        case.hold(fields)
        preflight = await case.target.gate.preflight()
        assert [one.reason for one in preflight.obstacles] == [BlockReason.TARGET_REFUSED]
        receipt = await install(case.target, await case.envelope())
        assert receipt.refusal is not None
        assert case.fields() == fields
        assert "somebody" not in receipt.refusal.text()

    async def test_a_damaged_envelope_is_present_and_nothing_more(self, case):
        """B1.3: unreadable is unknown, not unlinked; and it is replaced."""
        case.hold({"envelope": "AAAA"})
        held = await read_back(case.target).read_back()
        assert (held.present, held.envelope) == (True, None)
        assert case.target.prover is not None
        assert (await case.target.prover.prove("", LONG_AGO)).rung == 0
        assert (await install(case.target, await case.envelope())).refusal is None

    async def test_two_writers_at_once_are_found_and_nothing_is_overwritten(self, case):
        """Promise 1: never blindly; the next attempt looks again."""
        if not self.finds_other_writers:
            pytest.skip("this store does not tell who was quicker")
        theirs = base64.b64encode(an_envelope().original).decode()
        case.before_the_next_write(lambda: case.hold({"envelope": theirs}))
        ours = await case.envelope()
        with pytest.raises(Retryable) as raised:
            await install(case.target, ours)
        assert "same moment" in raised.value.finding.happened
        assert case.fields() == {"envelope": theirs}
        assert (await install(case.target, ours)).refusal is None
        assert case.fields() == {"envelope": base64.b64encode(ours.original).decode()}

    async def test_nobody_can_tell_how_the_token_is(self, case):
        """B8.5, B10.1: cannot tell, never valid; and no more than rung 2."""
        await install(case.target, await case.envelope())
        assert (await case.target.health.health()).verdict is None
        assert case.target.abilities.strongest_rung == 2
