"""Apple's Business and School Manager APIs, against the stand-in."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fakes.stand_in import ANA, KIM, StandIn, running_stand_in
from fakes.web import NOWHERE
from tokenward.apple.business_api import BusinessApi, MayNot
from tokenward.apple.business_login import BusinessLogin
from tokenward.crypto import make_keypair, parse_envelope, to_pem
from tokenward.model.finding import Code, NeedsOperator, Retryable
from tokenward.model.registration import ApiAccount
from tokenward.model.secret import Secret

NUMBERS = itertools.count()
UNKNOWN = "0" * 31 + "1"


class RightClock:
    """The machine's clock, by which the stand-in goes too."""

    def now(self) -> datetime:
        """Return the present."""
        return datetime.now(UTC)  # noqa: TID251 - the stand-in checks assertions against the real time


class Counting:
    """Chance that never repeats itself."""

    def token(self) -> str:
        """Return the next one."""
        return f"jti{next(NUMBERS)}"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    """One stand-in for all of them."""
    with running_stand_in(tmp_path_factory.mktemp("apple")) as running:
        yield running


@pytest.fixture(scope="module")
def keypairs():
    """Two of them, for making a key takes time."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    return [make_keypair(f"tokenward-{number}", number, now, timedelta(days=30)) for number in (1, 2)]


@pytest.fixture
def service(stand_in, keypairs):
    """A service at Apple with the first certificate: its name and uuid."""
    name = f"Service {next(NUMBERS)}"
    return name, stand_in.add_service(name, to_pem(keypairs[0].certificate).decode())


@pytest.fixture(autouse=True)
def _no_faults(stand_in):
    yield
    stand_in.admin("DELETE", "/faults")


def an_account(stand_in: StandIn, **client: str) -> ApiAccount:
    """Return a new API account of the stand-in."""
    made = stand_in.add_api_client(**client)
    school = "/school" if client.get("product") == "school" else ""
    return ApiAccount(
        client_id=made["client_id"],
        key_id=made["key_id"],
        private_key=Secret(made["private_key"]),
        api=f"{stand_in.business}{school}",
        token_url=f"{stand_in.business}/auth/oauth2/token",
    )


def an_api(account: ApiAccount) -> BusinessApi:
    """Return the API as *account* may use it."""
    return BusinessApi(account, BusinessLogin(account, RightClock(), Counting()))


async def test_a_service_is_found_by_its_name_whatever_its_case(stand_in, service):
    """A4: the portal's name is what people know."""
    name, uuid = service

    found = await an_api(an_account(stand_in)).find(f" {name.upper()} ", None)

    assert found is not None
    assert found.server_uuid == uuid.replace("-", "").upper()


async def test_a_service_is_found_by_its_identity_with_or_without_dashes(stand_in, service):
    """A2: bound to the identity at Apple, and not to a name that anybody can change."""
    _, uuid = service
    dashed = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}".lower()

    found = await an_api(an_account(stand_in)).find("another name", dashed)

    assert found is not None
    assert (found.status, found.releases_devices) == ("ACTIVE", False)


async def test_it_is_told_how_many_devices_are_assigned(stand_in, service):
    """B12.4: whoever retires a service is told of them."""
    name, uuid = service
    api = an_api(an_account(stand_in))
    assert (await api.find(name, None)).device_count == 0

    stand_in.admin("POST", "/devices", {"service": uuid, "serial_numbers": ["C02XYZ", "C02XYY"]})

    assert (await api.find(name, uuid)).device_count == 2


async def test_a_service_that_apple_does_not_know_is_none(stand_in):
    """A1: nothing is invented."""
    api = an_api(an_account(stand_in))

    assert await api.find("Nobody's MDM", None) is None
    assert await api.find("Nobody's MDM", UNKNOWN) is None


async def test_a_name_is_looked_for_on_every_page(stand_in, keypairs):
    """A15: Apple gives its lists out in pages."""
    names = [f"Paged {next(NUMBERS)}" for _ in range(12)]
    for name in names:
        stand_in.add_service(name, to_pem(keypairs[0].certificate).decode())
    api = an_api(an_account(stand_in))

    assert all([await api.find(name, None) for name in names])


async def test_a_certificate_is_replaced_and_the_next_token_is_made_for_it(stand_in, service, keypairs):
    """A3, A6: it can't be read back, so the next envelope's recipient is the last evidence."""
    name, uuid = service
    api, certificate = an_api(an_account(stand_in)), keypairs[1].certificate
    before = await api.find(name, uuid)

    after = await api.replace_certificate(uuid, certificate)

    assert before is not None
    assert after.updated_at is not None
    assert before.updated_at is None or after.updated_at >= before.updated_at
    assert parse_envelope(stand_in.download_token(uuid)).recipients == (certificate.recipient,)


async def test_the_same_certificate_twice_is_the_same_as_once(stand_in, service, keypairs):
    """A3: a restart repeats it."""
    _, uuid = service
    api = an_api(an_account(stand_in))

    for _ in range(2):
        await api.replace_certificate(uuid, keypairs[1].certificate)

    assert parse_envelope(stand_in.download_token(uuid)).recipients == (keypairs[1].certificate.recipient,)


async def test_the_schools_api_never_writes(stand_in, service, keypairs):
    """A12: there a person replaces the certificate."""
    _, uuid = service
    api = an_api(an_account(stand_in, product="school"))

    with pytest.raises(MayNot) as caught:
        await api.replace_certificate(uuid, keypairs[1].certificate)

    assert caught.value.finding.code is Code.APPLE_REFUSED


async def test_an_account_that_apple_does_not_know_is_the_operators_business(stand_in):
    """A11: said once, with what to compare."""
    account = replace(an_account(stand_in), key_id="11111111-2222-3333-4444-555555555555")

    with pytest.raises(NeedsOperator) as caught:
        await an_api(account).find("Main MDM", None)

    assert "invalid_client" in caught.value.finding.happened
    assert account.private_key.reveal_text() not in caught.value.finding.text()


async def test_a_key_that_is_none_is_said_without_being_shown(stand_in):
    """A11: a wrong file in place of the key."""
    account = replace(an_account(stand_in), private_key=Secret("no key at all"))

    with pytest.raises(NeedsOperator) as caught:
        await an_api(account).find("Main MDM", None)

    assert "no key at all" not in caught.value.finding.text()


@pytest.mark.parametrize("where", ["oauth", "mdm-servers"])
async def test_throttling_is_tried_again_when_apple_says(stand_in, where):
    """B10.2: too busy is no verdict, and Apple's own patience is kept."""
    fault = {"where": where, "times": 1, "status": 429, "body": "", "headers": {"Retry-After": "17"}}
    stand_in.admin("POST", "/faults", fault)

    with pytest.raises(Retryable) as caught:
        await an_api(an_account(stand_in)).find("Main MDM", None)

    assert caught.value.retry_after_seconds == pytest.approx(17, abs=1)


async def test_an_outage_is_told_from_a_refusal(stand_in):
    """B10.2: HTML from a gateway says nothing about the account."""
    fault = {"where": "mdm-servers", "times": 1, "status": 502, "body": "<html>Bad Gateway</html>"}
    stand_in.admin("POST", "/faults", fault)

    with pytest.raises(Retryable):
        await an_api(an_account(stand_in)).find("Main MDM", None)


async def test_an_answer_that_is_no_json_is_an_error_of_its_own(stand_in):
    """B10.2: never a crash."""
    fault = {"where": "mdm-servers", "times": 1, "status": 200, "body": "surprise"}
    stand_in.admin("POST", "/faults", fault)

    with pytest.raises(NeedsOperator, match="form that is not known"):
        await an_api(an_account(stand_in)).find("Main MDM", None)


async def test_a_bearer_that_apple_forgot_is_renewed_once(stand_in, service):
    """A11: one login more, and then the answer."""
    name, _ = service
    fault = {"where": "mdm-servers", "times": 1, "status": 401, "body": ""}
    stand_in.admin("POST", "/faults", fault)

    assert await an_api(an_account(stand_in)).find(name, None) is not None


async def test_nobody_there_is_tried_again():
    """B10.2: the network is gone."""
    account = ApiAccount("BUSINESSAPI.x", "k", Secret("x"), NOWHERE, f"{NOWHERE}/token")
    login = BusinessLogin(account, RightClock(), Counting())
    login._assertion = lambda now: "signed"  # the key is not what is tried here

    with pytest.raises(Retryable):
        await BusinessApi(account, login).find("Main MDM", None)


async def test_people_are_read_with_their_roles_and_status(stand_in):
    """A11: a role that was lost later shows here."""
    members = {member.account: member for member in await an_api(an_account(stand_in)).members()}

    assert {KIM, ANA} <= members.keys()
    assert members[KIM].status == "ACTIVE"
    assert members[KIM].roles
