"""The personal page over HTTP, over a real core that works when something is handed in."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fakes.world import DAY, HOUR, an_envelope
from tokenward.model.event import EventKind
from tokenward.model.person import Subject
from tokenward.model.quiet import QuietHours
from web.handover.page_scene import ANA, KIM, at


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

    assert (handed.status_code, handed.headers["location"]) == (303, f"/handover/{KIM}#main")
    said = await scene.read()
    assert "This is a compressed archive, not a server token file." in said
    assert "TW201" in said


async def test_a_button_of_another_service_or_stage_does_nothing(scene):
    """B6.2: only what the card shows; the page says how things stand."""
    before = (await scene.record())[1]
    for path in (at("start", service="labs"), at("nonsense"), f"/handover/{KIM}/nonsense"):
        assert (await scene.post(path)).status_code == 303
        assert "not to be done here any more" in await scene.read()
    assert (await scene.record())[1] == before

    await scene.post(at("start"))
    assert "not to be done here any more" not in await scene.read()
    await scene.post(at("remind"), data={"day": "2026-11-28"})
    assert "not to be done here any more" in await scene.read()


async def test_whoever_presses_too_often_is_told_to_wait(scene):
    """B6.1: a rate limit, for strangers together and for each link."""
    answers = [(await scene.get("/handover/guess")).status_code for _ in range(61)]
    assert answers[-1] == 429
    assert (await scene.get(f"/handover/{KIM}")).status_code == 200

    scene.stage.clock.at += timedelta(minutes=2)
    presses = [(await scene.post(at("nonsense"))).status_code for _ in range(61)]
    assert presses[-1] == 429


@pytest.mark.parametrize("tail", ["", "/changes", "/service/main/certificate"])
async def test_strangers_may_guess_no_more_often_by_one_way_than_by_another(scene, tail):
    """B6.1: whatever is looked at, it tells whether a key is somebody's."""
    answers = [(await scene.get(f"/handover/guess{tail}")).status_code for _ in range(61)]

    assert (answers[0], answers[-1]) == (404, 429)


@pytest.mark.parametrize("tail", ["", "/service/main/start", "/role", "/nonsense/"])
async def test_no_way_leads_to_the_host_that_a_request_names(scene, tail):
    """B6.1: an address with a slash too many would take its key there."""
    answer = await scene.get(f"/handover/{KIM}{tail}/")

    assert "evil.example" not in answer.headers.get("location", "")


async def test_a_slash_behind_a_link_does_no_harm(scene):
    """B6.1: some mail programs put one there."""
    answer = await scene.get(f"/handover/{KIM}/")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/handover/{KIM}")


async def test_what_somebody_says_of_themselves_is_an_event(scene):
    """B6.3: a lost role passes everything on, and the link is over."""
    pressed = await scene.post(f"/handover/{KIM}/role")
    await scene.links.settle()

    assert pressed.status_code == 303
    assert (await scene.stage.opened()).actor == "ana"
    assert (await scene.get(f"/handover/{KIM}")).status_code == 410
    assert (await scene.get(f"/handover/{ANA}")).status_code == 200


@pytest.mark.parametrize(("deed", "words"), [("role", "you are asked no more"), ("password", "new password is noted")])
async def test_what_somebody_says_of_themselves_is_acknowledged(scene, deed, words):
    """B6.3: also where nothing else on the page changes by it, as with a password that was changed twice."""
    for _ in range(2):
        await scene.post(f"/handover/{KIM}/{deed}")
        await scene.links.settle()

        page = await scene.read()
        assert "Noted" in page
        assert words in page


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


async def test_a_reminder_comes_in_the_morning_of_whoever_asked_for_it(scene):
    """B6.3, B11.2: at eight o'clock where they are."""
    world = scene.stage.world
    quiet = QuietHours(zone=ZoneInfo("Europe/Vienna"))
    scene.stage.world = replace(world, roster=replace(world.roster, quiet=quiet))

    await scene.post(at("remind"), data={"day": "2026-11-26"})

    assert (await scene.stage.opened()).remind_at == datetime(2026, 11, 26, 7, tzinfo=UTC)
    assert "Thursday, 26 November 2026 (in 2 days)" in (await scene.get(f"/handover/{KIM}")).text
