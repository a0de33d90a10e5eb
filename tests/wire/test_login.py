"""Logging in as a program: the access token is kept while it lives, and no longer."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fakes.login import CLIENT_SECRET, Login
from fakes.troubles import AWAY, MANY, OUT_OF_ORDER, THROTTLED, Troubles
from fakes.web import NOWHERE, serving
from tokenward.model.finding import Code, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.secret import Secret
from tokenward.wire.client import Connection, HttpPeer
from tokenward.wire.login import ClientLogin, LoggedInPeer


class Case:
    """A login in its troubles, a server that asks for its tokens, and a clock that is moved by hand."""

    def __init__(self, login: Login, troubles: Troubles, login_url: str, server_url: str) -> None:
        self.login, self.troubles, self.login_url, self.server_url = login, troubles, login_url, server_url
        self.seconds = 1000.0
        self.peer = self.peer_with()

    def peer_with(self, secret=CLIENT_SECRET, login_url=None) -> LoggedInPeer:
        """Return the server, asked with *secret*."""

        def at(title, url):
            return HttpPeer(title, url, unreachable=Code.TARGET_UNREACHABLE, connection=Connection(total_seconds=1))

        form: dict[str, str | Secret] = {"client_id": "me", "client_secret": Secret(secret)}
        login = ClientLogin(at("The login", login_url or self.login_url), form, lambda: self.seconds, "Mend it.")
        return LoggedInPeer(at("The server", self.server_url), login, "Allow it.")

    async def status(self) -> int:
        """Ask once, and return what was answered."""
        return (await self.peer.send("GET", "/")).status


@pytest.fixture
def login():
    """Return a login that gives access tokens for an hour."""
    return Login()


@pytest.fixture
def may():
    """Return what the server lets whoever logged in do."""
    return {"ask": True, "asked": 0}


@pytest.fixture
async def case(login, may):
    """Give both over HTTP."""

    async def answer(request: Request) -> JSONResponse:
        may["asked"] += 1
        if not login.is_good(request):
            return JSONResponse({}, 401)
        return JSONResponse({}, 200 if may["ask"] else 403)

    troubles = Troubles(login.app())
    server = Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])
    async with serving(troubles) as login_url, serving(server) as server_url:
        yield Case(login, troubles, f"{login_url}/token", server_url)


async def test_one_login_serves_as_long_as_it_lives(case, login):
    """A login for each question would be a burden for the other side."""
    assert [await case.status() for _ in range(3)] == [200, 200, 200]
    assert len(login.given) == 1

    case.seconds += 3539
    await case.status()
    assert len(login.given) == 1

    case.seconds += 1
    await case.status()
    assert len(login.given) == 2


async def test_a_login_that_does_not_say_for_how_long_serves_once(case, login):
    """RFC 6749 section 5.1: it should be told, and need not."""
    login.lifetime = None
    assert [await case.status() for _ in range(2)] == [200, 200]
    assert len(login.given) == 2


async def test_a_login_that_claims_to_live_for_ever_is_renewed_all_the_same(case, login):
    """Bad input."""
    login.lifetime = 10**12
    await case.status()
    case.seconds += 86_400
    await case.status()
    assert len(login.given) == 2


async def test_an_access_token_that_ended_before_its_time_is_replaced_at_once(case, login, may):
    """Somebody revoked it: nothing was done with it, so it is asked once more."""
    await case.status()
    login.revoked.update(login.given)

    assert (await case.peer.send("POST", "/")).status == 200
    assert may["asked"] == 3


async def test_what_is_permitted_meanwhile_is_seen_at_the_next_question(case, login, may):
    """Permissions are part of an access token: an old one would keep them out for an hour."""
    may["ask"] = False
    with pytest.raises(NeedsOperator) as raised:
        await case.status()
    assert (raised.value.finding.code, raised.value.finding.do) == (Code.TARGET_REFUSED, "Allow it.")

    may["ask"] = True
    assert await case.status() == 200
    assert len(login.given) == 2


async def test_a_secret_that_is_not_taken_is_the_operators_business(case):
    """The login's own words are not repeated."""
    case.peer = case.peer_with(secret="wrong")
    with pytest.raises(NeedsOperator) as raised:
        await case.status()
    assert raised.value.finding.do == "Mend it."
    assert "oops" not in raised.value.finding.text()


@pytest.mark.parametrize("trouble", MANY, ids=lambda one: one.name)
async def test_a_login_in_trouble_is_an_outage_and_nothing_was_done(case, may, trouble):
    """Also for what would otherwise be in doubt: the request itself never left."""
    case.troubles.now = trouble
    with pytest.raises(Retryable) as raised:
        await case.peer.send("POST", "/")
    assert not isinstance(raised.value, OutcomeUnknown)
    assert may["asked"] == 0
    assert raised.value.retry_after_seconds == (7 if trouble is THROTTLED else None)


async def test_a_login_that_comes_back_is_used(case):
    """A failure is not remembered."""
    for trouble in (AWAY, OUT_OF_ORDER):
        case.troubles.now = trouble
        with pytest.raises(Retryable):
            await case.status()
    case.troubles.now = None
    assert await case.status() == 200


async def test_a_login_that_cannot_be_reached_is_named(case):
    """Not the server behind it."""
    case.peer = case.peer_with(login_url=NOWHERE)
    with pytest.raises(Retryable) as raised:
        await case.status()
    assert raised.value.finding.happened.startswith("The login could not be reached")
