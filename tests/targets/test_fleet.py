"""The Fleet target against a fake that answers as Fleet's source says, over real HTTP."""

import pytest

from contracts.http_target_contract import HttpTargetContract
from contracts.target_contract import LONG_AGO, install
from fakes.apple_side import ANA, FOREIGN_ORG, FOREIGN_UUID, KIM, AppleSide, a_keypair
from fakes.fleet import API_TOKEN, Fleet
from fakes.troubles import Troubles
from fakes.web import NOWHERE, serving
from tokenward.crypto import parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import BlockReason, Delivery
from tokenward.model.token import TokenState
from tokenward.targets.fleet import Settings, build


class FleetCase:
    """One Fleet with one token."""

    upload = ("PATCH", "/renew")
    credential = API_TOKEN

    def __init__(self, fleet: Fleet, troubles: Troubles, url: str) -> None:
        self.fleet, self.troubles, self.url = fleet, troubles, url
        self.apple = fleet.apple
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(api_token="wrong")

    def build(self, api_token=API_TOKEN, **words):
        """Return a target of this Fleet, with other settings where *words* says so."""
        table = {"kind": "fleet", "url": self.url, "api_token": {"env": "TOKEN"}, "token_id": 1, "timeout": "1s"}
        return build(Settings.model_validate(table | words), api_token=Secret(api_token))

    async def envelope(self, user=KIM) -> Envelope:
        """Return what somebody downloads for Fleet's certificate."""
        return parse_envelope(self.apple.download(self.fleet.certificate, user))

    async def wrong_key(self) -> Envelope:
        """Return what was downloaded for the certificate of another Fleet."""
        return parse_envelope(self.apple.download(a_keypair("another").certificate, server_uuid="OTHER"))

    async def foreign(self) -> Envelope:
        """Return what was downloaded in another organisation, where this Fleet's certificate stands too."""
        file = self.apple.download(self.fleet.certificate, org=FOREIGN_ORG, server_uuid=FOREIGN_UUID)
        return parse_envelope(file)

    async def refused(self) -> Finding:
        """Hand over a token for another key, and return why it is refused."""
        receipt = await install(self.target, await self.wrong_key())
        assert receipt.refusal is not None
        return receipt.refusal


@pytest.fixture
def fleet():
    """Return a Fleet with one token."""
    fleet = Fleet(AppleSide())
    fleet.holds(fleet.apple.download(fleet.certificate))
    return fleet


@pytest.fixture
async def case(fleet):
    """Give the Fleet over HTTP."""
    troubles = Troubles(fleet.app())
    async with serving(troubles) as url:
        yield FleetCase(fleet, troubles, url)


class TestFleet(HttpTargetContract):
    @pytest.fixture
    async def case(self, fleet):
        """Give the Fleet over HTTP."""
        troubles = Troubles(fleet.app())
        async with serving(troubles) as url:
            yield FleetCase(fleet, troubles, url)


# --- Names, numbers and the key -------------------------------------------------------------------------------------


@pytest.fixture
def before_4_87(fleet):
    """Make it a Fleet with the old paths."""
    fleet.names = "abm"
    fleet.tells_invalid = False


@pytest.mark.usefixtures("before_4_87")
async def test_a_fleet_with_the_old_paths_is_served_all_the_same(case):
    """Fleet 4.87 renamed its paths: the new ones are tried first."""
    assert await case.target.key_source.fetch_certificate("main") == case.fleet.certificate.encode()
    receipt = await install(case.target, await case.envelope(ANA))
    assert receipt.refusal is None
    assert (await case.target.read_back.read_back()).downloader == ANA
    assert ("PATCH", "/api/v1/fleet/abm_tokens/1/renew") in case.troubles.seen


@pytest.mark.usefixtures("before_4_87")
async def test_before_4_91_nobody_can_tell_whether_apple_takes_the_token(case):
    """B10.1: never shown as valid."""
    reading = await case.target.health.health()
    assert reading.verdict is None
    assert reading.holding.expires_at is not None


async def test_the_only_token_needs_no_number(case):
    """What a user sets is what is needed."""
    assert (await case.build(token_id=None).read_back.read_back()).present


async def test_several_tokens_are_never_guessed_at(case):
    """It never makes things worse: a renewal in the wrong place kills another organisation's enrolment."""
    case.fleet.holds(case.apple.download(case.fleet.certificate, org=FOREIGN_ORG, server_uuid=FOREIGN_UUID), 2)
    for token_id in (None, 7):
        with pytest.raises(NeedsOperator) as raised:
            await case.build(token_id=token_id).read_back.read_back()
        assert "1 of Example Org; 2 of Other Org" in raised.value.finding.means
        assert "token_id" in raised.value.finding.do


async def test_looking_around_shows_every_token_with_what_to_set(case):
    """`discover` writes the configuration from this."""
    case.fleet.holds(case.apple.download(case.fleet.certificate, ANA, org=FOREIGN_ORG, server_uuid=FOREIGN_UUID), 2)
    found = await case.build(token_id=None).finder.find_all()
    assert [(one.settings, one.organisation, one.holding.downloader) for one in found] == [
        ({"token_id": 1}, "Example Org", KIM),
        ({"token_id": 2}, "Other Org", ANA),
    ]


async def test_a_server_without_its_private_key_is_the_operators_business(case):
    """Without it there is no certificate at all."""
    case.fleet.has_private_key = False
    with pytest.raises(NeedsOperator) as raised:
        await case.target.key_source.fetch_certificate("main")
    assert "FLEET_SERVER_PRIVATE_KEY" in raised.value.finding.do


async def test_a_fleet_without_a_licence_says_so(case):
    """Premium only."""
    case.fleet.is_premium = False
    preflight = await case.target.gate.preflight()
    assert [one.reason for one in preflight.obstacles] == [BlockReason.TARGET_REFUSED]
    assert "licence" in preflight.obstacles[0].remedy


# --- What Apple tells Fleet -----------------------------------------------------------------------------------------


async def test_terms_stop_a_rotation_before_the_click(case):
    """B4.1: while they wait, a new token would be as dead as the old one."""
    case.apple.refusal = (403, "T_C_NOT_SIGNED")
    case.fleet.asks_apple()
    preflight = await case.target.gate.preflight()
    assert [one.reason for one in preflight.obstacles] == [BlockReason.TERMS_UNSIGNED]
    assert (await case.target.health.health()).verdict is TokenState.TERMS_UNSIGNED


async def test_a_token_that_apple_rejects_is_told(case):
    """B10.1: since 4.91."""
    case.apple.download(case.fleet.certificate)
    case.fleet.asks_apple()
    assert (await case.target.health.health()).verdict is TokenState.REJECTED


async def test_what_apple_says_while_it_is_installed_is_told_apart(case):
    """B5.1: each with its own remedy, and nothing is kept."""
    stale = await case.envelope()
    fresh = await case.envelope()
    assert (await install(case.target, stale)).refusal.code is Code.APPLE_REFUSED

    case.apple.refusal = (403, "T_C_NOT_SIGNED")
    assert (await install(case.target, fresh)).refusal.code is Code.TERMS_UNSIGNED

    case.fleet.reaches_apple = False
    with pytest.raises(Retryable) as raised:
        await case.target.installer.install(Delivery("main", fresh))
    assert raised.value.finding.code is Code.APPLE_UNREACHABLE


async def test_what_was_kept_and_then_rejected_is_no_full_proof(case):
    """Never rounded up: Fleet has heard otherwise since."""
    await install(case.target, await case.envelope())
    case.apple.download(case.fleet.certificate)
    case.fleet.asks_apple()
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 2


async def test_another_organisation_is_foreign_only_where_it_was_noted_before(case):
    """A note that could not be taken is no reason for an alarm."""
    noted = await case.target.installer.note()
    await install(case.target, await case.foreign())
    assert (await case.target.prover.prove(noted, LONG_AGO)).is_foreign
    assert not (await case.target.prover.prove("", LONG_AGO)).is_foreign


async def test_a_certificate_that_is_no_base64_is_said_without_repeating_it(case):
    """Bad input."""
    case.troubles.now = None
    case.fleet.key = "fleet"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fakes.fleet.base64.b64encode", lambda _: b"%%%")
        with pytest.raises(Retryable):
            await case.target.key_source.fetch_certificate("main")
