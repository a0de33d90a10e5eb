"""The personal page over HTTP, over a real core that works when something is handed in."""

import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from fakes.target import FakeTarget
from fakes.world import DAY, HOUR, Stage, a_service, an_envelope
from tokenward.app.knowledge import Commits
from tokenward.crypto.link_keys import LinkKeys
from tokenward.model.event import EventKind
from tokenward.model.link import Link
from tokenward.model.person import Subject
from tokenward.model.rotation import State
from tokenward.model.secret import Secret
from tokenward.rotation.links import Links
from tokenward.web.apps import public_app
from tokenward.web.handover.deeds import Deeds
from tokenward.web.handover.routes import Answering, Handover
from tokenward.web.handover.upload import LARGEST_BODY

KEYS = LinkKeys(Secret(bytes(32)))
KIM, ANA = (KEYS.key_of(Link(person, 1, datetime.now(UTC))).reveal_text() for person in ("kim", "ana"))  # noqa: TID251
STRICT = {
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


class Scene:
    """A core, and browsers at the public listener."""

    def __init__(self, folder):
        self.target = FakeTarget()
        self.stage = Stage(folder, self.target, service=a_service())
        self.links = Links(self.stage.tools, self.stage.present)
        deeds = Deeds(self.stage.intake, self, self.stage.clock, self.stage.tools.chance)
        self.app = public_app(
            Handover(
                Answering(
                    self.stage.ledger,
                    self.stage.present,
                    KEYS.find,
                    deeds,
                    Commits(),
                    self.stage.clock,
                    is_ending=lambda: True,
                )
            )
        )

    async def settled(self, event_id, timeout_seconds):
        """Have the core work, and return what became of the event."""
        await self.stage.work()
        return await self.stage.ledger.read(lambda change: change.inbox.settlement(event_id))

    async def asked(self, kind=EventKind.ROTATE):
        """Have kim asked, with a link."""
        await self.stage.ask(kind)
        await self.stage.until(State.AWAITING_TOKEN)
        await self.links.settle()

    async def __call__(self, method, path, **words):
        """Return the answer."""
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://evil.example") as client:
            return await client.request(method, path, **words)

    async def get(self, path):
        """Look."""
        return await self("GET", path)

    async def post(self, path, **words):
        """Press."""
        return await self("POST", path, **words)

    async def record(self):
        """Return all that anybody could have changed."""
        return await self.stage.ledger.look(lambda views: (views.audit_head(), views.latest_arrivals(50)))


@pytest.fixture
async def scene(tmp_path):
    """Give a core that asks kim."""
    scene = Scene(tmp_path)
    await scene.asked()
    yield scene
    await scene.stage.ledger.close()


def at(deed, key=KIM, service="main"):
    """Return the address of a button."""
    return f"/handover/{key}/service/{service}/{deed}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("tail", ["", "/changes", "/service/main/certificate", "/service/main/start", "/role", "/link"])
async def test_looking_changes_nothing(scene, method, tail):
    """B6.1: mail scanners open links."""
    before = await scene.record()

    await scene(method, f"/handover/{KIM}{tail}")

    assert await scene.record() == before
    assert (await scene.stage.opened()).claim is None


async def test_every_unknown_address_is_answered_alike(scene):
    """B6.1: constant answers, but for what was asked itself; whatever is behind it."""
    first, second = await scene.get("/handover/nobody"), await scene.get("/handover/" + "a" * 32)

    assert (first.status_code, first.text) == (second.status_code, second.text)
    assert first.headers == second.headers
    assert first.status_code == 404
    assert "don't download again" in first.text
    for tail in ("/service/main/start", "/role", "/link"):
        pressed = await scene.post(f"/handover/nobody{tail}")
        assert (pressed.status_code, pressed.text) == (404, first.text)


@pytest.mark.parametrize("path", [f"/handover/{KIM}", "/handover/nobody", f"/handover/{ANA}"])
async def test_every_page_is_strict_and_tells_nobody_where_the_reader_came_from(scene, path):
    """B6.1: no foreign resources, no-referrer, kept nowhere."""
    answer = await scene.get(path)

    assert STRICT.items() <= dict(answer.headers).items()
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text)
    assert "evil.example" not in answer.text


async def test_steps_and_certificate_are_there_only_for_whoever_started(scene):
    """B4.2: never before *Start now*, and never on anybody else's page."""
    assert (await scene.get(at("certificate"))).status_code == 404
    assert "Enter exactly this name" not in (await scene.get(f"/handover/{KIM}")).text

    pressed = await scene.post(at("start"))
    assert (pressed.status_code, pressed.headers["location"]) == (303, f"/handover/{KIM}#main")
    assert "Main MDM" in (await scene.get(f"/handover/{KIM}")).text
    certificate = await scene.get(at("certificate"))
    assert certificate.text.startswith("-----BEGIN CERTIFICATE-----")
    assert certificate.headers["content-disposition"] == 'attachment; filename="main.pem"'
    assert (await scene.get(at("certificate", ANA))).status_code == 404


async def test_a_way_that_is_not_clear_shows_no_steps_and_says_so(scene):
    """B4.1: the person is not to download, and the old token is as it was."""
    scene.target.unreachable = True
    await scene.post(at("start"))

    page = (await scene.get(f"/handover/{KIM}")).text

    assert "Not now, please" in page
    assert "The service can&#39;t be reached at the moment." in page
    assert "Look again" in page


async def test_a_file_is_taken_and_installed(scene):
    """B6.5: handed over by a plain form."""
    await scene.post(at("start"))
    made = an_envelope(scene.target.staged, scene.stage.clock.now())
    scene.target.contents[made.digest] = made.token

    handed = await scene.post(at("file"), files={"file": (made.name, made.body)})

    assert handed.status_code == 303
    assert "Nothing is left to do" in (await scene.get(f"/handover/{KIM}")).text
    assert (await scene.stage.latest()).supplied_by == "kim@corp.example"


async def test_a_wrong_file_is_answered_at_once_in_plain_words(scene):
    """B5.1: with its number for whoever helps."""
    handed = await scene.post(at("file"), files={"file": ("x.zip", b"PK\x03\x04 an archive")})

    assert handed.status_code == 422
    assert "archive" in handed.text
    assert "TW201" in handed.text


async def test_what_is_too_large_is_cut_off(scene):
    """B6.1: a size cap."""
    handed = await scene.post(at("file"), files={"file": ("x", bytes(LARGEST_BODY + 1))})

    assert handed.status_code == 413


async def test_a_button_of_another_service_or_stage_does_nothing(scene):
    """B6.2: only what the card shows; the page says how things stand."""
    before = (await scene.record())[1]
    for path in (at("start", service="labs"), at("nonsense"), f"/handover/{KIM}/nonsense"):
        assert (await scene.post(path)).status_code == 409
    assert (await scene.record())[1] == before

    await scene.post(at("start"))
    again = await scene.post(at("start"))
    assert again.status_code == 409
    assert "not to be done here any more" in again.text


async def test_whoever_presses_too_often_is_told_to_wait(scene):
    """B6.1: a rate limit, for strangers together and for each link."""
    answers = [(await scene.get("/handover/guess")).status_code for _ in range(61)]
    assert answers[-1] == 429
    assert (await scene.get(f"/handover/{KIM}")).status_code == 200

    scene.stage.clock.at += timedelta(minutes=2)
    presses = [(await scene.post(at("nonsense"))).status_code for _ in range(61)]
    assert presses[-1] == 429


async def test_what_somebody_says_of_themselves_is_an_event(scene):
    """B6.3: a lost role passes everything on, and the link is over."""
    pressed = await scene.post(f"/handover/{KIM}/role")
    await scene.links.settle()

    assert pressed.status_code == 303
    assert (await scene.stage.opened()).actor == "ana"
    assert (await scene.get(f"/handover/{KIM}")).status_code == 410
    assert (await scene.get(f"/handover/{ANA}")).status_code == 200


async def test_a_new_link_is_sent_to_the_contact_on_record_and_shown_to_nobody(scene):
    """B6.1: an old link offers it."""
    await scene.post(f"/handover/{KIM}/role")
    over = await scene.post(f"/handover/{KIM}/link")

    assert over.status_code == 410
    assert await scene.stage.messages("link.sent") == ["person:kim"]
    assert "handover/" not in over.text.replace(f"/handover/{KIM}/link", "")


async def test_a_departure_ends_the_page_at_once_and_says_nothing_of_why(scene):
    """B7.2: links of whoever leaves die; the page is the same as after a hand-over."""
    subject = Subject("email", "kim@corp.example")
    leaves_at = scene.stage.clock.now() + 30 * DAY
    await scene.stage.submit(EventKind.EMPLOYMENT_ENDING, service=None, subject=subject, effective_at=leaves_at)
    await scene.stage.work()

    page = await scene.get(f"/handover/{KIM}")

    assert page.status_code == 410
    assert not re.search(r"leav|depart|employ|custodian", page.text)
    assert (await scene.post(at("start"))).status_code == 410


async def test_a_claim_that_ran_out_shows_no_steps_any_more(scene):
    """B4.2: half an hour, then others may."""
    await scene.post(at("start"))
    scene.stage.clock.at += HOUR
    await scene.stage.work()

    page = (await scene.get(f"/handover/{KIM}")).text

    assert "Start now" in page
    assert (await scene.get(at("certificate"))).status_code == 404
