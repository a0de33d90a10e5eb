"""The simulator's issuer, against the real stand-in."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from fakes.stand_in import ANA, KIM, running_stand_in
from fakes.web import NOWHERE
from tokenward.crypto import load_keypair, make_keypair, open_envelope, parse_envelope
from tokenward.issuers.simulator import Settings, SimulatorIssuer, build
from tokenward.model.envelope import AppleFileName
from tokenward.model.finding import Code, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.target import IssueOrder

FIRST, SECOND = (
    make_keypair("main", serial, datetime(2026, 11, 24, tzinfo=UTC), timedelta(days=30)) for serial in (7, 8)
)
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Run the stand-in for all tests of this module."""
    with running_stand_in(tmp_path_factory.mktemp("apple")) as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(running):
    """Give the stand-in without faults and with everybody in their role."""
    running.admin("DELETE", "/faults")
    running.admin("PATCH", f"/users/{KIM}", {"role": "device-enrolment-manager", "status": "active"})
    return running


@pytest.fixture
def issuer(stand_in):
    """Return the issuer at the stand-in's portal."""
    return SimulatorIssuer(settings(stand_in.portal))


def settings(url) -> Settings:
    """Return settings for the portal at *url*."""
    return Settings.model_validate({"kind": "simulator", "url": url, "timeout": "5s"})


def an_order(name=None, keypair=FIRST, account=KIM) -> IssueOrder:
    """Return an order for a service that Apple may know or not."""
    name = name or f"Service {next(NUMBERS)}"
    return IssueOrder("main", name, keypair.certificate, account, release_devices=False)


async def test_a_new_service_is_created_and_its_token_downloaded(issuer, stand_in):
    """A2, A12: the portal's steps, and a file that the certificate's key opens."""
    order = an_order()
    file = await issuer.issue(order)
    token = open_envelope(parse_envelope(file.body.reveal()), load_keypair(FIRST))
    assert token.access_token.reveal_text().startswith("AT_")
    parsed = AppleFileName.parse(file.name)
    assert parsed is not None
    assert parsed.service_name == order.service_name


async def test_a_service_that_is_there_gets_the_certificate_before_the_download(issuer):
    """The order matters: a token that is downloaded first is made for the old key."""
    order = an_order()
    await issuer.issue(order)
    again = IssueOrder(order.service, order.service_name.upper(), SECOND.certificate, ANA, release_devices=False)
    file = await issuer.issue(again)
    assert open_envelope(parse_envelope(file.body.reveal()), load_keypair(SECOND))


async def test_whether_devices_may_be_released_is_set_when_the_service_is_created(issuer, stand_in):
    """A13."""
    order = an_order()
    await issuer.issue(IssueOrder("main", order.service_name, FIRST.certificate, KIM, release_devices=True))
    answer = stand_in.client.get(f"{stand_in.portal}/portal/services", headers={"X-Portal-User": KIM})
    [service] = [service for service in answer.json() if service["name"] == order.service_name]
    assert service["release_devices"] is True


async def test_a_person_without_the_role_is_refused_in_the_portals_own_words(issuer, stand_in):
    """A11, B4.7: it acts as the person who would be asked, with that person's rights."""
    stand_in.admin("PATCH", f"/users/{KIM}", {"role": "staff"})
    with pytest.raises(NeedsOperator) as raised:
        await issuer.issue(an_order())
    assert raised.value.finding.code is Code.ISSUER_FAILED
    assert "role" in raised.value.finding.happened


@pytest.mark.parametrize("where", ["portal-certificate", "portal-token"])
async def test_a_portal_that_is_too_busy_is_tried_again(issuer, stand_in, where):
    """B4.7: nothing was downloaded, and an issue whose answer was not recorded is repeated."""
    order = an_order()
    await issuer.issue(order)
    stand_in.admin("POST", "/faults", {"where": where, "status": 503, "headers": {"Retry-After": "5"}})
    with pytest.raises(Retryable) as raised:
        await issuer.issue(order)
    assert raised.value.retry_after_seconds == 5


@pytest.mark.parametrize("fault", [{"truncate": True}, {"status": 502, "carry_out": True}])
async def test_a_download_that_was_lost_on_the_way_may_have_happened(issuer, stand_in, fault):
    """B4.7: the download is the click, so its lost answer is an unknown outcome."""
    stand_in.admin("POST", "/faults", {"where": "portal-token"} | fault)
    with pytest.raises(OutcomeUnknown):
        await issuer.issue(an_order())


async def test_a_certificate_whose_answer_was_lost_is_put_there_again(issuer, stand_in):
    """The steps before the click do no harm twice."""
    order = an_order()
    await issuer.issue(order)
    stand_in.admin("POST", "/faults", {"where": "portal-certificate", "truncate": True})
    with pytest.raises(Retryable):
        await issuer.issue(order)
    assert await issuer.issue(order)


async def test_a_portal_that_is_away_is_tried_again():
    """B4.7: nothing was downloaded."""
    issue = build(settings(NOWHERE)).issue
    assert issue is not None
    with pytest.raises(Retryable):
        await issue.issue(an_order())


async def test_orders_at_the_same_time_do_not_mix(issuer):
    """A15: any number of services."""
    orders = [an_order() for _ in range(5)]
    files = await asyncio.gather(*(issuer.issue(order) for order in orders))
    assert [file.name.split("_Token_")[0] for file in files] == [order.service_name for order in orders]
