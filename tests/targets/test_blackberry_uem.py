"""The BlackBerry UEM target against a fake that answers as BlackBerry's reference says, over real HTTP."""

from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from contracts.http_target_contract import HttpWatchContract
from contracts.target_contract import LONG_AGO
from fakes.apple_side import ANA, BEGIN, FOREIGN_ORG, FOREIGN_UUID, SERVER_UUID, AppleSide
from fakes.blackberry_uem import PASSWORD, TENANT, USERNAME, BlackBerryUem
from fakes.troubles import MANY, Trouble, Troubles
from fakes.web import NOWHERE, serving
from tokenward.model.finding import Code, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import BlockReason
from tokenward.targets.blackberry_uem import Settings, build

GUID = str(UUID(SERVER_UUID))


class BlackBerryUemCase:
    """One tenant with one DEP account."""

    credential = PASSWORD

    def __init__(self, uem: BlackBerryUem, troubles: Troubles, url: str) -> None:
        self.uem, self.troubles, self.url = uem, troubles, url
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(password="wrong")

    def build(self, password=PASSWORD, **words):
        """Return a target of this tenant, with other settings where *words* says so."""
        place = {"kind": "blackberry-uem", "url": self.url, "tenant": TENANT, "timeout": "1s"}
        account = {"username": USERNAME, "password": {"env": "PASSWORD"}}
        return build(Settings.model_validate(place | account | words), password=Secret(password))

    async def by_hand(self) -> None:
        """Upload what ana downloads."""
        self.uem.uploaded(self.uem.apple.download(self.uem.certificate, ANA))


@pytest.fixture
def uem():
    """Return a tenant with one DEP account."""
    uem = BlackBerryUem(AppleSide())
    uem.uploaded(uem.apple.download(uem.certificate))
    return uem


@pytest.fixture
async def case(uem):
    """Give the tenant over HTTP."""
    troubles = Troubles(uem.app())
    async with serving(troubles) as url:
        yield BlackBerryUemCase(uem, troubles, url)


class TestBlackBerryUem(HttpWatchContract):
    @pytest.fixture
    async def case(self, uem):
        """Give the tenant over HTTP."""
        troubles = Troubles(uem.app())
        async with serving(troubles) as url:
            yield BlackBerryUemCase(uem, troubles, url)


# --- Signing in ------------------------------------------------------------------------------------------------------


async def test_an_account_of_a_directory_signs_in_with_its_domain(case):
    """Local and directory accounts of one name are two accounts."""
    case.uem.domain = "corp.example"
    assert (await case.build(domain="corp.example").read_back.read_back()).present
    with pytest.raises(NeedsOperator) as raised:
        await case.target.read_back.read_back()
    assert raised.value.finding.code is Code.TARGET_REFUSED
    assert "domain" in raised.value.finding.do


async def test_a_role_that_may_not_look_is_the_operators_business(case):
    """B4.1: it signs in, and is let no further."""
    case.uem.may_view = False
    preflight = await case.target.gate.preflight()
    assert [one.reason for one in preflight.obstacles] == [BlockReason.TARGET_REFUSED]
    assert "role" in preflight.obstacles[0].remedy


@pytest.mark.parametrize(
    "trouble",
    [*MANY, Trouble("two lines", 200, b"besng-basic YQ==\r\nX-More: 1"), Trouble("no scheme", 200, b"YQ==")],
    ids=lambda one: one.name,
)
async def test_what_is_no_header_is_never_sent_as_one(case, trouble):
    """Bad input: whatever answers in UEM's place does not put words into the next request."""
    case.troubles.now, case.troubles.only = trouble, ("POST", "/util/authorization")
    with pytest.raises(Retryable):
        await case.target.read_back.read_back()
    assert [method for method, _ in case.troubles.seen] == ["POST"]


@pytest.mark.parametrize("trouble", MANY, ids=lambda one: one.name)
async def test_a_list_that_is_none_is_no_fault_of_ours(case, trouble):
    """B10.2: also after it has signed us in."""
    case.troubles.now, case.troubles.only = trouble, ("GET", "/depAccounts")
    reading = await case.target.health.health()
    assert (reading.verdict, reading.holding, reading.answered) == (None, None, False)


@pytest.mark.parametrize("tenant", ["", "SRP/../..", "a b", "SRP?x=1"])
def test_a_tenant_that_is_no_part_of_a_path_is_refused(case, tenant):
    """Bad input."""
    with pytest.raises(ValidationError):
        case.build(tenant=tenant)


# --- Accounts --------------------------------------------------------------------------------------------------------


async def test_another_name_is_no_other_token(case):
    """Whoever renames the account has uploaded nothing."""
    before = await case.target.read_back.read_back()
    case.uem.accounts[GUID].name = "Renamed"
    assert await case.target.read_back.read_back() == before


async def test_a_list_of_many_pages_is_read_to_its_end(case):
    """A hundred at a time unless asked for more, and never more than a thousand."""
    case.uem.has_many(1200)
    held = await case.build(account_guid=str(UUID(int=1199))).read_back.read_back()
    assert held.expires_at == BEGIN + timedelta(days=1200)
    assert case.uem.pages == 3


async def test_several_accounts_are_never_guessed_at(case):
    """It never makes things worse."""
    file = case.uem.apple.download(case.uem.certificate, org=FOREIGN_ORG, server_uuid=FOREIGN_UUID)
    case.uem.uploaded(file, FOREIGN_UUID)
    for guid in (None, "another"):
        with pytest.raises(NeedsOperator) as raised:
            await case.build(account_guid=guid).read_back.read_back()
        assert f"{GUID}, Main MDM" in raised.value.finding.means
        assert "account_guid" in raised.value.finding.do


async def test_a_tenant_without_any_account_holds_none_and_can_be_given_the_first(case):
    """B1.3: it says so itself; somebody adds the first one in its console."""
    case.uem.accounts.clear()
    assert (await case.target.gate.preflight()).is_clear
    assert not (await case.target.read_back.read_back()).present
    assert not (await case.target.health.health()).holding.present
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 0


async def test_an_account_without_a_date_is_neither_full_nor_empty(case):
    """B1.3: what has no value is not shown at all; nothing is assumed, and a rotation can still begin."""
    case.uem.accounts[GUID].expires_at = None
    assert (await case.target.gate.preflight()).is_clear
    assert (await case.target.health.health()).holding is None
    with pytest.raises(NeedsOperator, match="no date of expiry"):
        await case.target.read_back.read_back()
    assert await case.target.finder.find_all() == ()


async def test_looking_around_shows_every_account_with_what_to_set(case):
    """`discover` writes the configuration from this."""
    (found,) = await case.target.finder.find_all()
    assert (found.title, found.settings) == ("Main MDM", {"account_guid": GUID})
