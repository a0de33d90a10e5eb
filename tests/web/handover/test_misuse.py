"""Pressed twice, in two windows, too late, with anything for a file: nothing is doubled, lost or given away."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from fakes.views import FakeReadModel, FakeViews, StillClock
from fakes.world import an_envelope
from tokenward.app.knowledge import Commits
from tokenward.web.apps import public_app
from tokenward.web.exports import Exports
from tokenward.web.handover.routes import Answering, Handover
from tokenward.web.handover.upload import LARGEST_BODY, LARGEST_FILE, LARGEST_READ
from tokenward.web.html import PAGE_HEADERS
from web.handover.page_scene import ANA, KEYS, KIM, at
from web.scene import NOW

FILE = {"files": {"file": ("x.p7m", b"no token")}}
ANYTHING = [
    ("GET", f"/handover/{KIM}", 200, {}),
    ("HEAD", f"/handover/{KIM}", 200, {}),
    ("GET", "/handover/nobody", 404, {}),
    ("GET", f"/handover/{ANA}", 404, {}),
    ("GET", "/handover/nobody/changes", 404, {}),
    ("GET", at("certificate"), 404, {}),
    ("GET", at("start"), 303, {}),
    ("POST", at("start"), 303, {}),
    ("POST", at("file"), 303, FILE),
    ("POST", at("file"), 413, {"content": bytes(LARGEST_READ + 1)}),
    ("POST", at("remind"), 413, {"content": bytes(LARGEST_BODY + 1)}),
    ("POST", at("nonsense"), 303, {}),
    ("POST", "/handover/nobody/link", 404, {}),
    ("PUT", f"/handover/{KIM}", 405, {}),
    ("GET", "/", 404, {}),
    ("GET", "/static/nothing", 404, {}),
]


@pytest.mark.parametrize(("method", "path", "status", "words"), ANYTHING, ids=lambda one: str(one)[-24:])
async def test_every_answer_is_strict(scene, method, path, status, words):
    """B6.1: no foreign resource, no-referrer, kept nowhere; whatever is asked, and also what no page answers."""
    answer = await scene(method, path, **words)

    assert answer.status_code == status
    assert PAGE_HEADERS.items() <= {name.title(): value for name, value in answer.headers.items()}.items()


async def test_what_a_page_is_made_of_may_be_kept(scene):
    """B6.1: only pages are kept nowhere."""
    page = (await scene.get(f"/handover/{KIM}")).text
    style = page.split('stylesheet" href="')[1].split('"')[0]

    answer = await scene.get(style)

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("tail", ["/service/main/start", "/service/main/file", "/role", "/link"])
@pytest.mark.parametrize("key", [KIM, "nobody", "%0d%0aSet-Cookie:x", "%5c%5cevil.example", "a%20b"])
async def test_the_address_of_a_button_leads_to_the_page(scene, key, tail):
    """B6.1: loading it again, or opening it from the history, shows the page and changes nothing."""
    answer = await scene.get(f"/handover/{key}{tail}")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/handover/")
    assert "set-cookie" not in answer.headers


async def test_pressing_start_twice_is_pressing_it_once(scene):
    """B4.2: a double click without a script, or a second window: both see the steps."""
    first = await scene.post(at("start"))
    before = await scene.record()
    second = await scene.post(at("start"))

    assert (first.status_code, second.status_code) == (303, 303)
    assert await scene.record() == before
    assert "The way is clear" in (await scene.get(f"/handover/{KIM}")).text


async def test_a_file_that_is_called_lost_twice_is_lost_once(scene):
    """B3.1, B4.4: the second press of a double click does not throw the next certificate away."""
    await scene.post(at("start"))
    form = {"visit": str((await scene.stage.opened()).visit)}
    await scene.post(at("lost"), data=form)
    await scene.stage.work()
    again = (await scene.stage.opened()).visit

    second = await scene.post(at("lost"), data=form)
    await scene.stage.work()

    assert second.status_code == 303
    assert (await scene.stage.opened()).visit == again


async def test_the_file_that_was_installed_may_be_sent_again(scene):
    """Design promise 2: a second press, or a second window, is no mistake; another file is."""
    await scene.post(at("start"))
    made = an_envelope(scene.target.staged, scene.stage.clock.now())
    scene.target.contents[made.digest] = made.token
    file = {"file": (made.name, made.body)}
    assert (await scene.post(at("file"), files=file)).status_code == 303
    before = (await scene.record())[1]

    again = await scene.post(at("file"), files=file)
    other = an_envelope(scene.target.staged, scene.stage.clock.now())
    another = await scene.post(at("file"), files={"file": (other.name, other.body)})

    assert (again.status_code, another.status_code) == (303, 303)
    assert "keep it, and don&#39;t download again" in await scene.read()
    assert (await scene.record())[1] == before


async def test_nobody_presses_at_anybody_elses_card(scene):
    """B6.1: a link is its person's; what ana was not asked she can't do, and strangers can do nothing."""
    before = await scene.record()
    for key in (ANA, "nobody"):
        for deed in ("start", "file", "lost", "deputy", "remind"):
            answer = await scene.post(at(deed, key), **(FILE if deed == "file" else {}))
            assert answer.status_code in {404, 410}
    assert await scene.record() == before


@pytest.mark.parametrize("size", [LARGEST_FILE + 1, 300_000, LARGEST_READ - 10_000])
async def test_a_file_that_is_far_too_large_is_answered_with_a_sentence(scene, size):
    """B6.1, B5.1: a size cap; the rest is read and thrown away, for a browser listens only then."""
    before = await scene.record()

    handed = await scene.post(at("file"), files={"file": ("photo.jpg", bytes(size))})

    assert handed.status_code == 303
    assert "This file is too large for a token." in await scene.read()
    assert await scene.record() == before


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        'a"b.p7m',
        "ein Schlüssel 🔑.p7m",
        "x" * 1000 + ".p7m",
        "C:\\fakepath\\Main.p7m",
        "a\r\nX-Header: b.p7m",
        "<script>alert(1)</script>.p7m",
        "\x1b[31mred.p7m",
    ],
    ids=["path", "quote", "unicode", "long", "windows", "line break", "markup", "terminal"],
)
async def test_a_file_may_be_called_anything(scene, name):
    """Promise 5: its name is text, cut to a length, and no path, and nothing that a terminal would obey."""
    await scene.post(at("start"))
    made = an_envelope(scene.target.staged, scene.stage.clock.now())
    scene.target.contents[made.digest] = made.token

    handed = await scene.post(at("file"), files={"file": (name, made.body)}, data={"confirmed": "yes"})

    assert handed.status_code == 303
    kept = await scene.stage.ledger.read(lambda change: change.envelopes.find(made.digest))
    assert kept is not None
    assert kept.file_name.isprintable()
    assert len(kept.file_name) <= 200
    assert not {"/", "\\"} & set(kept.file_name)


async def test_an_empty_file_says_that_it_is_empty(scene):
    """B5.1: and what to do about it."""
    handed = await scene.post(at("file"), files={"file": ("empty.p7m", b"")})

    assert handed.status_code == 303
    assert "This is an empty file" in await scene.read()
    assert "Look whether the download has ended" in await scene.read()


async def test_while_nothing_can_be_looked_up_the_page_says_so_and_tries_again(scene):
    """Promise 6: a busy or broken store is no blank page; whoever has a file is told to keep it."""
    model = FakeReadModel(FakeViews(), is_broken=True)
    given = Answering(
        model,
        scene.stage.present,
        KEYS.find,
        scene.deeds,
        Commits(),
        StillClock(NOW),
        Exports(scene.stage.tools, scene.stage.present).envelope_of,
        is_ending=lambda: True,
    )
    transport = httpx2.ASGITransport(app=public_app(Handover(given)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        looked, pressed = await client.get(f"/handover/{KIM}"), await client.post(at("file"), files=FILE["files"])

    for answer in (looked, pressed):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert "keep it, and don't download again" in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_two_windows_at_once_do_no_harm(scene):
    """Design promise 2: started and handed over in both, at the same moment."""
    await asyncio.gather(*(scene.post(at("start")) for _ in range(4)))
    made = an_envelope(scene.target.staged, scene.stage.clock.now())
    scene.target.contents[made.digest] = made.token

    handed = await asyncio.gather(*(scene.post(at("file"), files={"file": (made.name, made.body)}) for _ in range(4)))

    assert {answer.status_code for answer in handed} == {303}
    assert "Nothing is left to do" in (await scene.get(f"/handover/{KIM}")).text
    assert len(scene.target.uploads) == 1


async def test_what_was_said_stays_until_something_else_is_done(scene):
    """B5.1: looking at another window and coming back takes nothing away; a press, or progress, does."""
    await scene.post(at("start"))
    await scene.post(at("file"), **FILE)
    assert "not a server token file" in await scene.read()
    assert "not a server token file" in await scene.read()
    assert "not a server token file" not in await scene.read(ANA)

    await scene.post(at("remind"), data={"day": ""})
    assert "not a server token file" not in await scene.read()

    await scene.post(at("file"), **FILE)
    scene.stage.clock.at += timedelta(hours=1)
    assert "not a server token file" not in await scene.read()


async def test_what_was_said_is_not_said_of_what_came_after(scene):
    """B6.5: once the right file came by another way, the wrong one is of no interest."""
    await scene.post(at("start"))
    await scene.post(at("file"), **FILE)
    made = an_envelope(scene.target.staged, scene.stage.clock.now())
    await scene.stage.hand_over(made)
    scene.target.unreachable = True
    await scene.stage.work()

    said = await scene.read()

    assert "Thank you, the file is here" in said
    assert "not a server token file" not in said
