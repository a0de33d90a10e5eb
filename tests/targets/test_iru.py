"""The Iru target against a fake that answers as Iru's API description says, over real HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from contracts.http_target_contract import HttpTargetContract
from contracts.target_contract import LONG_AGO, install
from fakes.apple_side import ANA, BEGIN, FOREIGN_ORG, FOREIGN_UUID, KIM, SERVER_UUID, AppleSide, a_keypair
from fakes.iru import API_TOKEN, FIRST, SECOND, Iru
from fakes.troubles import PROXY, Trouble, Troubles
from fakes.web import NOWHERE, serving
from tokenward.crypto import parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.token import TokenState
from tokenward.targets.iru import Settings, build

ADE = "/api/v1/integrations/apple/ade"


class IruCase:
    """One Iru with one token."""

    upload = ("POST", "/renew")
    credential = API_TOKEN

    def __init__(self, iru: Iru, troubles: Troubles, url: str) -> None:
        self.iru, self.troubles, self.url = iru, troubles, url
        self.apple = iru.apple
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(api_token="wrong")

    def build(self, api_token=API_TOKEN, **words):
        """Return a target of this Iru, with other settings where *words* says so."""
        table = {"kind": "iru", "url": self.url, "api_token": {"env": "TOKEN"}, "token_id": FIRST, "timeout": "1s"}
        return build(Settings.model_validate(table | words), api_token=Secret(api_token))

    async def envelope(self, user=KIM) -> Envelope:
        """Return what somebody downloads for Iru's certificate."""
        return parse_envelope(self.apple.download(self.iru.certificate, user))

    async def wrong_key(self) -> Envelope:
        """Return what was downloaded for the certificate of another tenant."""
        return parse_envelope(self.apple.download(a_keypair("another").certificate, server_uuid="OTHER"))

    async def foreign(self) -> Envelope:
        """Return what was downloaded in another organisation, where this tenant's certificate stands too."""
        file = self.apple.download(self.iru.certificate, org=FOREIGN_ORG, server_uuid=FOREIGN_UUID)
        return parse_envelope(file)

    async def refused(self) -> Finding:
        """Hand over a token for another key, and return why it is refused."""
        receipt = await install(self.target, await self.wrong_key())
        assert receipt.refusal is not None
        return receipt.refusal

    def add_second(self) -> None:
        """Let the tenant have a token of another organisation too."""
        self.iru.holds(
            self.apple.download(self.iru.certificate, ANA, org=FOREIGN_ORG, server_uuid=FOREIGN_UUID), SECOND
        )


@pytest.fixture
def iru():
    """Return an Iru with one token."""
    iru = Iru(AppleSide())
    iru.holds(iru.apple.download(iru.certificate))
    return iru


@pytest.fixture
async def case(iru):
    """Give the Iru over HTTP."""
    troubles = Troubles(iru.app())
    async with serving(troubles) as url:
        yield IruCase(iru, troubles, url)


class TestIru(HttpTargetContract):
    @pytest.fixture
    async def case(self, iru):
        """Give the Iru over HTTP."""
        troubles = Troubles(iru.app())
        async with serving(troubles) as url:
            yield IruCase(iru, troubles, url)


# --- Paths, ids and the key -----------------------------------------------------------------------------------------


async def test_slashes_stand_where_the_description_has_them(case):
    """Iru's paths end with a slash or without one, each in its own way."""
    await case.target.key_source.fetch_certificate("main")
    await install(case.target, await case.envelope())
    await case.build(token_id=None).read_back.read_back()
    assert case.troubles.seen == [
        ("GET", f"{ADE}/public_key/"),
        ("GET", f"{ADE}/{FIRST}"),
        ("POST", f"{ADE}/{FIRST}/renew"),
        ("GET", ADE),
    ]


async def test_the_key_is_taken_as_it_is_given(case):
    """One certificate for the whole tenant."""
    assert await case.target.key_source.fetch_certificate("main") == case.iru.certificate.encode()


@pytest.mark.parametrize("trouble", [PROXY, Trouble("bad request", 400, b'{"error": "Bad Request"}')], ids=str)
async def test_what_is_no_certificate_is_not_given_to_apple(case, trouble):
    """Bad input."""
    case.troubles.now = trouble
    with pytest.raises(Retryable):
        await case.target.key_source.fetch_certificate("main")


async def test_the_only_token_needs_no_id(case):
    """What a user sets is what is needed; it is renewed in its place all the same."""
    target = case.build(token_id=None)
    assert (await install(target, await case.envelope(ANA))).refusal is None
    assert (await target.read_back.read_back()).downloader == ANA
    assert list(case.iru.tokens) == [FIRST]


async def test_several_tokens_are_never_guessed_at(case):
    """It never makes things worse: a renewal in the wrong place kills another organisation's enrolment."""
    case.add_second()
    with pytest.raises(NeedsOperator) as raised:
        await install(case.build(token_id=None), await case.envelope())
    assert f"{FIRST} of Example Org; {SECOND} of Other Org" in raised.value.finding.means
    assert "token_id" in raised.value.finding.do


async def test_an_id_that_is_not_there_and_no_token_at_all_are_the_operators_business(case):
    """B4.1: a renewal never makes a new integration."""
    with pytest.raises(NeedsOperator) as raised:
        await case.build(token_id=SECOND).read_back.read_back()
    assert "token_id" in raised.value.finding.do
    case.iru.tokens.clear()
    with pytest.raises(NeedsOperator) as raised:
        await case.build(token_id=None).read_back.read_back()
    assert "none at all" in raised.value.finding.means


@pytest.mark.parametrize("token_id", ["", "../x", "a/b", "a?b", "a b"])
def test_an_id_is_part_of_a_path_and_nothing_else(token_id):
    """Bad input: it goes into an address."""
    table = {"kind": "iru", "url": "https://corp.api.kandji.io", "api_token": {"env": "TOKEN"}, "token_id": token_id}
    with pytest.raises(ValidationError):
        Settings.model_validate(table)


async def test_looking_around_goes_through_all_pages_and_never_elsewhere(case):
    """`discover` writes the configuration from this; where the next page is said to be is not believed."""
    case.add_second()
    case.iru.page = 1
    found = await case.build(token_id=None).finder.find_all()
    assert [(one.title, one.settings, one.organisation, one.holding.downloader) for one in found] == [
        ("Main MDM", {"token_id": FIRST}, "Example Org", KIM),
        ("Main MDM", {"token_id": SECOND}, "Other Org", ANA),
    ]
    assert case.troubles.seen == [("GET", ADE), ("GET", ADE)]


@pytest.mark.parametrize("following", ["?offset=0", "nowhere", "http://["])
async def test_pages_without_an_end_are_given_up(case, following):
    """Bad input: a list that leads back to itself, or nowhere, is unknown and not half known."""
    body = f'{{"count": 2, "next": "{following}", "results": []}}'.encode()
    case.troubles.now = Trouble("endless", body=body)
    with pytest.raises(Retryable):
        await case.target.finder.find_all()
    assert len(case.troubles.seen) < 100


# --- What it shows --------------------------------------------------------------------------------------------------


async def test_everything_that_is_known_of_the_token_is_read_back(case):
    """B1.2, B1.4: with the time of day."""
    held = await case.target.read_back.read_back()
    assert held.expires_at == case.iru.tokens[FIRST].expires_at
    assert (held.downloader, held.server_uuid) == (KIM, SERVER_UUID)


@pytest.mark.parametrize("times", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
async def test_an_expiry_without_an_offset_is_the_start_of_its_day(case, times):
    """B1.2: how Iru writes instants is not documented."""
    case.iru.times = times
    day = case.iru.tokens[FIRST].expires_at.date()
    assert (await case.target.read_back.read_back()).expires_at == datetime(day.year, day.month, day.day, tzinfo=UTC)


async def test_an_expiry_that_is_no_date_is_none(case):
    """Bad input."""
    case.iru.times = "soon"
    held = await case.target.read_back.read_back()
    assert (held.present, held.expires_at) == (True, None)


async def test_a_contact_with_apple_is_no_other_token(case):
    """`Holding.mark` stays the same as long as the token does."""
    before = await case.target.read_back.read_back()
    case.iru.contact()
    assert (await case.target.read_back.read_back()).mark == before.mark


@pytest.mark.parametrize("answers_token", [True, False])
async def test_what_a_renewal_answers_is_taken_where_it_says_something(case, answers_token):
    """A2: what Iru answers is not documented; the read-back judges in any case."""
    case.iru.answers_token = answers_token
    before = await case.target.read_back.read_back()
    receipt = await install(case.target, await case.envelope())
    held = await case.target.read_back.read_back()
    assert receipt.refusal is None
    assert receipt.mark == (held.mark if answers_token else None)
    assert held.mark != before.mark


async def test_an_answer_about_another_token_is_not_taken(case):
    """A2: it would be waited for in vain."""
    body = f'{{"id": "{SECOND}", "access_token_expiry": "2027-03-01T09:00:00Z"}}'.encode()
    case.troubles.now, case.troubles.only = Trouble("another", body=body), case.upload
    assert (await install(case.target, await case.envelope())).mark is None


async def test_a_refused_file_is_told_without_a_guess_at_the_reason(case):
    """B5.1: what Iru says of a file for another key is not documented."""
    finding = await case.refused()
    assert finding.code is Code.TARGET_ANSWER
    assert "another certificate" in finding.means
    assert "Bad Request" not in finding.text()


# --- Proof and health -----------------------------------------------------------------------------------------------


async def test_a_contact_from_before_proves_nothing_of_the_new_token(case):
    """B8.1: good as it was, it was the old token's; the rest of what is shown may be too."""
    noted = await case.target.installer.note()
    case.iru.contacts_at_once = False
    await install(case.target, await case.envelope(ANA))
    proof = await case.target.prover.prove(noted, case.iru.tokens[FIRST].received_at)
    assert (proof.rung, proof.downloader, proof.server_uuid) == (2, None, SERVER_UUID)
    case.iru.contact()
    proof = await case.target.prover.prove(noted, BEGIN)
    assert (proof.rung, proof.downloader, proof.server_uuid) == (3, ANA, SERVER_UUID)


async def test_a_clock_that_is_ahead_does_not_make_an_old_contact_a_new_one(case):
    """B8.1: the very contact that was noted before is none since, whatever the clocks say."""
    noted = await case.target.installer.note()
    case.iru.contacts_at_once = False
    await install(case.target, await case.envelope())
    assert (await case.target.prover.prove(noted, LONG_AGO)).rung == 2
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 3


async def test_a_contact_that_was_later_than_noted_and_before_the_handing_over_proves_nothing(case):
    """B8.1: between the note and the file it was still the old token's."""
    noted = await case.target.installer.note()
    case.iru.contact()
    received_at = case.iru.tokens[FIRST].received_at
    assert (await case.target.prover.prove(noted, received_at + timedelta(seconds=1))).rung == 2


async def test_a_contact_that_failed_is_no_proof_and_no_verdict(case):
    """B10.1: only a good status is documented; the reason is not, and is not repeated."""
    noted = await case.target.installer.note()
    await install(case.target, await case.envelope())
    case.apple.refusal = (403, "T_C_NOT_SIGNED")
    case.iru.contact()
    proof = await case.target.prover.prove(noted, LONG_AGO)
    reading = await case.target.health.health()
    assert (proof.rung, reading.verdict, reading.answered) == (2, None, True)
    assert "quoted" not in proof.why + reading.why


@pytest.mark.parametrize("times", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", ""])
async def test_a_time_that_could_mean_any_of_26_hours_proves_nothing(case, times):
    """B8.1: how Iru writes instants is not documented."""
    noted = await case.target.installer.note()
    await install(case.target, await case.envelope())
    case.iru.times = times
    assert (await case.target.prover.prove(noted, LONG_AGO)).rung == 2


@pytest.mark.parametrize(
    ("age", "verdict"),
    [(timedelta(minutes=5), TokenState.VALID), (timedelta(hours=2), None)],
)
async def test_a_good_word_counts_for_an_hour(case, age, verdict):
    """B10.1: what was true long ago is shown with its time, and is never called valid."""
    at = datetime.now(UTC) - age  # noqa: TID251 - the fake's Date header has the machine's clock
    case.iru.tokens[FIRST].received_at = at
    reading = await case.target.health.health()
    assert reading.verdict is verdict
    assert f"{at:%Y-%m-%d %H:%M}" in reading.why


async def test_a_status_without_its_time_is_no_verdict(case):
    """B10.1: nobody can tell of which token it speaks."""
    case.iru.tokens[FIRST].received_at = None
    assert (await case.target.health.health()).verdict is None


async def test_what_cannot_be_told_before_the_click_is_said(case):
    """B4.1: Iru shows no word on Apple's terms."""
    preflight = await case.target.gate.preflight()
    assert preflight.is_clear
    assert any("terms" in sentence for sentence in preflight.cannot_tell)
