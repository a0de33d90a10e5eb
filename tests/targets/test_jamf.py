"""The Jamf Pro target against a fake that answers as its API reference says, over real HTTP."""

from datetime import UTC, datetime

import pytest

from contracts.http_target_contract import HttpTargetContract
from contracts.target_contract import install, is_believed
from fakes.apple_side import ANA, BEGIN, KIM, SERVER_UUID
from fakes.troubles import AWAY, OUT_OF_ORDER, PROXY, THROTTLED, Trouble
from targets.jamf_scene import DAY, a_jamf, add_labs, over_http
from tokenward.crypto import parse_envelope
from tokenward.model.finding import Code, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.target import BlockReason, Delivery

INSTANCES = "/api/v1/device-enrollments"


@pytest.fixture
def jamf():
    """Return a Jamf Pro with one instance."""
    return a_jamf()


@pytest.fixture
def labs(jamf):
    """Give it a second instance, of another service."""
    return add_labs(jamf)


@pytest.fixture
async def case(jamf):
    """Give it over HTTP."""
    async with over_http(jamf) as case:
        yield case


class TestJamf(HttpTargetContract):
    @pytest.fixture
    async def case(self, jamf):
        """Give it over HTTP."""
        async with over_http(jamf) as case:
            yield case


# --- The way in -----------------------------------------------------------------------------------------------------


async def test_an_access_token_serves_until_it_is_refused(case):
    """Its life is set at the API client, and can be short: nobody counts, a 401 says so."""
    for _ in range(3):
        await case.held()
    assert len(case.jamf.given) == 1

    case.jamf.access_tokens.clear()
    assert (await case.held()).present
    assert len(case.jamf.given) == 2


async def test_an_upload_is_not_lost_because_the_access_token_ran_out(case):
    """The first was turned away with a 401, so nothing of it was taken."""
    envelope = await case.envelope(ANA)
    await case.held()
    case.jamf.access_tokens.clear()

    assert (await install(case.target, envelope)).refusal is None
    assert (await case.held()).downloader == ANA


async def test_an_access_token_that_never_counts_is_asked_for_once_more_and_no_oftener(case):
    """A clock that is wrong, or a proxy that strips the header: no endless log-in."""
    case.troubles.now, case.troubles.only = Trouble("never taken", 401, b"{}"), ("GET", INSTANCES)
    with pytest.raises(NeedsOperator):
        await case.held()
    assert len(case.jamf.given) == 2


@pytest.mark.parametrize("trouble", [THROTTLED, OUT_OF_ORDER, AWAY, PROXY], ids=lambda one: one.name)
async def test_a_login_that_is_out_of_order_is_no_wrong_secret(case, trouble):
    """B10.2: and an upload before which nobody could log in was not handed over."""
    case.troubles.now, case.troubles.only = trouble, ("POST", "/oauth/token")
    with pytest.raises(Retryable):
        await case.held()
    with pytest.raises(Retryable):
        await case.target.installer.install(Delivery("main", await case.envelope()))


async def test_an_address_without_a_login_is_the_operators_business(case):
    """Another server than Jamf Pro, or one before 10.49, which has no API clients."""
    case.troubles.now, case.troubles.only = Trouble("not there", 404, b"oops"), ("POST", "/oauth/token")
    preflight = await case.target.gate.preflight()
    assert [one.reason for one in preflight.obstacles] == [BlockReason.TARGET_REFUSED]
    assert "url" in preflight.obstacles[0].remedy


async def test_a_role_that_may_not_read_is_told_before_the_click(case):
    """B4.1: least privilege, and not less."""
    case.jamf.privileges = frozenset()
    preflight = await case.target.gate.preflight()
    assert "Read and Update" in preflight.obstacles[0].remedy


async def test_a_role_that_may_only_read_is_told_when_it_renews(case):
    """Nothing tells sooner, and the preflight says so."""
    case.jamf.privileges = frozenset({"Read"})
    assert any("renew" in one for one in (await case.target.gate.preflight()).cannot_tell)
    assert (await install(case.target, await case.envelope())).refusal.code is Code.TARGET_REFUSED


async def test_what_was_just_changed_is_read_from_the_node_that_changed_it(case):
    """Jamf Cloud is a cluster: without its cookie the next request goes to a node that shows the old token."""
    case.jamf.nodes = 2
    receipt = await install(case.target, await case.envelope(ANA))
    for _ in range(3):
        assert (await case.held()).mark == receipt.mark


# --- The key and the file -------------------------------------------------------------------------------------------


async def test_the_certificate_is_the_tenants_one(case):
    """One key for all instances: asking changes nothing."""
    fetched = [await case.target.key_source.fetch_certificate(name) for name in ("main", "labs")]
    assert fetched == [case.jamf.certificate.encode()] * 2


async def test_without_a_key_there_is_no_certificate(case):
    """404 is its word for that."""
    case.jamf.has_key = False
    with pytest.raises(NeedsOperator) as raised:
        await case.target.key_source.fetch_certificate("main")
    assert "url" in raised.value.finding.do


async def test_a_page_is_no_certificate(case):
    """Nothing that a proxy says reaches Apple."""
    case.troubles.now, case.troubles.only = PROXY, ("GET", "/public-key")
    with pytest.raises(Retryable):
        await case.target.key_source.fetch_certificate("main")


async def test_a_renewal_goes_to_its_own_instance_and_makes_no_other(case):
    """The PreStage enrolments hang on the instance; the fake fails at a POST. Its base64 has no line breaks."""
    await install(case.target, await case.envelope())
    assert ("PUT", f"{INSTANCES}/7/upload-token") in case.troubles.seen
    assert {path for method, path in case.troubles.seen if method == "POST"} == {"/api/oauth/token"}
    assert list(case.jamf.instances) == ["7"]
    assert case.jamf.file_names == ["main.p7m"]


# --- Which instance -------------------------------------------------------------------------------------------------


async def test_the_only_instance_needs_no_number(case):
    """What a user sets is what is needed."""
    assert (await case.build(instance_id=None).read_back.read_back()).present


async def test_a_number_is_written_with_or_without_quotes(case):
    """Jamf Pro writes its numbers as text."""
    assert (await case.build(instance_id=7).read_back.read_back()).present


@pytest.mark.usefixtures("labs")
@pytest.mark.parametrize("instance_id", [None, "9"], ids=str)
async def test_several_instances_are_never_guessed_at(case, instance_id):
    """It never makes things worse: a renewal in the wrong place ends another service's enrolment."""
    with pytest.raises(NeedsOperator) as raised:
        await case.build(instance_id=instance_id).read_back.read_back()
    assert "7 (Main); 8 (Labs)" in raised.value.finding.means
    assert "instance_id" in raised.value.finding.do


@pytest.mark.usefixtures("labs")
async def test_looking_around_shows_every_instance_with_what_to_set(case):
    """`discover` writes the configuration from this; they come in pages."""
    case.jamf.page_size = 1
    found = await case.target.finder.find_all()
    assert [(one.title, one.settings, one.organisation, one.holding.downloader) for one in found] == [
        ("Main", {"instance_id": "7"}, "Example Org", KIM),
        ("Labs", {"instance_id": "8"}, "Example Org", ANA),
    ]


async def test_pages_that_never_end_are_left_at_some_point(case):
    """Whatever it answers stays its own: a count that is too high is not waited for."""
    page = b'{"totalCount": 5, "results": []}'
    case.troubles.now, case.troubles.only = Trouble("empty", 200, page), ("GET", INSTANCES)
    with pytest.raises(NeedsOperator) as raised:
        await case.held()
    assert "none at all" in raised.value.finding.means


# --- What it shows --------------------------------------------------------------------------------------------------


async def test_a_day_is_read_as_its_start(case):
    """B1.2: a date without time never promises more than it says."""
    held = await case.held()
    end = BEGIN + 365 * DAY
    assert held.expires_at == datetime(end.year, end.month, end.day, tzinfo=UTC)
    assert (held.token_digest, held.envelope) == (None, None)
    assert (held.server_uuid, held.downloader) == (SERVER_UUID, KIM)


async def test_the_mark_stays_while_apple_has_not_been_asked_and_after(case):
    """B1.3: what comes in later of the same token must not look like another one that somebody installed."""
    case.jamf.syncs_at_once = False
    receipt = await install(case.target, await case.envelope(ANA))
    before = await case.held()
    case.jamf.sync()
    after = await case.held()
    assert (before.downloader, after.downloader) == (KIM, ANA)
    assert receipt.mark == before.mark == after.mark


async def test_a_second_token_of_the_same_day_is_believed_by_the_answer(case):
    """A day is all it shows: two tokens of one day look alike, so what it answered to the upload must count."""
    before = await case.held()
    envelope = parse_envelope(case.apple.download(case.jamf.certificate))
    receipt = await install(case.target, envelope)
    held = await case.held()
    assert held.mark == before.mark
    assert is_believed(before, held, envelope, receipt)
    assert any("same day" in one for one in (await case.target.gate.preflight()).cannot_tell)


# --- What it answers to a token -------------------------------------------------------------------------------------


async def test_its_own_500_is_all_that_it_says_of_a_token_that_it_cannot_open(case):
    """The text is not published, so nothing is read into it; the most likely reason is named as such."""
    refusal = await case.refused()
    assert refusal.code is Code.TARGET_ANSWER
    assert "oops" not in refusal.text()
    assert "certificate" in refusal.do


async def test_its_own_500_after_it_took_the_token_is_found_out(case):
    """A2: a refusal is a word, and what shows is looked at all the same."""
    case.jamf.breaks_after_taking = True
    before = await case.held()
    envelope = await case.envelope()
    receipt = await install(case.target, envelope)
    assert receipt.refusal is not None
    assert is_believed(before, await case.held(), envelope, receipt)


@pytest.mark.parametrize(
    "body",
    [b"oops", b'{"httpStatus": 502, "errors": [{"code": "X"}]}', b'{"httpStatus": 500, "errors": []}', b"[]"],
    ids=["text", "another status", "no error in it", "a list"],
)
async def test_any_other_500_leaves_it_open_whether_the_token_was_taken(case, body):
    """A proxy's words are not Jamf Pro's."""
    case.troubles.now, case.troubles.only = Trouble("500", 500, body), case.upload
    with pytest.raises(OutcomeUnknown):
        await case.target.installer.install(Delivery("main", await case.envelope()))
