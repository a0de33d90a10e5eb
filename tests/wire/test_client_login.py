"""Asking by client credentials: one token for many questions, in memory only."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from fakes.web import serving
from tokenward.model.finding import Code, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.wire.client import Connection, HttpPeer
from tokenward.wire.client_login import ClientLogin


class _Server:
    """Gives tokens out, and takes them until it forgets them."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.counts: set[str] = set()
        self.may_nothing: set[str] = set()
        self.instead: Response | None = None

    def app(self) -> Starlette:
        """Return it."""
        return Starlette(routes=[Route("/token", self._give, methods=["POST"]), Route("/ask", self._answer)])

    async def _give(self, request: Request) -> Response:
        if self.instead is not None:
            return self.instead
        async with request.form() as form:
            self.forms.append({name: str(value) for name, value in form.items()})
        token = f"token-{len(self.forms)}"
        self.counts.add(token)
        return JSONResponse({"access_token": token, "expires_in": 60})

    async def _answer(self, request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        if token in self.may_nothing:
            return PlainTextResponse("no", 403)
        return PlainTextResponse(token) if token in self.counts else PlainTextResponse("no", 401)


@pytest.fixture
async def server():
    """Give a server and whoever asks it."""
    server = _Server()
    async with serving(server.app()) as url:
        peer = HttpPeer("The product", url, unreachable=Code.TARGET_UNREACHABLE, connection=Connection())
        form: dict[str, str | Secret] = {"client_id": "a&b", "client_secret": Secret("s3cret")}
        yield server, peer, ClientLogin(peer, "/token", form, "Set the secret.")


async def test_one_token_serves_many_questions_and_is_renewed_when_it_is_refused(server):
    """Nobody counts seconds: the server says when a token has ended."""
    gives, peer, login = server
    answers = [await login.send(peer, "GET", "/ask") for _ in range(2)]
    gives.counts.clear()
    answers.append(await login.send(peer, "GET", "/ask"))

    assert [one.body for one in answers] == [b"token-1", b"token-1", b"token-2"]
    assert gives.forms[0] == {"grant_type": "client_credentials", "client_id": "a&b", "client_secret": "s3cret"}


async def test_what_a_client_may_do_is_asked_anew_after_a_403(server):
    """Whoever gives it the right role need not wait until the old token ends."""
    gives, peer, login = server
    gives.may_nothing.add("token-1")
    answers = [await login.send(peer, "GET", "/ask") for _ in range(2)]
    assert [one.status for one in answers] == [403, 200]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_client_that_is_not_taken_is_the_operators_business(server, status):
    """RFC 6749 section 5.2 has 400 and 401 for it; where there is no such place, the address is wrong."""
    gives, peer, login = server
    gives.instead = PlainTextResponse("oops", status)
    with pytest.raises(NeedsOperator) as raised:
        await login.send(peer, "GET", "/ask")
    assert "oops" not in raised.value.finding.text()
    assert ("url" if status == 404 else "Set the secret.") in raised.value.finding.do


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX: 1", "ä", None], ids=repr)
async def test_what_can_be_no_token_is_never_sent(server, token):
    """It would be a header; whatever is answered stays the other side's own."""
    gives, peer, login = server
    gives.instead = JSONResponse({"access_token": token})
    with pytest.raises(Retryable):
        await login.send(peer, "GET", "/ask")


async def test_a_server_that_is_throttling_says_for_how_long(server):
    """It is passed on to whoever asks again."""
    gives, peer, login = server
    gives.instead = PlainTextResponse("slow down", 429, {"Retry-After": "7"})
    with pytest.raises(Retryable) as raised:
        await login.send(peer, "GET", "/ask")
    assert raised.value.retry_after_seconds == 7
