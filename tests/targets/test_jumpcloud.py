"""The JumpCloud target against a fake that answers as JumpCloud's description of its API says, over real HTTP."""

import contextlib
from datetime import timedelta

import pytest

from contracts.http_target_contract import HttpTargetContract
from contracts.target_contract import LONG_AGO, install
from fakes.apple_side import BEGIN, KIM, AppleSide, a_keypair
from fakes.jumpcloud import API_KEY, AppleMdm, JumpCloud
from fakes.troubles import BROKEN_OFF, OUT_OF_ORDER, THROTTLED, Troubles
from fakes.web import NOWHERE, serving
from tokenward.crypto import parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import KeyPolicy
from tokenward.targets.jumpcloud import ABILITIES, Settings, build

MINUTE = 60.0


class JumpCloudCase:
    """One organisation with one token."""

    upload = ("PUT", "/applemdms/")
    refresh = ("POST", "/refreshdepdevices")
    credential = API_KEY

    def __init__(self, jumpcloud: JumpCloud, troubles: Troubles, url: str) -> None:
        self.jumpcloud, self.troubles, self.url = jumpcloud, troubles, url
        self.apple = jumpcloud.apple
        self.seconds = 0.0
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(api_key="wrong")

    def build(self, api_key=API_KEY, **words):
        """Return a target of this organisation, with other settings where *words* says so."""
        table = {"kind": "jumpcloud", "url": self.url, "api_key": {"env": "KEY"}, "timeout": "1s"}
        settings = Settings.model_validate(table | words)
        return build(settings, api_key=Secret(api_key), steady=lambda: self.seconds)

    async def envelope(self, user=KIM) -> Envelope:
        """Return what somebody downloads for JumpCloud's certificate."""
        return parse_envelope(self.apple.download(self.jumpcloud.certificate, user))

    async def wrong_key(self) -> Envelope:
        """Return what was downloaded for the certificate of another organisation."""
        return parse_envelope(self.apple.download(a_keypair("another").certificate, server_uuid="OTHER"))

    async def foreign(self) -> Envelope | None:
        """JumpCloud shows neither organisation nor service."""
        return None

    async def refused(self) -> Finding:
        """Hand over a token for another key, and return why it is refused."""
        receipt = await install(self.target, await self.wrong_key())
        assert receipt.refusal is not None
        return receipt.refusal

    def refreshes(self) -> int:
        """Return how often it was asked to refresh its devices."""
        return sum(path.endswith(self.refresh[1]) for _, path in self.troubles.seen)


@contextlib.asynccontextmanager
async def an_organisation():
    """Give an organisation with one token over HTTP."""
    jumpcloud = JumpCloud(AppleSide())
    jumpcloud.holds(jumpcloud.apple.download(jumpcloud.certificate))
    troubles = Troubles(jumpcloud.app())
    async with serving(troubles) as url:
        yield JumpCloudCase(jumpcloud, troubles, url)


@pytest.fixture
async def case():
    """Give an organisation with one token over HTTP."""
    async with an_organisation() as case:
        yield case


@pytest.fixture
def jumpcloud(case):
    """Return the organisation itself."""
    return case.jumpcloud


class TestJumpCloud(HttpTargetContract):
    @pytest.fixture
    async def case(self):
        """Give an organisation with one token over HTTP."""
        async with an_organisation() as case:
            yield case


# --- Whose, and which -----------------------------------------------------------------------------------------------


async def test_an_administrator_of_several_organisations_names_one(case, jumpcloud):
    """Without the header it would be another one's token, or none."""
    jumpcloud.org_id = "5f0c-org"
    assert (await case.build(org_id="5f0c-org").read_back.read_back()).present
    with pytest.raises(NeedsOperator) as raised:
        await case.target.read_back.read_back()
    assert "org_id" in raised.value.finding.do


async def test_several_places_are_never_guessed_at(case, jumpcloud):
    """It never makes things worse."""
    jumpcloud.holds(case.apple.download(jumpcloud.certificate, server_uuid="SECOND"), "6a1b")
    for mdm_id in (None, "7777"):
        with pytest.raises(NeedsOperator) as raised:
            await case.build(mdm_id=mdm_id).read_back.read_back()
        assert "5f0c; 6a1b" in raised.value.finding.means
        assert "mdm_id" in raised.value.finding.do
    assert (await case.build(mdm_id="6a1b").read_back.read_back()).present


async def test_an_organisation_without_a_place_says_what_comes_first(case, jumpcloud):
    """The first one is made in JumpCloud itself."""
    jumpcloud.mdms.clear()
    with pytest.raises(NeedsOperator) as raised:
        await case.target.read_back.read_back()
    assert "Apple MDM" in raised.value.finding.do


async def test_a_place_without_a_token_holds_none(case, jumpcloud):
    """B1.3: said so by the product itself."""
    jumpcloud.mdms["5f0c"] = AppleMdm("5f0c")
    reading = await case.target.health.health()
    assert not reading.holding.present
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 0


async def test_looking_around_shows_every_place_with_what_to_set(case, jumpcloud):
    """`discover` writes the configuration from this."""
    jumpcloud.holds(case.apple.download(jumpcloud.certificate, server_uuid="SECOND"), "6a1b")
    found = await case.target.finder.find_all()
    assert [one.settings for one in found] == [{"mdm_id": "5f0c"}, {"mdm_id": "6a1b"}]


# --- The key and the token ------------------------------------------------------------------------------------------


async def test_the_key_is_fetched_once_for_nobody_knows_whether_it_stays(case, jumpcloud):
    """B3.1: every role but the one for it leaves it alone."""
    assert ABILITIES.key_policy is KeyPolicy.FRESH_ON_FETCH
    await case.target.gate.preflight()
    await install(case.target, await case.envelope())
    await case.target.health.health()
    assert jumpcloud.key_fetches == 0
    assert await case.target.key_source.fetch_certificate("main") == jumpcloud.certificate.encode()
    assert jumpcloud.key_fetches == 1


async def test_a_key_that_is_answered_with_an_error_is_none(case):
    """Bad input: an error's page is no certificate."""
    case.troubles.now, case.troubles.only = OUT_OF_ORDER, ("GET", "/depkey")
    with pytest.raises(Retryable, match="gave no certificate"):
        await case.target.key_source.fetch_certificate("main")


@pytest.mark.parametrize("takes_cr", [True, False])
async def test_line_ends_that_are_refused_are_followed_by_plain_ones(case, jumpcloud, takes_cr):
    """B4.5: what JumpCloud makes of CR, nobody has written down."""
    jumpcloud.takes_cr = takes_cr
    original = (await case.envelope()).original.replace(b"\n", b"\r\n")
    assert (await install(case.target, parse_envelope(original))).refusal is None
    assert ["\r" in one for one in jumpcloud.uploads] == ([True] if takes_cr else [True, False])


async def test_a_file_with_plain_line_ends_is_handed_over_once(case, jumpcloud):
    """There is no other form to try."""
    assert (await install(case.target, await case.wrong_key())).refusal.code is Code.TARGET_ANSWER
    assert len(jumpcloud.uploads) == 1


async def test_a_file_that_is_no_text_is_handed_over_as_the_portal_writes_it(case):
    """Some programs unwrap what they save."""
    bare = parse_envelope((await case.envelope()).cms)
    assert (await install(case.target, bare)).refusal is None


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%s soon"], ids=["no instant", "nonsense"])
async def test_a_date_of_an_unknown_form_tells_tokens_apart_all_the_same(case, jumpcloud, form):
    """It is described as a text: what can't be read is not guessed at."""
    jumpcloud.date_form = form
    before = await case.target.read_back.read_back()
    case.jumpcloud.mdms["5f0c"].expires_at = BEGIN + timedelta(days=500)
    after = await case.target.read_back.read_back()
    assert (before.present, before.expires_at) == (True, None)
    assert before.mark != after.mark


# --- Proof and health -----------------------------------------------------------------------------------------------


async def test_jumpcloud_is_asked_to_speak_with_apple_once_for_each_token(case):
    """Its answer proves no more than that it shows the token; Apple's own record can."""
    for _ in range(3):
        assert (await case.target.prover.prove("", LONG_AGO)).rung == 2
    assert case.refreshes() == 1
    await case.target.prover.prove("", BEGIN)
    assert case.refreshes() == 2
    case.seconds += 15 * MINUTE
    await case.target.prover.prove("", BEGIN)
    assert case.refreshes() == 3


@pytest.mark.parametrize("trouble", [THROTTLED, OUT_OF_ORDER, BROKEN_OFF], ids=lambda one: one.name)
async def test_a_refresh_that_fails_takes_nothing_from_the_proof(case, trouble):
    """The token shows all the same: the outage is over."""
    case.troubles.now, case.troubles.only = trouble, case.refresh
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 2


async def test_a_refresh_that_is_refused_is_said(case, jumpcloud):
    """It may be the first sign of a token that Apple does not take."""
    jumpcloud.refreshes = 409
    proof = await case.target.prover.prove("", LONG_AGO)
    assert (proof.rung, "409" in proof.why) == (2, True)


async def test_health_tells_until_when_and_no_more(case):
    """B10.1: which words its state has, nobody has written down, so none is a verdict, and none is repeated."""
    reading = await case.target.health.health()
    assert (reading.verdict, reading.answered) == (None, True)
    assert reading.holding.expires_at is not None
    assert "oops" not in repr(reading)
