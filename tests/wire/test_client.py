"""Asking others: limits, and what a missing answer means."""

import asyncio
import gzip
import logging
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from fakes.web import NOWHERE, serving, speaking
from tokenward import __version__
from tokenward.model.finding import Code, OutcomeUnknown, Retryable
from tokenward.model.secret import Secret
from tokenward.wire.client import Connection, HttpPeer, Lost, basic_auth

SHORT = Connection(total_seconds=0.3, largest_answer=1000)


def a_peer(url, connection=SHORT, **more):
    """Return the server at *url*, given up soon."""
    return HttpPeer("The product", url, unreachable=Code.TARGET_UNREACHABLE, connection=connection, **more)


async def _echo(request: Request) -> Response:
    return JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "query": dict(request.query_params),
            "headers": dict(request.headers),
            "body": (await request.body()).decode(),
        }
    )


APP = Starlette(
    routes=[
        Route("/echo", _echo, methods=["GET", "PUT"]),
        Route("/moved", lambda _: RedirectResponse("https://elsewhere.example/")),
        Route("/large", lambda _: PlainTextResponse("x" * 2000)),
        Route("/bomb", lambda _: Response(gzip.compress(b"0" * 5_000_000), headers={"content-encoding": "gzip"})),
        Route("/damaged", lambda _: Response(b"no gzip", headers={"content-encoding": "gzip"})),
    ]
)


async def test_a_request_carries_what_it_was_given_and_says_who_asks():
    """Apple refuses callers that do not name themselves as product and version."""
    async with serving(APP) as url:
        peer = a_peer(url, headers={"Authorization": Secret("Bearer s3cret")})
        answer = await peer.send("PUT", "/echo", query={"cn": "a b"}, headers={"X-One": "1"}, body=b"file")
    assert answer.status == 200
    seen = answer.body.decode()
    for part in (
        f'"user-agent":"tokenward/{__version__}"',
        '"authorization":"Bearer s3cret"',
        '"cn":"a b"',
        '"body":"file"',
    ):
        assert part in seen


async def test_a_unix_socket_is_reached_too(tmp_path):
    """The command line asks the daemon this way."""
    path = tmp_path / "control.sock"
    async with serving(APP, str(path)):
        answer = await a_peer("http://localhost", Connection(unix_socket=path)).send("GET", "/echo")
    assert answer.is_ok


async def test_a_redirect_is_an_answer_and_is_not_followed():
    """Where it points was never configured, and the credential would go along."""
    async with serving(APP) as url:
        answer = await a_peer(url).send("GET", "/moved")
    assert (answer.status, answer.is_ok) == (307, False)


@pytest.mark.parametrize("path", ["/large", "/bomb", "/damaged"])
async def test_an_answer_that_is_too_large_or_damaged_is_not_taken(path):
    """Bad input never grows memory: the limit holds for what was unpacked."""
    async with serving(APP) as url:
        with pytest.raises(Retryable):
            await a_peer(url).send("GET", path)


async def test_a_server_that_drips_is_given_up_after_the_whole_time():
    """Time-outs for single reads would let one byte now and then go on for ever."""

    async def drip(_reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with speaking(drip) as url:
        with pytest.raises(Retryable, match="no whole answer"):
            await a_peer(url).send("GET", "/")


async def _hang_up(reader, _writer):
    await reader.readuntil(b"\r\n\r\n")


async def _cut_short(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()


async def _say_nothing(_reader, _writer):
    await asyncio.sleep(2)


LOST_ANSWERS = pytest.mark.parametrize("handler", [_hang_up, _cut_short, _say_nothing])


@LOST_ANSWERS
async def test_a_change_without_an_answer_may_have_been_done(handler):
    """Promise 2: nothing is sent again before somebody has looked."""
    async with speaking(handler) as url:
        with pytest.raises(OutcomeUnknown):
            await a_peer(url).send("PUT", "/token", body=b"file")


@LOST_ANSWERS
async def test_a_question_without_an_answer_is_asked_again(handler):
    """What only reads, or may be repeated, does no harm."""
    async with speaking(handler) as url:
        with pytest.raises(Retryable):
            await a_peer(url).send("GET", "/token")
        with pytest.raises(Retryable):
            await a_peer(url).send("PUT", "/certificate", lost=Lost.HARMLESS)


@pytest.mark.parametrize("url", [NOWHERE, "http://name.invalid"])
async def test_what_was_not_reached_was_not_changed(url):
    """Refused connections and unknown names: certainly nothing was sent."""
    with pytest.raises(Retryable, match="could not be reached") as raised:
        await a_peer(url).send("PUT", "/token", query={"secret": "s3cret"}, body=b"s3cret")
    assert raised.value.finding.code is Code.TARGET_UNREACHABLE
    assert "s3cret" not in raised.value.finding.text()


async def test_a_server_without_tls_is_told_from_one_that_is_away():
    """The remedy differs, so the sentence does."""
    async with serving(APP) as url:
        with pytest.raises(Retryable) as raised:
            await a_peer(url.replace("http:", "https:")).send("PUT", "/echo")
    assert "ca_file" in raised.value.finding.do


async def test_a_client_certificate_shows_who_we_are(tmp_path):
    """A server behind mutual TLS lets nobody else in."""
    server_pem, client_pem = (_self_signed(tmp_path / f"{name}.pem", name) for name in ("localhost", "client"))
    asked = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_pem)
    asked.load_cert_chain(server_pem)
    asked.verify_mode = ssl.CERT_REQUIRED
    heard: list[str] = []

    async def once(reader, writer):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            heard.append(str(writer.get_extra_info("peercert")["subject"]))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(once, "127.0.0.1", 0, ssl=asked) as server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        assert (await a_peer(url, Connection(server_pem, client_pem)).send("GET", "/")).is_ok
        with pytest.raises(Retryable):
            await a_peer(url, Connection(server_pem)).send("GET", "/")
    assert len(heard) == 1
    assert "client" in heard[0]


def test_a_file_that_is_no_client_certificate_is_told_at_once(tmp_path):
    """When it is configured, not at the first rotation; and no password is asked for on a terminal."""
    with pytest.raises(OSError, match="No such file"):
        a_peer("https://mdm.corp.example", Connection(client_certificate=tmp_path / "missing.pem"))


def _self_signed(path, name):
    """Write a certificate that is its own authority, with its key, and return where."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(called, called, key.public_key(), 1, begin, begin + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    return path


async def test_a_proxy_in_the_environment_is_not_used(monkeypatch):
    """Only a configured proxy sees what is asked."""
    monkeypatch.setenv("HTTP_PROXY", NOWHERE)
    monkeypatch.setenv("ALL_PROXY", NOWHERE)
    async with serving(APP) as url:
        assert (await a_peer(url).send("GET", "/echo")).is_ok


async def test_a_configured_proxy_is_used():
    """The request goes to the proxy, under the name of the server."""

    async def proxy(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + head.splitlines()[0])
        await writer.drain()

    async with speaking(proxy) as url:
        answer = await a_peer("http://mdm.corp.example", Connection(proxy=url)).send("GET", "/echo")
    assert answer.body == b"GET http://mdm.corp.example/echo HTTP/1.1"


async def test_addresses_with_their_queries_are_not_logged(caplog):
    """The HTTP library would log every address at INFO."""
    caplog.set_level(logging.INFO)
    async with serving(APP) as url:
        await a_peer(url).send("GET", "/echo", query={"secret": "s3cret"})
    assert "s3cret" not in caplog.text


def test_basic_authentication_is_written_as_its_standard_says_and_does_not_show():
    """RFC 7617 section 2, its own example."""
    value = basic_auth("Aladdin", Secret("open sesame"))
    assert value.reveal() == b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert str(value) == "***"


def test_those_who_trust_the_same_authorities_share_the_settings_for_it():
    """Reading the system's list takes longer than the event loop may be held."""
    assert Connection().tls() is Connection(total_seconds=1).tls()
    assert Connection().tls().verify_mode is ssl.CERT_REQUIRED


# --- Cookies --------------------------------------------------------------------------------------------------------


async def _with_cookies(request: Request) -> Response:
    answer = JSONResponse(dict(request.cookies))
    for name in request.query_params.getlist("set"):
        answer.set_cookie(name, "1")
    return answer


COOKIES = Starlette(routes=[Route("/cookies", _with_cookies)])


@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "dropped"])
async def test_cookies_go_back_only_where_they_are_wanted(keeps):
    """A cluster knows by them who asked before; everybody else is asked as a stranger each time."""
    async with serving(COOKIES) as url:
        peer = a_peer(url, keeps_cookies=keeps)
        await peer.send("GET", "/cookies", query={"set": "node"})
        answer = await peer.send("GET", "/cookies")
        other = await a_peer(url, keeps_cookies=keeps).send("GET", "/cookies")
    assert answer.body == (b'{"node":"1"}' if keeps else b"{}")
    assert other.body == b"{}"


async def test_cookies_never_pile_up():
    """Whatever it answers stays its own: a server that sets another one each time fills no memory."""
    async with serving(COOKIES) as url:
        peer = a_peer(url, keeps_cookies=True)
        for number in range(60):
            await peer.send("GET", "/cookies", query={"set": f"n{number}"})
        answer = await peer.send("GET", "/cookies")
    assert answer.body.count(b":") < 60
    assert b'"n59"' in answer.body
