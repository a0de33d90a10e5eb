"""The Zentral target against a fake that answers as Zentral's source says, over real HTTP."""

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.http_target_contract import HttpWatchContract
from contracts.target_contract import LONG_AGO
from fakes.apple_side import ANA, BEGIN, FOREIGN_UUID, SERVER_UUID, AppleSide
from fakes.troubles import AWAY, Troubles
from fakes.web import NOWHERE, serving
from fakes.zentral import API_TOKEN, Zentral
from tokenward.model.finding import NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import BlockReason, KeyPolicy
from tokenward.targets.zentral import ABILITIES, Settings, build


class ZentralCase:
    """One Zentral with one virtual server."""

    credential = API_TOKEN

    def __init__(self, zentral: Zentral, troubles: Troubles, url: str) -> None:
        self.zentral, self.troubles, self.url = zentral, troubles, url
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(api_token="wrong")

    def build(self, api_token=API_TOKEN, **words):
        """Return a target of this Zentral, with other settings where *words* says so."""
        table = {"kind": "zentral", "url": self.url, "api_token": {"env": "TOKEN"}, "timeout": "1s"}
        return build(Settings.model_validate(table | words), api_token=Secret(api_token))

    async def by_hand(self) -> None:
        """Renew the token as ana does: a new key first, then the download, then the file."""
        self.zentral.renewal_begins()
        self.zentral.uploaded(self.zentral.apple.download(self.zentral.certificate, ANA))

    async def proof(self, since=LONG_AGO):
        """Look twice, and return what was seen last."""
        await self.target.prover.prove("", since)
        return await self.target.prover.prove("", since)

    def asked(self) -> int:
        """Return how often a sync was asked for."""
        return len([path for method, path in self.troubles.seen if method == "POST"])


@pytest.fixture
def zentral():
    """Return a Zentral with one virtual server."""
    zentral = Zentral(AppleSide())
    zentral.uploaded(zentral.apple.download(zentral.certificate))
    return zentral


@pytest.fixture
async def case(zentral):
    """Give the Zentral over HTTP."""
    troubles = Troubles(zentral.app())
    async with serving(troubles) as url:
        yield ZentralCase(zentral, troubles, url)


class TestZentral(HttpWatchContract):
    @pytest.fixture
    async def case(self, zentral):
        """Give the Zentral over HTTP."""
        troubles = Troubles(zentral.app())
        async with serving(troubles) as url:
            yield ZentralCase(zentral, troubles, url)


def test_its_certificate_is_wanted_anew_for_every_renewal():
    """B3.2: each renewal makes another key."""
    assert ABILITIES.key_policy is KeyPolicy.FRESH_BY_HAND


async def test_whose_token_it_is_shows_and_an_edit_is_no_other_token(case):
    """B2.4: the place is compared before the click; what other edits change too tells no token from another."""
    before = await case.target.read_back.read_back()
    case.zentral.servers[1].edits += 1
    case.zentral.servers[1].name = "Renamed"
    assert await case.target.read_back.read_back() == before
    assert before.server_uuid == str(UUID(SERVER_UUID))
    assert before.shown is None


async def test_looking_at_it_asks_apple_for_nothing(case):
    """B10.1: a sync is asked for to prove a rotation, and at no other time."""
    await case.target.health.health()
    await case.target.gate.preflight()
    await case.target.read_back.read_back()
    assert case.asked() == 0


async def test_the_first_look_asks_for_a_sync_and_the_next_sees_what_became_of_it(case):
    """B8.1: until Apple has answered there is a word, and no more."""
    first = await case.target.prover.prove("", LONG_AGO)
    second = await case.target.prover.prove("", LONG_AGO)
    assert (first.rung, second.rung) == (0, 3)
    assert second.server_uuid == str(UUID(SERVER_UUID))
    assert case.asked() == 1


async def test_a_token_that_apple_no_longer_takes_proves_nothing(case):
    """A2: somebody says that the file was handed over, and Zentral still has the old token."""
    case.zentral.apple.download(case.zentral.certificate)
    assert (await case.proof()).rung == 0
    case.zentral.uploaded(case.zentral.apple.download(case.zentral.certificate))
    assert (await case.proof()).rung == 3


async def test_a_sync_that_was_asked_for_before_is_no_proof_of_what_was_handed_over_since(case):
    """B8.1: each handing over has a sync of its own."""
    await case.target.prover.prove("", BEGIN)
    assert (await case.target.prover.prove("", BEGIN + timedelta(hours=1))).rung == 0
    assert case.asked() == 2


@pytest.mark.parametrize("trouble", ["skips", "loses_results"])
async def test_a_sync_that_may_not_have_been_made_is_no_proof(case, trouble):
    """The task succeeds also where another one was under way and it did nothing."""
    setattr(case.zentral, trouble, True)
    assert (await case.proof()).rung == 0
    setattr(case.zentral, trouble, False)
    assert (await case.proof()).rung == 3


async def test_an_older_version_does_not_say_that_it_skipped_for_it_never_does(case):
    """Before it locked, it said nothing of a status."""
    case.zentral.tells_skipped = False
    assert (await case.proof()).rung == 3


async def test_a_sync_that_nobody_works_off_is_looked_for_a_while_and_then_asked_for_again(case):
    """Nothing is asked for at every look."""
    case.zentral.is_slow = True
    proofs = [await case.target.prover.prove("", LONG_AGO) for _ in range(25)]
    assert {one.rung for one in proofs} == {0}
    assert case.asked() == 2


async def test_a_restart_asks_once_more(case):
    """Promise 1: what is forgotten is looked up again."""
    await case.target.prover.prove("", LONG_AGO)
    fresh = case.build()
    assert (await fresh.prover.prove("", LONG_AGO)).rung == 0
    assert (await fresh.prover.prove("", LONG_AGO)).rung == 3


async def test_a_task_that_cannot_be_read_just_now_is_looked_for_again(case):
    """B10.2: an outage is no answer."""
    await case.target.prover.prove("", LONG_AGO)
    case.troubles.now, case.troubles.only = AWAY, ("GET", "/api/task_result/")
    with pytest.raises(Retryable):
        await case.target.prover.prove("", LONG_AGO)
    case.troubles.now = None
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 3
    assert case.asked() == 1


async def test_an_account_without_the_permission_is_told_its_name(case):
    """Least privilege: exactly this one."""
    case.zentral.may_view = False
    preflight = await case.target.gate.preflight()
    assert [one.reason for one in preflight.obstacles] == [BlockReason.TARGET_REFUSED]
    assert "mdm.view_depvirtualserver" in preflight.obstacles[0].remedy


async def test_a_list_of_many_pages_is_read_to_its_end_and_no_address_of_it_followed(case):
    """Fifty at a time unless asked for more, and never more than five hundred."""
    for number in range(2, 602):
        case.zentral.serves(f"Server {number}", f"{number:032x}")
    held = await case.build(server_id=601).read_back.read_back()
    assert held.server_uuid == str(UUID(int=601))
    assert len(case.troubles.seen) == 2


async def test_several_servers_are_never_guessed_at(case):
    """It never makes things worse."""
    case.zentral.serves("Other MDM", FOREIGN_UUID)
    for server_id in (None, 7):
        with pytest.raises(NeedsOperator) as raised:
            await case.build(server_id=server_id).read_back.read_back()
        assert "1, Main MDM; 2, Other MDM" in raised.value.finding.means


async def test_a_zentral_without_any_server_holds_none_and_can_be_given_the_first(case):
    """B1.3: it says so itself; somebody connects the first one in its console."""
    case.zentral.servers.clear()
    assert (await case.target.gate.preflight()).is_clear
    assert not (await case.target.read_back.read_back()).present
    assert not (await case.target.health.health()).holding.present
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 0


async def test_looking_around_shows_every_server_with_what_to_set(case):
    """`discover` writes the configuration from this."""
    (found,) = await case.target.finder.find_all()
    assert (found.service_name, found.settings) == ("Main MDM", {"server_id": 1})
