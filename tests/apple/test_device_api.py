"""The probe, against the stand-in for Apple and, for what that never does, a small server of our own."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from fakes.stand_in import ANA, KIM, StandIn, running_stand_in
from fakes.web import NOWHERE, serving
from tokenward.apple.device_api import DeviceApi
from tokenward.crypto import load_keypair, make_keypair, open_envelope, parse_envelope, to_pem
from tokenward.model.organisation import Organisation, Portal
from tokenward.model.token import ServerToken, TokenState
from tokenward.wire.client import Connection

UUID = "3F2C0000AAAA4000800000000000BBBB"
NUMBERS = itertools.count()


class Ahead:
    """A clock that is right, or ahead."""

    def __init__(self, by: timedelta = timedelta(0)) -> None:
        self.by = by

    def now(self) -> datetime:
        """Return the present of this machine, for the stand-in is a process with a clock."""
        return datetime.now(UTC) + self.by  # noqa: TID251 - the stand-in checks time stamps against the real time


class Counting:
    """Chance that never repeats itself."""

    def token(self) -> str:
        """Return the next one."""
        return f"nonce{next(NUMBERS)}"


class Linked:
    """A service at Apple, with its token opened."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.keypair = KEYPAIR
        self.service = stand_in.add_service(f"Service {next(NUMBERS)}", to_pem(KEYPAIR.certificate).decode())
        self.token = self.download()

    def download(self, user: str = KIM) -> ServerToken:
        """Return a new token; the one before is dead."""
        envelope = parse_envelope(self.stand_in.download_token(self.service, user))
        return open_envelope(envelope, load_keypair(self.keypair))

    async def ask(self, clock: Ahead | None = None):
        """Return Apple's word about the token."""
        return await DeviceApi(clock or Ahead(), Counting()).account(an_organisation(self.stand_in.apple), self.token)


KEYPAIR = make_keypair("main", 7, datetime(2026, 11, 24, tzinfo=UTC), timedelta(days=30))


def an_organisation(device_api: str) -> Organisation:
    """Return the organisation whose Apple is at this address."""
    return Organisation("corp", "Example Corporation", Portal.BUSINESS_MANAGER, device_api=device_api)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Run Apple's side for all tests of this module."""
    with running_stand_in(tmp_path_factory.mktemp("apple")) as stand_in:
        yield stand_in


@pytest.fixture
def linked(running):
    """Return a linked service, at an Apple as it was at its start."""
    running.admin("DELETE", "/faults")
    running.admin("POST", "/terms", {"accepted": True})
    running.admin("POST", "/switches", {"session_seconds": 180, "unknown_session": 401, "access_denied": False})
    return Linked(running)


async def test_a_token_that_works_is_valid_and_tells_whose_it_is(linked):
    """B5.4, B10.1: the identity of the service and the downloader, from Apple."""
    reading = await linked.ask()
    assert (reading.verdict, reading.server_uuid, reading.downloader) == (TokenState.VALID, linked.service, KIM)


async def test_another_downloader_shows(linked):
    """B1.4: Apple's word is who the recorded downloader is."""
    linked.token = linked.download(ANA)
    assert (await linked.ask()).downloader == ANA


async def test_a_token_is_superseded_by_a_newer_download(linked):
    """B4.4: the click shows at once."""
    linked.download()
    assert (await linked.ask()).verdict is TokenState.SUPERSEDED


async def test_a_token_is_rejected_when_somebody_else_has_downloaded(linked):
    """B4.4: with another consumer key the words differ."""
    linked.download(ANA)
    assert (await linked.ask()).verdict is TokenState.REJECTED


async def test_unsigned_terms_are_a_state_of_their_own(linked, running):
    """B1.1: not a fault of the token."""
    running.admin("POST", "/terms", {"accepted": False})
    assert (await linked.ask()).verdict is TokenState.TERMS_UNSIGNED


async def test_a_denied_service_says_nothing_about_its_token(linked, running):
    """B10.2: blocked is not dead."""
    running.admin("POST", "/switches", {"access_denied": True})
    reading = await linked.ask()
    assert (reading.verdict, reading.answered) == (None, True)


async def test_a_wrong_clock_is_no_rejection(linked):
    """B10.2: Apple answers the same to a bad token and to a bad clock."""
    reading = await linked.ask(Ahead(by=timedelta(hours=2)))
    assert reading.verdict is None
    assert "clock" in reading.why


async def test_a_token_that_apple_never_gave_is_rejected(linked):
    """B10.2: with a right clock the same answer counts."""
    linked.token = ServerToken(
        linked.token.consumer_key,
        linked.token.consumer_secret,
        linked.token.access_token,
        linked.token.consumer_key,
        linked.token.expires_at,
    )
    assert (await linked.ask()).verdict is TokenState.REJECTED


@pytest.mark.parametrize("where", ["session", "account"])
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "headers": {"Retry-After": "60"}, "body": "TOO_MANY_REQUESTS"},
        {"status": 503, "body": "token_rejected"},
        {"status": 502, "body": "<html>"},
        {"truncate": True},
    ],
)
async def test_outages_are_readings_without_a_verdict(linked, running, where, fault):
    """B10.2: throttled, out of order, cut short: never raised, never a verdict."""
    running.admin("POST", "/faults", {"where": where} | fault)
    reading = await linked.ask()
    assert (reading.verdict, reading.answered) == (None, False)


@pytest.mark.parametrize("fault", [{"status": 401, "body": "UNAUTHORIZED"}, {"status": 403, "body": '"FORBIDDEN"'}])
async def test_a_lost_session_is_renewed_once(linked, running, fault):
    """A second refusal is final, and says nothing about the token."""
    running.admin("POST", "/faults", {"where": "account"} | fault)
    assert (await linked.ask()).verdict is TokenState.VALID
    running.admin("POST", "/faults", {"where": "account", "times": 2} | fault)
    assert (await linked.ask()).verdict is None


async def test_an_empty_session_is_no_verdict(linked, running):
    """Apple took the login and gave nothing: nobody knows what that means."""
    running.admin("POST", "/faults", {"where": "session", "status": 200, "body": '{"auth_session_token": ""}'})
    assert (await linked.ask()).verdict is None


async def test_an_apple_that_is_away_is_a_reading(linked):
    """B10.2: never raises for Apple's answer, nor for none."""
    reading = await DeviceApi(Ahead(), Counting()).account(an_organisation(NOWHERE), linked.token)
    assert (reading.verdict, reading.answered) == (None, False)


async def test_only_the_two_harmless_questions_are_asked_with_what_apple_wants(linked):
    """Apple, "Authenticating for Automated Device Enrollment": headers, protocol version, product in the agent."""
    seen = []

    def session(request):
        seen.append((request.method, request.url.path, request.headers))
        return JSONResponse({"auth_session_token": "abc"})

    def account(request):
        seen.append((request.method, request.url.path, request.headers))
        return (
            JSONResponse({"server_uuid": UUID})
            if request.headers["x-adm-auth-session"] == "abc"
            else PlainTextResponse("", 401)
        )

    app = Starlette(routes=[Route("/session", session), Route("/account", account)])
    async with serving(app) as url:
        api = DeviceApi(Ahead(), Counting(), Connection(total_seconds=5))
        assert (await api.account(an_organisation(url), linked.token)).server_uuid == UUID
    assert [(method, path) for method, path, _ in seen] == [("GET", "/session"), ("GET", "/account")]
    for _, _, headers in seen:
        assert headers["x-server-protocol-version"] == "10"
        assert headers["user-agent"].startswith("tokenward/")
        assert headers["content-type"] == "application/json;charset=UTF8"
    assert 'realm="ADM"' in seen[0][2]["authorization"]
    assert "authorization" not in seen[1][2]
