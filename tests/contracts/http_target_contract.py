"""What every product that is asked over HTTP promises beyond its contract: whatever it answers stays its own.

A target's own tests subclass one of these and supply one ``case``, whose product stands behind ``fakes.troubles``:
``HttpWatchContract`` where the product can only be read, ``HttpTargetContract`` where it takes a file.
"""

import logging
from contextlib import suppress
from typing import Protocol

import pytest
import structlog
from starlette.responses import PlainTextResponse
from typing_extensions import override

from contracts.target_contract import (
    LONG_AGO,
    TargetCase,
    TargetContract,
    WatchCase,
    WatchContract,
    install,
    installer,
    is_believed,
    is_same_token,
    read_back,
)
from fakes.troubles import AWAY, HANGS, MANY, NOTHING, OUT_OF_ORDER, THROTTLED, Trouble, Troubles, moved
from fakes.web import serving
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Code, NeedsOperator, OutcomeUnknown, Retryable, TokenwardError
from tokenward.model.target import BlockReason, Delivery
from tokenward.rotation.ports import Target


class HttpWatchCase(WatchCase, Protocol):
    """One product behind its troubles. It holds a token already, and its adapter waits at most a second."""

    @property
    def troubles(self) -> Troubles:
        """What is in its way."""
        ...

    @property
    def credential(self) -> str:
        """The secret by which it is asked."""
        ...

    @property
    def locked_out(self) -> Target:
        """The same with a credential that the product does not take."""
        ...


class HttpTargetCase(HttpWatchCase, TargetCase, Protocol):
    """One product behind its troubles, which takes a file."""

    @property
    def upload(self) -> tuple[str, str]:
        """Method, and a piece of the path, of the request that hands an envelope over."""
        ...

    async def wrong_key(self) -> Envelope | None:
        """Return an envelope that was made for another key than the product's; None where it takes any, unopened."""
        ...

    async def foreign(self) -> Envelope | None:
        """Return an envelope of another organisation and service, or None where the product shows neither."""
        ...


class HttpWatchContract(WatchContract):
    """The promises of everything that is read over HTTP. ``case`` is a fixture of the subclass."""

    @pytest.fixture
    def case(self) -> HttpWatchCase:
        """Return the target under test."""
        raise NotImplementedError

    @pytest.mark.parametrize("trouble", MANY, ids=lambda one: one.name)
    async def test_whatever_is_answered_is_no_verdict_and_no_fault_of_ours(self, case, trouble):
        """B10.2: an answer of any size, type or encoding is an error of that target alone."""
        case.troubles.now = trouble

        assert (await case.target.health.health()).verdict is None
        assert not (await case.target.gate.preflight()).is_clear
        with pytest.raises((Retryable, NeedsOperator)) as raised:
            await read_back(case.target).read_back()
        assert raised.value.finding.do
        assert "oops" not in raised.value.finding.text()

    async def test_a_product_that_hangs_is_not_waited_for(self, case):
        """B10.2: as an outage."""
        case.troubles.now = HANGS
        reading = await case.target.health.health()
        assert (reading.verdict, reading.answered) == (None, False)

    async def test_throttling_says_for_how_long(self, case):
        """Rate limits: what the product asks for is passed on to whoever asks again."""
        case.troubles.now = THROTTLED
        with pytest.raises(Retryable) as raised:
            await read_back(case.target).read_back()
        assert raised.value.retry_after_seconds == 7

    async def test_a_credential_that_is_not_taken_is_the_operators_business(self, case):
        """B4.1: it won't mend itself, and is no word about the token."""
        preflight = await case.locked_out.gate.preflight()
        assert [one.reason for one in preflight.obstacles] == [BlockReason.TARGET_REFUSED]
        assert (await case.locked_out.health.health()).verdict is None
        with pytest.raises(NeedsOperator):
            await read_back(case.locked_out).read_back()

    async def test_a_redirect_is_never_followed(self, case):
        """The credential goes where it was configured to go, and nowhere else."""
        elsewhere = Troubles(PlainTextResponse("mine now"))
        async with serving(elsewhere) as url:
            case.troubles.now = moved(url)
            await self.try_everything(case)
        assert elsewhere.seen == []

    async def test_no_secret_is_logged_or_said(self, case, caplog):
        """Secrets: in no log, message or finding, whatever happens."""
        caplog.set_level(logging.DEBUG)
        with structlog.testing.capture_logs() as events:
            texts = await self.try_everything(case)
            for trouble in (OUT_OF_ORDER, AWAY):
                case.troubles.now = trouble
                texts += await self.try_everything(case)
        heard = "\n".join([caplog.text, repr(events), *texts])
        for secret in (case.credential, "CS_", "AS_", "AT_"):
            assert secret not in heard

    async def try_everything(self, case) -> list[str]:
        """Use every role, and return every word that was said."""
        target: Target = case.target
        said = [repr(await target.health.health()), repr(await target.gate.preflight())]
        said.append(await _said(read_back(target).read_back()))
        if target.key_source is not None:
            said.append(await _said(target.key_source.fetch_certificate("try-everything")))
        if target.prover is not None:
            said.append(await _said(target.prover.prove("", LONG_AGO)))
        if target.finder is not None:
            said.append(await _said(target.finder.find_all()))
        return said


class HttpTargetContract(HttpWatchContract, TargetContract):
    """The promises of what takes a file over HTTP. ``case`` is a fixture of the subclass."""

    @pytest.fixture
    def case(self) -> HttpTargetCase:
        """Return the target under test."""
        raise NotImplementedError

    @pytest.mark.parametrize("trouble", [THROTTLED, AWAY], ids=lambda one: one.name)
    async def test_an_upload_that_was_turned_away_is_tried_again(self, case, trouble):
        """B2.1: nothing was taken, and that is known."""
        envelope = await case.envelope()
        held = await read_back(case.target).read_back()
        self._in_the_way_of_uploads(case, trouble)
        with pytest.raises(Retryable):
            await installer(case.target).install(Delivery("main", envelope))
        case.troubles.now = None
        assert is_same_token(await read_back(case.target).read_back(), held)
        await self._is_installed_now(case, envelope)

    @pytest.mark.parametrize(
        "trouble",
        [
            Trouble("hangs", after=True, hangs=True),
            Trouble("out of order", 500, b"oops", after=True),
            Trouble("breaks off", after=True, breaks_off=True),
        ],
        ids=lambda one: one.name,
    )
    async def test_an_upload_whose_answer_was_lost_is_found_out_and_does_no_harm_twice(self, case, trouble):
        """Promise 2: the product took it, and nobody heard."""
        before = await read_back(case.target).read_back()
        envelope = await case.envelope()
        self._in_the_way_of_uploads(case, trouble)
        with pytest.raises(OutcomeUnknown):
            await installer(case.target).install(Delivery("main", envelope))
        case.troubles.now = None
        held = await read_back(case.target).read_back()
        assert not is_same_token(held, before)
        await self._is_installed_now(case, envelope, before=before)

    @pytest.mark.parametrize("trouble", [HANGS, OUT_OF_ORDER], ids=lambda one: one.name)
    async def test_an_upload_that_got_lost_leaves_the_old_token(self, case, trouble):
        """It never makes things worse: nobody knows, so it is looked at before it is done again."""
        envelope = await case.envelope()
        held = await read_back(case.target).read_back()
        self._in_the_way_of_uploads(case, trouble)
        with pytest.raises(OutcomeUnknown):
            await installer(case.target).install(Delivery("main", envelope))
        case.troubles.now = None
        assert is_same_token(await read_back(case.target).read_back(), held)
        await self._is_installed_now(case, envelope)

    @pytest.mark.parametrize("trouble", [NOTHING, *MANY[3:9]], ids=lambda one: one.name)
    async def test_an_upload_that_is_answered_with_nonsense_is_judged_by_what_shows(self, case, trouble):
        """A2: nothing is believed for an answer alone."""
        envelope = await case.envelope()
        before = await read_back(case.target).read_back()
        self._in_the_way_of_uploads(case, trouble)
        with suppress(OutcomeUnknown):
            receipt = await installer(case.target).install(Delivery("main", envelope))
            assert receipt.token_digest is None
            assert receipt.mark is None
        case.troubles.now = None
        assert is_same_token(await read_back(case.target).read_back(), before)

    async def test_a_token_for_another_key_is_refused_as_such_or_as_not_taken(self, case):
        """B5.1: and nothing of it is kept."""
        wrong = await case.wrong_key()
        if wrong is None:
            pytest.skip("this product opens no file, so it takes any")
        held = await read_back(case.target).read_back()
        receipt = await install(case.target, wrong)
        assert receipt.refusal is not None
        assert receipt.refusal.code in {Code.WRONG_KEY, Code.TARGET_ANSWER}
        assert is_same_token(await read_back(case.target).read_back(), held)

    async def test_another_organisations_token_is_seen_to_be_foreign(self, case):
        """B2.4: before or after, as the product lets us know."""
        foreign = await case.foreign()
        if foreign is None:
            pytest.skip("this product shows neither organisation nor service")
        before = await read_back(case.target).read_back()
        noted = await installer(case.target).note()
        receipt = await install(case.target, foreign)
        if receipt.refusal is None:
            assert case.target.prover is not None
            proof = await case.target.prover.prove(noted, LONG_AGO)
            assert proof.is_foreign or (proof.server_uuid and proof.server_uuid != before.server_uuid)

    async def _is_installed_now(self, case, envelope, before=None) -> None:
        before = before or await read_back(case.target).read_back()
        receipt = await install(case.target, envelope)
        assert receipt.refusal is None
        assert is_believed(before, await read_back(case.target).read_back(), envelope, receipt)

    def _in_the_way_of_uploads(self, case, trouble: Trouble) -> None:
        case.troubles.now, case.troubles.only = trouble, case.upload

    @override
    async def try_everything(self, case) -> list[str]:
        said = await super().try_everything(case)
        said.append(await _said(installer(case.target).note()))
        refused = await case.wrong_key() or await case.envelope()
        said.append(await _said(installer(case.target).install(Delivery("main", refused))))
        return said


async def _said(role) -> str:
    try:
        return repr(await role)
    except TokenwardError as error:
        return f"{error!r} {error.finding.text()}"
