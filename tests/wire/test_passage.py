"""The way of client libraries through our own client."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse

from fakes.troubles import HANGS, Troubles, moved
from fakes.web import serving
from tokenward.model.finding import NeedsOperator, OutcomeUnknown, Retryable
from tokenward.wire.client import Connection, Lost
from tokenward.wire.passage import Answered, Passage


@pytest.fixture
def server():
    """Return a server that says hello."""
    return Troubles(PlainTextResponse("hello"))


@pytest.fixture
async def url(server):
    """Give its address."""
    async with serving(server) as url:
        yield url


def a_passage(url: str, **words) -> Passage:
    """Return a passage to the server."""
    return Passage("Store", Connection(total_seconds=1), url, **words)


async def test_a_library_that_blocks_asks_from_its_thread(url):
    """And the last answer is kept for whoever sent it."""
    passage = a_passage(url)
    answer = await asyncio.to_thread(passage.send, "GET", f"{url}/path?query=1", {}, b"")
    assert answer.body == b"hello"
    assert passage.answer is answer


@pytest.mark.parametrize("where", ["{}0/path", "{}.evil.example/", "http://127.0.0.1:1/"])
async def test_a_passage_leads_nowhere_else(url, server, where):
    """A library that is sent on, or sends itself on, takes no credential with it."""
    with pytest.raises(NeedsOperator):
        await a_passage(url).ask("GET", where.format(url), {"Authorization": "secret"}, b"")
    assert server.seen == []


async def test_a_question_whose_answer_the_library_need_not_see_ends_it(url):
    """What it would make of an odd answer is not found out."""
    passage = a_passage(url)
    with pytest.raises(Answered):
        await asyncio.to_thread(passage.send_last, "GET", url, {}, b"")
    assert passage.answer.body == b"hello"


@pytest.mark.parametrize(("lost", "error"), [(None, OutcomeUnknown), (Lost.HARMLESS, Retryable)])
async def test_a_lost_answer_means_what_it_was_said_to_mean(url, server, lost, error):
    """A question may be a POST, and is none the less one."""
    server.now = HANGS
    with pytest.raises(error):
        await asyncio.to_thread(a_passage(url, lost=lost).send, "POST", url, {}, b"")


async def test_a_session_of_requests_follows_no_redirect(url, server):
    """Whatever the library asks for."""
    pytest.importorskip("requests", reason="no extra that brings requests is installed")
    from tokenward.wire.requests_session import session_through

    server.now = moved("/elsewhere")
    session = session_through(a_passage(url))
    response = await asyncio.to_thread(session.get, f"{url}/here", allow_redirects=True)
    assert response.status_code == 307
    assert server.seen == [("GET", "/here")]
