"""Letters through apprise to a web hook, as pagers and chats have them."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tokenward.model.secret import Secret
from tokenward.notify.apprise_channel import REFERENCE, AppriseChannel
from tokenward.notify.letter import Letter
from tokenward.notify.ports import ChannelFailed

LETTER = Letter("ALARM Main MDM: dead", "“Main MDM”: its token no longer works.\n", "TW-ABCD-1234")


class Hook(ThreadingHTTPServer):
    """A web hook that keeps what it is given, or answers as the test wants."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.taken: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.answers_with = 200

    def url(self, path: str) -> Secret:
        """Return the address of a channel that posts to *path*."""
        return Secret(f"json://127.0.0.1:{self.server_port}{path}")


class _Answer(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, dict(self.headers.items()), json.loads(body)))
        self.send_response(self.server.answers_with)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's signature
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Give a web hook."""
    with Hook() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


async def test_a_web_hook_gets_the_letter_and_its_reference(hook):
    """B11.1: on-call's own program; the reference is a key by which it can tell what came twice."""
    await AppriseChannel("pager", hook.url("/page?+X-Pager-Key=k1")).send(LETTER, "")

    ((path, headers, body),) = hook.taken
    assert path == "/page"
    assert (headers["X-Pager-Key"], headers[REFERENCE]) == ("k1", LETTER.reference)
    assert (body["title"], body["message"].strip()) == (LETTER.subject, LETTER.body.strip())


async def test_the_readers_own_part_stays_in_its_place(hook):
    """B11.1: whatever is in it, it becomes no other part of the address."""
    await AppriseChannel("chat", hook.url("/to/{to}/x")).send(LETTER, "kim/../?a=b&c#d")

    ((path, _, _),) = hook.taken
    assert path.startswith("/to/kim")
    assert path.endswith("/x")


async def test_a_chat_shows_who_writes_and_no_picture_from_elsewhere(hook):
    """B11.1: readers know the daemon, not the library that it sends with."""
    url = f"mmost://127.0.0.1:{hook.server_port}/aaaaaaaaaaaaaaaaaaaaaaaa"
    await AppriseChannel("chat", Secret(url)).send(LETTER, "")

    ((_, _, body),) = hook.taken
    assert body["username"] == "Tokenward"
    assert "icon_url" not in body


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_a_hook_that_refuses_has_failed(hook, status):
    """B11.1: the next channel has its turn."""
    hook.answers_with = status

    with pytest.raises(ChannelFailed, match="pager did not take it"):
        await AppriseChannel("pager", hook.url("/page")).send(LETTER, "")


async def test_what_is_too_long_comes_in_parts(hook):
    """B11.1: a channel with a limit would refuse the whole letter for ever."""
    long = Letter("Many", "\n".join(f"line {number}" for number in range(6000)), "TW-ABCD-0002")
    await AppriseChannel("chat", hook.url("/page")).send(long, "")

    assert len(hook.taken) > 1
    assert "line 5999" in hook.taken[-1][2]["message"]
