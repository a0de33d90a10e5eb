"""The board and its JSON tell nothing of a departure before it is effective, whoever looks and however closely."""

import re
from dataclasses import replace

import pytest

from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Cause, State
from tokenward.store.views import AuditLine
from web.board.board_scene import ANSWERS, PAGES, STATES, looking
from web.scene import DAY, HOUR, NOW, a_record, a_roster, a_rotation, a_service, open_about_departures, the_views

LAST_DAY = NOW + 23 * DAY
TELLS = re.compile(
    r"leav|\bleft\b|offboard|employ|resign|fired|disabled|deleted|can.t be asked|departs|departed"
    r"|2026-12-17|17 December|account\.",
    re.IGNORECASE,
)
"""Words and dates that would give it away."""
ABOUT_OTHER_THINGS = re.compile(
    r"days left|</strong> left|bar-left|left to (?:whoever|the person|the issuer)|is left who", re.IGNORECASE
)
"""Days are left of a token's year, and a step is left to somebody."""


def giveaways(texts):
    """Return every word in *texts* that would give a departure away."""
    return [match[0] for text in texts for match in TELLS.finditer(ABOUT_OTHER_THINGS.sub("", text))]


OPENED = a_record(rotation=a_rotation(causes=(Cause.CUSTODIAN,), actor="ana"))
RECORDS = {**STATES, "planned change": OPENED}
STANDINGS = [
    PersonState("kim"),
    PersonState("kim", Standing.PASSWORD_CHANGED, since=NOW - DAY),
    PersonState("kim", Standing.ACTIVE, since=NOW - DAY, confirmed_at=NOW - DAY),
]


async def everything(views, roster=None):
    """Return what every page and answer says."""
    async with looking(views, roster) as client:
        found = {path: await client.get(path) for path in (*PAGES, *ANSWERS)}
    return {path: answer.text for path, answer in found.items()}


@pytest.mark.parametrize("people", [("kim",), ("ana",), ("kim", "ana")], ids=" and ".join)
@pytest.mark.parametrize("state", STANDINGS, ids=lambda state: state.standing.value)
@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
async def test_a_departure_ahead_changes_not_one_letter(record, state, people):
    """B7.2: nobody learns from the board what nobody could learn without it, be it by comparing."""
    states = tuple(replace(state, person=person) for person in people)
    without = await everything(the_views((record,), states))
    ahead = await everything(the_views((record,), tuple(replace(one, departs_at=LAST_DAY) for one in states)))

    assert ahead == without


async def test_the_comparison_would_find_something():
    """B7.2: once it is effective, the board may say so, and does."""
    views = the_views((a_record(),), (PersonState("kim", departs_at=NOW - HOUR),))

    page = (await everything(views))["/services/main"]

    assert "has left" in page
    assert giveaways([page]) == ["can’t be asked", "left"]


async def test_a_service_that_is_open_about_departures_shows_when_it_rotates_for_one():
    """B7.2: `departures = "open"` turns it on for that service; the day itself stays with the control socket."""
    roster = a_roster(open_about_departures(a_service()))
    found = await everything(the_views((a_record(),), (PersonState("kim", departs_at=LAST_DAY),)), roster)

    assert ">3 December 2026</time>" in found["/"]
    assert "2026-12-17" not in "".join(found.values())


def lines(*told):
    """Return audit lines about ``main`` as they are written, newest first."""
    return tuple(
        AuditLine(number, NOW - number * HOUR, what, "main", {"rotation": "r1", "event": "7", **details})
        for number, (what, details) in enumerate(told)
    )


WRITTEN = lines(
    ("person.noted", {"person": "kim", "standing": "departed"}),
    ("link.revoked", {"person": "kim", "number": "3"}),
    ("event.rejected", {"kind": "employment.ending", "source": "corp-hr", "code": "TW101"}),
    ("event.fault", {"kind": "account.disabled"}),
    ("rotation.cancelled", {"why": "kim leaves later, on 2026-12-17"}),
    ("rotation.reassigned", {"state": "awaiting_token", "why": "kim leaves"}),
    ("rotation.joined", {"cause": "custodian", "why": "kim leaves on 2026-12-17"}),
    ("rotation.opened", {"cause": "custodian", "why": "kim leaves on 2026-12-17"}),
    ("something.new", {"why": "kim has left"}),
)


async def test_the_timeline_tells_causes_and_never_reasons():
    """B7.2: what was written for the operators at the control socket, also under another policy, stays with them."""
    cancelled = a_rotation(
        id="r0", state=State.CANCELLED, causes=(Cause.CUSTODIAN,), closed_at=NOW, close_reason="kim leaves later"
    )
    views = replace(
        the_views((OPENED,), (PersonState("kim", departs_at=LAST_DAY),), lines=WRITTEN), closed=(cancelled,)
    )

    found = await everything(views)
    async with looking(views) as client:
        found |= {path: (await client.get(path)).text for path in ("/rotations/r0", "/api/v1/rotations/r0")}

    assert giveaways(found.values()) == []
    assert "A rotation was opened: planned change of custodian" in found["/services/main"]


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
async def test_no_word_gives_it_away(record):
    """B7.2: the canary: every page and answer is searched for the day and for every word that means leaving."""
    states = tuple(PersonState(person, departs_at=LAST_DAY) for person in ("kim", "ana"))
    found = await everything(the_views((record,), states, lines=WRITTEN))

    assert giveaways(found.values()) == []


async def test_a_word_about_why_it_was_cancelled_is_shown_where_it_can_tell_nothing():
    """B2.5: a reason that has nothing to do with a change of custodian helps whoever reads it."""
    cancelled = a_rotation(state=State.CANCELLED, closed_at=NOW, close_reason="opened by mistake")
    views = replace(the_views((a_record(),)), closed=(cancelled,))

    found = await everything(views)

    assert "opened by mistake" in found["/rotations/r1"]
