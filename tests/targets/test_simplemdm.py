"""The SimpleMDM target against a fake that answers as SimpleMDM's reference says, over real HTTP."""

from datetime import timedelta

import pytest

from contracts.http_target_contract import HttpWatchContract
from contracts.target_contract import LONG_AGO
from fakes.apple_side import ANA, BEGIN, FOREIGN_ORG, FOREIGN_UUID, AppleSide
from fakes.simplemdm import API_KEY, SimpleMdm
from fakes.troubles import MANY, Trouble, Troubles
from fakes.web import NOWHERE, serving
from tokenward.model.finding import NeedsOperator
from tokenward.model.secret import Secret
from tokenward.targets.simplemdm import Settings, build


class SimpleMdmCase:
    """One account with one DEP server."""

    credential = API_KEY

    def __init__(self, simplemdm: SimpleMdm, troubles: Troubles, url: str) -> None:
        self.simplemdm, self.troubles, self.url = simplemdm, troubles, url
        self.seconds = 0.0
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(api_key="wrong")

    def build(self, api_key=API_KEY, **words):
        """Return a target of this account, with other settings where *words* says so."""
        table = {"kind": "simplemdm", "url": self.url, "api_key": {"env": "KEY"}, "timeout": "1s"}
        settings = Settings.model_validate(table | words)
        return build(settings, api_key=Secret(api_key), steady=lambda: self.seconds)

    async def by_hand(self) -> None:
        """Upload what ana downloads."""
        self.simplemdm.uploaded(self.simplemdm.apple.download(self.simplemdm.certificate, ANA))


@pytest.fixture
async def case():
    """Give the account over HTTP."""
    simplemdm = SimpleMdm(AppleSide())
    simplemdm.uploaded(simplemdm.apple.download(simplemdm.certificate))
    troubles = Troubles(simplemdm.app())
    async with serving(troubles) as url:
        yield SimpleMdmCase(simplemdm, troubles, url)


class TestSimpleMdm(HttpWatchContract):
    @pytest.fixture
    async def case(self):
        """Give the account over HTTP."""
        simplemdm = SimpleMdm(AppleSide())
        simplemdm.uploaded(simplemdm.apple.download(simplemdm.certificate))
        troubles = Troubles(simplemdm.app())
        async with serving(troubles) as url:
            yield SimpleMdmCase(simplemdm, troubles, url)


def test_simplemdm_is_where_it_is_unless_said_otherwise():
    """What a user sets is what is needed."""
    settings = Settings.model_validate({"kind": "simplemdm", "api_key": {"env": "KEY"}})
    assert settings.url == "https://a.simplemdm.com"


async def test_summer_time_is_no_other_token(case):
    """Instants are shown in the account's own time; its offset changes twice a year, and its tokens don't."""
    winter = await case.target.read_back.read_back()
    case.simplemdm.offset = timedelta(hours=-7)
    assert await case.target.read_back.read_back() == winter


async def test_another_name_is_no_other_token(case):
    """Whoever renames the service in Apple's portal has downloaded nothing."""
    before = await case.target.read_back.read_back()
    case.simplemdm.servers[1].server_name = "Renamed"
    case.simplemdm.servers[1].last_synced_at = BEGIN + timedelta(days=1)
    assert await case.target.read_back.read_back() == before


async def test_a_list_of_many_pages_is_read_to_its_end(case):
    """Ten at a time unless asked for more, and never more than a hundred."""
    case.simplemdm.has_many(230)
    held = await case.build(server_id=230).read_back.read_back()
    assert held.expires_at == BEGIN + timedelta(days=230)
    assert case.simplemdm.pages == 3
    assert len(await case.target.finder.find_all()) == 230


async def test_a_list_without_an_end_is_left(case):
    """Hostile or broken: nobody waits for it."""
    case.simplemdm.has_many(2500)
    await case.build(server_id=1).read_back.read_back()
    assert case.simplemdm.pages == 20


async def test_several_servers_are_never_guessed_at(case):
    """It never makes things worse."""
    file = case.simplemdm.apple.download(case.simplemdm.certificate, org=FOREIGN_ORG, server_uuid=FOREIGN_UUID)
    case.simplemdm.uploaded(file, 2)
    for server_id in (None, 7):
        with pytest.raises(NeedsOperator) as raised:
            await case.build(server_id=server_id).read_back.read_back()
        assert "1, Main MDM; 2, Main MDM" in raised.value.finding.means
        assert "server_id" in raised.value.finding.do


async def test_an_account_without_any_server_holds_none_and_can_be_given_the_first(case):
    """B1.3: it says so itself; somebody adds the first one in its console."""
    case.simplemdm.servers.clear()
    assert (await case.target.gate.preflight()).is_clear
    assert not (await case.target.read_back.read_back()).present
    assert not (await case.target.health.health()).holding.present
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 0


async def test_a_server_without_a_date_is_neither_full_nor_empty(case):
    """B1.3: nothing is assumed, and a rotation can still begin."""
    case.simplemdm.servers[1].token_expires_at = None
    assert (await case.target.gate.preflight()).is_clear
    assert (await case.target.health.health()).holding is None
    with pytest.raises(NeedsOperator, match="no date of expiry"):
        await case.target.read_back.read_back()
    assert await case.target.finder.find_all() == ()


async def test_a_sync_since_is_said_and_proves_no_more(case):
    """B8.1: nobody has written down whether its date stands still where Apple refused."""
    handed_over_at = BEGIN + timedelta(hours=1)
    before = await case.target.prover.prove("", handed_over_at)
    case.simplemdm.servers[1].last_synced_at = handed_over_at + timedelta(minutes=5)
    after = await case.target.prover.prove("", handed_over_at)
    assert (before.rung, after.rung) == (2, 2)
    assert "has not synced since" in before.why
    assert "has synced since" in after.why


async def test_it_is_asked_to_speak_with_apple_once_for_each_token(case):
    """B8.4: what it would prove is in Apple's own record, which moves when it does."""
    await case.target.health.health()
    await case.target.gate.preflight()
    assert case.simplemdm.syncs == 0

    later = BEGIN + timedelta(hours=1)
    whys = [(await case.target.prover.prove("", since)).why for since in (BEGIN, BEGIN, later)]
    assert ["answered 202" in why for why in whys] == [True, False, True]
    assert case.simplemdm.syncs == 2
    case.seconds += 15 * 60
    await case.target.prover.prove("", later)
    assert case.simplemdm.syncs == 3


async def test_what_has_synced_since_is_asked_for_nothing(case):
    """Nothing is asked for that is there."""
    case.simplemdm.servers[1].last_synced_at = BEGIN + timedelta(hours=1)
    await case.target.prover.prove("", BEGIN)
    assert case.simplemdm.syncs == 0


@pytest.mark.parametrize("trouble", [*MANY, Trouble("not allowed", 403, b"oops")], ids=lambda one: one.name)
async def test_a_sync_that_is_not_made_takes_nothing_from_the_proof(case, trouble):
    """A key that may only read is enough."""
    case.troubles.now, case.troubles.only = trouble, ("POST", "/sync")
    proof = await case.target.prover.prove("", BEGIN)
    assert proof.rung == 2
    assert "oops" not in proof.why


async def test_looking_around_shows_every_server_with_what_to_set(case):
    """`discover` writes the configuration from this."""
    (found,) = await case.target.finder.find_all()
    assert (found.settings, found.organisation, found.service_name) == ({"server_id": 1}, "Example Org", "Main MDM")


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59-08:00", "2027-11-24T10:00:00", "soon"])
async def test_a_date_that_is_no_instant_is_an_answer_that_nobody_foresaw(case, date):
    """Bad input: without an offset it could mean any of 26 hours."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SimpleMdm, "_instant", lambda *_: date)
        reading = await case.target.health.health()
    assert (reading.verdict, reading.answered) == (None, False)
