import httpx2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tokenward.schema.address import Address
from tokenward.web.own_host import OwnHost, own_names


def answer(host: str, address: str = "127.0.0.1:9847", url: str | None = None) -> int:
    """Return how a request under the name *host* is answered."""
    names = own_names(Address.parse(address), url)
    app = Starlette(
        routes=[Route("/", lambda _: PlainTextResponse("here"))], middleware=[Middleware(OwnHost, names=names)]
    )
    with TestClient(app) as client:
        return client.get("/", headers={"Host": host}).status_code


@pytest.mark.parametrize("host", ["127.0.0.1:9847", "localhost:9847", "LOCALHOST:9847", "[::1]:9847"])
def test_our_own_names_are_answered(host):
    """B7: the listener's address, however it is written."""
    assert answer(host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9847", "127.0.0.1", "127.0.0.1:80", "localhost.evil.example:9847", ""]
)
def test_a_foreign_name_is_refused(host):
    """B7: a name that somebody made to point here can't make a browser read the board."""
    assert answer(host) in {400, 421}


def test_the_name_of_a_proxy_is_answered_where_it_is_configured():
    """B7: with TLS and authentication in front."""
    assert answer("board.corp.example", url="https://board.corp.example") == 200
    assert answer("board.corp.example:443", url="https://board.corp.example") == 200
    assert answer("board.corp.example:8443", url="https://board.corp.example") == 421
    assert answer("board.corp.example:8443", url="https://board.corp.example:8443") == 200


def test_on_the_usual_port_browsers_leave_it_out():
    """B7: RFC 9110, section 7.2."""
    assert answer("127.0.0.1", "127.0.0.1:80") == 200


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80))
def test_no_other_name_is_answered_whatever_it_is(host):
    """B7: 421, or 400 for what is no name at all."""
    assume(host.casefold() not in own_names(Address("127.0.0.1", 9847), None))

    assert answer(host) in {400, 421}


async def test_two_names_at_once_are_none():
    """B7: who reads the first and who reads the second must not differ."""
    app = OwnHost(PlainTextResponse("here"), own_names(Address("127.0.0.1", 9847), None))
    headers = [("Host", "localhost:9847"), ("Host", "evil.example")]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as client:
        refused = await client.get("/", headers=headers)

    assert refused.status_code == 400
    assert refused.text == "Say which host is meant, once.\n"
