"""The MicroMDM target against a fake that answers as MicroMDM's source says, over real HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.http_target_contract import HttpTargetContract
from contracts.target_contract import LONG_AGO, install
from fakes.apple_side import ANA, BEGIN, FOREIGN_ORG, FOREIGN_UUID, KIM, SERVER_UUID, AppleSide, a_keypair
from fakes.micromdm import API_KEY, MicroMdm
from fakes.troubles import AWAY, Trouble, Troubles
from fakes.web import NOWHERE, serving
from tokenward.crypto import parse_certificate, parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Code, Finding, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import NOTHING_HELD, BlockReason
from tokenward.model.token import TokenState
from tokenward.targets.micromdm import Settings, build

FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)


class MicroMdmCase:
    """One MicroMDM with one token, which works."""

    upload = ("PUT", "/v1/dep-tokens")
    credential = API_KEY

    def __init__(self, micromdm: MicroMdm, troubles: Troubles, url: str) -> None:
        self.micromdm, self.troubles, self.url = micromdm, troubles, url
        self.apple = micromdm.apple
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(api_key="wrong")

    def build(self, api_key=API_KEY, **words):
        """Return a target of this MicroMDM, with other settings where *words* says so."""
        table = {"kind": "micromdm", "url": self.url, "api_key": {"env": "KEY"}, "timeout": "1s"}
        return build(Settings.model_validate(table | words), api_key=Secret(api_key))

    async def envelope(self, user=ANA) -> Envelope:
        """Return what somebody downloads, by default another person than before, so that Apple's answer shows it."""
        return parse_envelope(self.apple.download(self.micromdm.certificate, user))

    async def wrong_key(self) -> Envelope:
        """Return what was downloaded for another server's certificate."""
        return parse_envelope(self.apple.download(a_keypair("another").certificate, server_uuid="OTHER"))

    async def foreign(self) -> Envelope:
        """Return what was downloaded in another organisation, where this server's certificate stands too."""
        file = self.apple.download(self.micromdm.certificate, org=FOREIGN_ORG, server_uuid=FOREIGN_UUID)
        return parse_envelope(file)

    async def refused(self) -> Finding:
        """Hand over a token for another key, and return why it is refused."""
        receipt = await install(self.target, await self.wrong_key())
        assert receipt.refusal is not None
        return receipt.refusal

    async def rotate(self, user=KIM) -> str:
        """Download a new token, then look and hand it over, as a rotation does; return what was noted between."""
        envelope = await self.envelope(user)
        noted = await self.target.installer.note()
        assert (await install(self.target, envelope)).refusal is None
        return noted


@pytest.fixture
def micromdm():
    """Return a MicroMDM with one token."""
    micromdm = MicroMdm(AppleSide())
    assert micromdm.holds(micromdm.apple.download(micromdm.certificate))
    return micromdm


@pytest.fixture
async def case(micromdm):
    """Give the MicroMDM over HTTP."""
    troubles = Troubles(micromdm.app())
    async with serving(troubles) as url:
        yield MicroMdmCase(micromdm, troubles, url)


@pytest.fixture
async def asked(case):
    """Give it with a session with Apple, which it has had for days."""
    assert (await case.target.health.health()).verdict is TokenState.VALID
    return case


class TestMicroMdm(HttpTargetContract):
    @pytest.fixture
    async def case(self, micromdm):
        """Give the MicroMDM over HTTP."""
        troubles = Troubles(micromdm.app())
        async with serving(troubles) as url:
            yield MicroMdmCase(micromdm, troubles, url)


# --- The key --------------------------------------------------------------------------------------------------------


async def test_the_one_key_is_taken_long_after_its_certificate_ended(case):
    """MicroMDM never renews it: an expired certificate is as good as on its first day."""
    assert (await case.target.gate.preflight()).is_clear
    raw = await case.target.key_source.fetch_certificate("ade-main")
    certificate = parse_certificate(raw, BEGIN)
    assert certificate.subject == "CN=micromdm-dep-token"
    assert certificate.not_after < BEGIN


async def test_a_certificate_that_is_no_base64_is_not_taken(case, monkeypatch):
    """Bad input."""
    monkeypatch.setattr("fakes.micromdm.base64.b64encode", lambda _: b"%%%")
    with pytest.raises(Retryable):
        await case.target.key_source.fetch_certificate("ade-main")


# --- Which token, and how it is told --------------------------------------------------------------------------------


async def test_a_server_without_a_token_says_so(case):
    """B1.3: only evidence opens the first rotation."""
    case.micromdm.tokens, case.micromdm.client = {}, None
    assert await case.target.read_back.read_back() == NOTHING_HELD
    reading = await case.target.health.health()
    assert (reading.verdict, reading.holding) == (None, NOTHING_HELD)
    assert await case.target.finder.find_all() == ()


@pytest.mark.parametrize("body", [b"{}", b'{"dep_tokens": null}', b'{"public_key": "MII="}', b'{"public_key": ""}'])
async def test_half_an_answer_is_not_taken_for_no_token(case, body):
    """B1.3: what can't be read is unknown, and opens nothing."""
    case.troubles.now, case.troubles.only = Trouble("half", body=body), ("GET", "/v1/dep-tokens")
    with pytest.raises(Retryable):
        await case.target.read_back.read_back()
    assert (await case.target.health.health()).holding is None


@pytest.mark.parametrize("shows_newest_first", [False, True])
async def test_of_several_tokens_the_last_to_end_counts_wherever_it_stands(case, shows_newest_first):
    """B1.2: no token is ever removed, and nothing documents their order."""
    case.micromdm.shows_newest_first = shows_newest_first
    first = await case.target.read_back.read_back()
    await case.rotate(ANA)
    second = await case.target.read_back.read_back()
    assert len(case.micromdm.tokens) == 2
    assert second.expires_at > first.expires_at
    assert second.mark != first.mark
    assert second.downloader == ANA


async def test_that_it_cannot_be_told_which_of_several_is_used_is_said(case):
    """B4.1: said, never held against it."""
    assert not (await case.target.gate.preflight()).cannot_tell
    await case.rotate()
    preflight = await case.target.gate.preflight()
    assert preflight.is_clear
    assert any("2 tokens" in sentence for sentence in preflight.cannot_tell)


async def test_the_order_of_the_list_is_no_news(case):
    """`Holding.mark` stays the same as long as what is kept does."""
    await case.rotate(ANA)
    before = await case.target.read_back.read_back()
    case.micromdm.shows_newest_first = True
    assert await case.target.read_back.read_back() == before


async def test_a_token_that_somebody_imported_before_is_believed(case):
    """B4.5: handed over by hand first and here afterwards, it changes nothing there, and is there all the same."""
    envelope = await case.envelope()
    case.micromdm.holds(envelope.original)
    held = await case.target.read_back.read_back()
    receipt = await install(case.target, envelope)
    assert receipt.mark == held.mark


async def test_a_look_afterwards_that_fails_makes_no_failure_of_the_installation(case):
    """A2: the next read-back judges."""
    envelope = await case.envelope()
    case.troubles.now, case.troubles.only = AWAY, ("GET", "/v1/dep-tokens")
    receipt = await install(case.target, envelope)
    assert (receipt.refusal, receipt.mark) == (None, None)


async def test_a_date_that_is_missing_is_none(case):
    """B1.2: Go writes year 1 for it."""
    for values in case.micromdm.tokens.values():
        values["access_token_expiry"] = "0001-01-01T00:00:00Z"
    held = await case.target.read_back.read_back()
    assert (held.present, held.expires_at) == (True, None)


async def test_looking_around_shows_the_token_in_use(case):
    """`discover` writes the configuration from this: the address says it all."""
    [found] = await case.target.finder.find_all()
    assert (found.title, found.settings, found.holding.downloader) == ("Main MDM", {}, KIM)


async def test_a_refused_file_is_told_without_the_words_that_quote_it(case):
    """B5.1: MicroMDM has one status for everything, and its words for a wrong key are on no record."""
    finding = await case.refused()
    assert finding.code is Code.TARGET_ANSWER
    assert "another certificate" in finding.means
    assert "quoted" not in finding.text()


# --- Proof: whose word Apple's answer is ----------------------------------------------------------------------------


async def test_an_answer_after_a_refusal_is_the_new_tokens(asked):
    """B8.1: the click had ended the old token, so whoever is answered now has another one. The same person will do."""
    noted = await asked.rotate(KIM)
    proof = await asked.target.prover.prove(noted, FAR_AHEAD)
    assert (proof.rung, proof.downloader, proof.server_uuid) == (3, KIM, SERVER_UUID)


async def test_an_answer_after_a_refused_login_is_the_new_tokens(case):
    """B8.1: a server that was restarted after the click has no session, and can't get one by the old token."""
    noted = await case.rotate(KIM)
    assert (await case.target.prover.prove(noted, FAR_AHEAD)).rung == 3


async def test_the_first_token_is_proven_by_any_answer(case):
    """B8.1: there was none before that could have answered."""
    case.micromdm.tokens, case.micromdm.client = {}, None
    noted = await case.rotate()
    assert (await case.target.prover.prove(noted, FAR_AHEAD)).rung == 3


async def test_an_old_session_that_goes_on_answering_proves_nothing(asked):
    """B8.1: never rounded up. Before the swap it is the old client that is answered, in the very same words."""
    asked.micromdm.sessions_outlive_tokens, asked.micromdm.swaps_at_once = True, False
    noted = await asked.rotate(KIM)
    proof = await asked.target.prover.prove(noted, LONG_AGO)
    assert (proof.rung, proof.downloader, proof.server_uuid) == (2, None, None)


async def test_another_person_in_apples_answer_shows_the_swap(asked):
    """B8.1: the old client answers with the old downloader, the new one with the new."""
    asked.micromdm.sessions_outlive_tokens, asked.micromdm.swaps_at_once = True, False
    noted = await asked.rotate(ANA)
    assert (await asked.target.prover.prove(noted, LONG_AGO)).rung == 2
    asked.micromdm.swap()
    proof = await asked.target.prover.prove(noted, LONG_AGO)
    assert (proof.rung, proof.downloader) == (3, ANA)


async def test_a_version_that_swaps_by_itself_is_believed_after_a_minute(asked):
    """B8.1: which version that is can't be asked, so the operator says it."""
    asked.micromdm.sessions_outlive_tokens = True
    noted = await asked.rotate(KIM)
    swaps = asked.build(swaps_client=True).prover
    assert (await swaps.prove(noted, LONG_AGO)).rung == 3
    now = datetime.now(UTC) - timedelta(seconds=5)  # noqa: TID251 - the fake's Date header has the machine's clock
    assert (await swaps.prove(noted, now)).rung == 2
    assert (await asked.target.prover.prove(noted, LONG_AGO)).rung == 2


async def test_an_older_version_waits_for_its_restart(asked):
    """B8.1: it holds the token and is refused by the old one until then; what helps is said."""
    asked.micromdm.swaps_at_once = False
    noted = await asked.rotate(KIM)
    proof = await asked.target.prover.prove(noted, LONG_AGO)
    assert proof.rung == 2
    assert "restart" in proof.why
    asked.micromdm.swap()
    assert (await asked.target.prover.prove(noted, LONG_AGO)).rung == 3


async def test_what_was_not_known_before_is_no_proof_afterwards(asked):
    """B8.1: MicroMDM had not reached Apple, which says nothing about the old token."""
    asked.micromdm.apple_is_down = True
    noted = await asked.rotate(KIM)
    assert noted == ""
    asked.micromdm.apple_is_down = False
    assert (await asked.target.prover.prove(noted, LONG_AGO)).rung == 2


async def test_a_server_that_lost_its_tokens_proves_nothing(asked):
    """B8.1: what it does not show is no rung."""
    noted = await asked.rotate()
    asked.micromdm.tokens.clear()
    assert (await asked.target.prover.prove(noted, LONG_AGO)).rung == 0


# --- What Apple tells MicroMDM --------------------------------------------------------------------------------------


async def test_a_refused_login_is_no_verdict_for_terms_and_a_dead_token_look_alike(case):
    """B10.1: MicroMDM loses Apple's words there; both are named."""
    case.apple.refusal = (403, "T_C_NOT_SIGNED")
    reading = await case.target.health.health()
    assert (reading.verdict, reading.answered) == (None, True)
    assert "terms" in reading.why
    preflight = await case.target.gate.preflight()
    assert preflight.is_clear
    assert any("terms" in sentence for sentence in preflight.cannot_tell)


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("token_rejected", TokenState.REJECTED),
        ("token_expired", TokenState.EXPIRED),
        ("signature_invalid", TokenState.SUPERSEDED),
        ("T_C_NOT_SIGNED", TokenState.TERMS_UNSIGNED),
        ("ACCESS_DENIED", None),
        ("Forbidden", None),
        ("oauth_problem_adviceUnauthorized", None),
    ],
)
async def test_apples_words_on_a_session_are_told_apart(asked, words, verdict):
    """B10.1: a word counts wherever it stands in MicroMDM's sentence."""
    asked.apple.refusal = (403, words)
    reading = await asked.target.health.health()
    assert reading.verdict is verdict
    assert reading.answered
    assert reading.holding.present


async def test_terms_stop_a_rotation_before_the_click_where_they_can_be_told(asked):
    """B4.1: while they wait, a new token would be as dead as the old one."""
    asked.apple.refusal = (403, "T_C_NOT_SIGNED")
    preflight = await asked.target.gate.preflight()
    assert [one.reason for one in preflight.obstacles] == [BlockReason.TERMS_UNSIGNED]


async def test_an_apple_that_micromdm_cannot_reach_is_no_verdict(case):
    """B10.2: an outage says nothing about the token."""
    case.micromdm.apple_is_down = True
    reading = await case.target.health.health()
    assert (reading.verdict, reading.answered) == (None, False)
    assert reading.holding.present


async def test_a_token_that_is_kept_and_not_used_yet_is_no_verdict(case):
    """B10.1: an older version uses its first token from the next restart on."""
    case.micromdm.client = None
    reading = await case.target.health.health()
    assert reading.verdict is None
    assert "restart" in reading.why


async def test_an_account_that_is_out_of_order_leaves_the_holding(case):
    """B10.2: as an outage of Apple's."""
    case.troubles.now, case.troubles.only = AWAY, ("GET", "/v1/dep/account")
    reading = await case.target.health.health()
    assert (reading.verdict, reading.answered) == (None, False)
    assert reading.holding.present
