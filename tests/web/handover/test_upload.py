import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tokenward.model.finding import Code, NeedsCustodian
from tokenward.web.handover.upload import LARGEST_FILE, uploaded


async def _answer(request: Request) -> Response:
    await asyncio.sleep(0)
    try:
        found = await uploaded(request)
    except NeedsCustodian as error:
        return PlainTextResponse(error.finding.code.reason)
    return PlainTextResponse(f"{found.name}|{len(found.body)}|{found.is_confirmed}")


@pytest.fixture
def client():
    """Give a browser that sends forms."""
    with TestClient(Starlette(routes=[Route("/", _answer, methods=["POST"])])) as client:
        yield client


def test_one_file_is_read_with_the_last_part_of_its_name(client):
    """A12: browsers send a name, some with a path."""
    sent = client.post("/", files={"file": ("C:\\fakepath\\Main.p7m", b"abc")}, data={"confirmed": "yes"})

    assert sent.text == "Main.p7m|3|True"


@pytest.mark.parametrize(
    "parts",
    [
        {"data": {"file": "just words"}},
        {"files": [("file", ("a.p7m", b"1")), ("file", ("b.p7m", b"2"))]},
        {"files": [("other", ("a.p7m", b"1"))]},
        {"content": b"no form at all", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    ],
    ids=["words", "two files", "another field", "no boundary", "no part"],
)
def test_what_is_not_one_file_is_refused_in_plain_words(client, parts):
    """B5.1: two files, none, or no form."""
    assert client.post("/", **parts).text == Code.NOT_AN_ENVELOPE.reason


def test_an_empty_choice_is_no_file(client):
    """B5.1: a form that was sent without choosing."""
    assert client.post("/", files={"file": ("", b"")}).text == Code.NOT_AN_ENVELOPE.reason


def test_a_file_that_is_far_too_large_is_said_to_be(client):
    """Promise 5: with a clear error."""
    assert client.post("/", files={"file": ("a", bytes(LARGEST_FILE + 1))}).text == Code.SIZE.reason


def test_a_file_without_content_is_handed_on_to_be_named_as_empty(client):
    """B5.1: the intake says that it is empty."""
    assert client.post("/", files={"file": ("a.p7m", b"")}).text == "a.p7m|0|False"
