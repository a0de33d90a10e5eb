"""The board over HTTP."""

import json
import re
from dataclasses import replace

import pytest

from tokenward.model.rotation import Installation, State
from tokenward.web.html import PAGE_HEADERS
from web.board.board_scene import ANSWERS, HOST, LINES, PAGES, STATES, blocked, looking
from web.scene import DAY, NOW, a_person, a_record, a_roster, a_rotation, a_service, the_views

CLOSED = a_rotation(id="r0", state=State.DONE, closed_at=NOW - DAY, rung=4, opened_at=NOW - 3 * DAY)


def views_of(record, **words):
    """Return views on which *record* is, with rotations that are over: ``r1`` is one where none is open."""
    over = () if record.rotation else (a_rotation(state=State.DONE, closed_at=NOW),)
    return replace(the_views((record,), lines=LINES, **words), closed=(*over, CLOSED))


def words_of(html):
    """Return what a person reads of a page."""
    main = html.partition("<main")[2].partition("</main>")[0]
    without_inline = re.sub(r"</?(?:a|code|span|strong|time)\b[^>]*>", "", main.partition(">")[2])
    return " ".join(re.sub(r"<[^>]+>", " ", without_inline).split())


@pytest.mark.parametrize("record", STATES.values(), ids=STATES)
async def test_every_state_has_its_pages_and_the_same_as_json(record):
    """Design 6: whatever is the matter, the board shows it; nothing that a template wants is missing."""
    async with looking(views_of(record)) as client:
        pages = [await client.get(path) for path in PAGES]
        answers = [await client.get(path) for path in ANSWERS]

    for page in pages:
        assert page.status_code == 200
        assert page.headers["content-security-policy"] == PAGE_HEADERS["Content-Security-Policy"]
        assert "None" not in words_of(page.text).replace("None is open", "")
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()


async def test_the_board_has_every_organisation_and_service():
    """A1: one without a service is shown as such, not left out."""
    async with looking(the_views()) as client:
        page = words_of((await client.get("/")).text)
        answer = (await client.get("/api/v1/status")).json()

    assert "Example School" in page
    assert "No service of it is configured" in page
    assert [(one["id"], one["linked"]) for one in answer["organisations"]] == [("corp", True), ("school", False)]
    assert [one["id"] for one in answer["organisations"][0]["services"]] == ["main", "labs"]
    assert "not_linked" in [need["urgency"] for need in answer["needs"]]


async def test_a_service_is_shown_with_days_basis_custodian_and_proof():
    """B1.2: how the end is known stands beside it; A9: so do all the rest."""
    async with looking(the_views()) as client:
        page = words_of((await client.get("/")).text)
        answer = (await client.get("/api/v1/status")).json()["organisations"][0]["services"][0]

    assert "265 days left until 16 August 2027, as the product says kim rung 4" in page
    assert "next on 2 July 2027" in page
    assert (answer["expires_at"], answer["expiry_basis"]) == ("2027-08-16T09:30:00Z", "read_back")
    assert (answer["days_until_expiry"], answer["custodian"], answer["rung"]) == (265.0, "kim", 4)


async def test_an_open_rotation_is_shown_with_whom_it_waits_for_and_since_when():
    """Issue's board: what waits for whom and since when, at any moment."""
    async with looking(the_views((STATES["waiting"],))) as client:
        page = words_of((await client.get("/")).text)
        answer = (await client.get("/api/v1/status")).json()["organisations"][0]["services"][0]["rotation"]

    assert "Waiting for the token waits for kim for 1 h; end of the token’s year" in page
    assert (answer["waiting_for"], answer["turn"]) == ("person", "person")
    assert answer["people"] == [{"id": "kim", "name": "kim"}]
    assert answer["since"] == "2026-11-24T08:30:00Z"


async def test_what_needs_somebody_stands_first_with_its_remedy():
    """Issue's board: the blocked one, since when, and what to do about it."""
    async with looking(the_views((STATES["blocked"],))) as client:
        page = words_of((await client.get("/")).text)

    need = "Main MDM: Stands still: a certificate is missing Free the disk, then retry. Since 24 November 2026, 09:10"
    assert page.index(need) < page.index("Example Corporation")


async def test_people_are_called_by_their_names():
    """B4.2: whose turn it is, in the words that people use."""
    roster = a_roster(a_service(), people=(a_person("kim", name="Kim Lee"), a_person("ana")))
    async with looking(the_views((STATES["waiting"],)), roster) as client:
        assert "waits for Kim Lee" in words_of((await client.get("/")).text)


async def test_who_would_tell_what_is_shown_and_where_nobody_would():
    """B7.7: per person and signal, which source can tell, or none."""
    async with looking(the_views()) as client:
        page = words_of((await client.get("/")).text)
        answer = (await client.get("/api/v1/status")).json()["coverage"]

    assert "kim corp-okta nobody nobody" in page
    assert answer[0]["sources"] == {"password": ["corp-okta"], "departure": [], "role": []}


async def test_sources_are_shown_with_their_last_word():
    """Design 6: when each was last heard."""
    async with looking(replace(the_views(), heard={"drop": NOW - DAY})) as client:
        page = words_of((await client.get("/")).text)
        answer = (await client.get("/api/v1/status")).json()["sources"]

    assert "drop up 24 November 2026, 09:29 UTC 23 November 2026, 09:30 UTC" in page
    assert answer[0]["heard_at"] == "2026-11-23T09:30:00Z"
    assert "corp-okta okta-event-hook not looked at yet – none yet" in page


async def test_where_installing_fails_the_page_says_how_to_do_it_by_hand():
    """B4.5: the stored file, from the service's page and from the rotation's."""
    async with looking(views_of(STATES["failing"])) as client:
        for path in ("/services/main", "/rotations/r1"):
            page = words_of((await client.get(path)).text)
            assert "tokenward export-envelope main -o main.p7m" in page
            assert "Don’t download another one" in page


async def test_an_outage_is_shown_while_it_runs():
    """B4.3: on the board, on the service's page and on the rotation's."""
    async with looking(views_of(STATES["failing"])) as client:
        for path in PAGES:
            assert re.search(r"outage for 12 min|12 min, from", words_of((await client.get(path)).text), re.IGNORECASE)


async def test_an_outage_speaks_of_no_old_token_where_there_may_have_been_none():
    """B4.3: a service that is linked for the first time has its outage too, from the download on."""
    async with looking(views_of(STATES["failing"])) as client:
        page = words_of((await client.get("/rotations/r1")).text)
        assert "no token is seen to work" in page
        assert "old token" not in page


async def test_the_history_of_a_service_is_told_in_words():
    """B2.6: the record as a timeline, and the rotations that are over."""
    async with looking(views_of(a_record())) as client:
        page = words_of((await client.get("/services/main")).text)

    assert "The new token is being handed to a target (2 times)" in page
    assert "A rotation was opened: end of the token’s year" in page
    assert "a reason for the operators alone" not in page
    assert "23 November 2026, 09:30 UTC end of the token’s year – rung 4 none" in page


async def test_a_rotation_shows_its_stages():
    """B2: where it is, what is behind it, and that it stands still."""
    async with looking(views_of(STATES["failing"])) as client:
        page = words_of((await client.get("/rotations/r1")).text)

    assert "File received (done) File checked, being installed (stands still) Installed Proven to work" in page


@pytest.mark.parametrize("path", [*PAGES, *ANSWERS])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_changed(path, method):
    """Design 6: the board is read-only."""
    async with looking(views_of(a_record())) as client:
        assert (await client.request(method, path)).status_code == 405
        assert (await client.head(path)).status_code == 200


@pytest.mark.parametrize("path", ["/services/none", "/rotations/none", "/favicon.ico", "/services", "/a/b/c"])
async def test_what_is_not_there_is_said_kindly(path):
    """Promise 5: with the way back."""
    async with looking(the_views()) as client:
        answer = await client.get(path)

    assert answer.status_code == 404
    assert "All services" in answer.text
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/api/v1/services/none", "/api/v1/rotations/none", "/api/v1/nothing", "/api/v2/status"]
)
async def test_a_program_is_told_as_json_what_is_not_there(path):
    """Promise 5: a clear error."""
    async with looking(the_views()) as client:
        answer = await client.get(path)

    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "happened", "means", "do"}


@pytest.mark.parametrize("path", [*PAGES, *ANSWERS])
async def test_while_the_record_can_not_be_read_that_is_said(path):
    """Promise 6: and the page goes on renewing itself."""
    async with looking(the_views(), broken=True) as client:
        answer = await client.get(path)

    assert answer.status_code == 503
    assert "The database is busy." in answer.text


@pytest.mark.parametrize("host", ["evil.example", "board.corp.example.evil.example", "127.0.0.1", f"{HOST}:1"])
@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/static/look.css", "/nothing"])
async def test_a_foreign_name_is_refused(host, path):
    """Design 5: a page from elsewhere can't make a browser read the board by pointing its own name here."""
    async with looking(the_views()) as client:
        answer = await client.get(path, headers={"Host": host})

    assert answer.status_code == 421
    assert answer.text.count("\n") == 1
    assert "Example" not in answer.text


async def test_without_a_script_the_page_renews_itself_all_the_same():
    """Design 6: and the script is one of ours."""
    async with looking(the_views()) as client:
        html = (await client.get("/")).text
        (script,) = re.findall(r'<script src="([^"]+)"', html)
        assert (await client.get(script)).headers["content-type"].startswith("text/javascript")

    assert '<noscript><meta http-equiv="refresh"' in html


async def test_whatever_stands_in_the_record_is_shown_as_text():
    """Promise 5: a remedy, a refusal of a product, a name."""
    evil = "<img src=x onerror=alert(1)>"
    installations = (Installation("nanodep", required=True, attempts=1, error=evil),)
    changed = a_record(
        rotation=a_rotation(state=State.CHECKED, blocked=blocked(remedy=evil), installations=installations)
    )
    roster = a_roster(a_service(name=evil))
    async with looking(views_of(changed), roster) as client:
        pages = [(await client.get(path)).text for path in PAGES]

    assert all("<img src=x" not in html for html in pages)
    assert all("&lt;img src=x" in html for html in pages)


async def test_the_json_says_what_the_page_says():
    """Issue's board: the same knowledge, for programs."""
    async with looking(views_of(STATES["failing"])) as client:
        service = (await client.get("/api/v1/services/main")).json()
        rotation = (await client.get("/api/v1/rotations/r1")).json()
        page = words_of((await client.get("/rotations/r1")).text)

    assert service["service"]["rotation"] == rotation["rotation"]
    assert rotation["rotation"]["plan_b"] is True
    assert rotation["rotation"]["blocked"]["remedy"] in page
    assert rotation["history"][0]["words"] in page
    assert json.dumps(service["needs"]).count('"outage"') == 1
