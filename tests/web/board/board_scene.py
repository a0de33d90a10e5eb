"""The board over views without a database, and the states of a service that it has to show."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2

from fakes.views import FakeReadModel, FakeViews
from tokenward.model.roster import Roster
from tokenward.model.rotation import Blocked, Cause, Installation, State
from tokenward.model.target import BlockReason
from tokenward.model.token import Basis, Expiry, TokenState
from tokenward.store.views import AuditLine
from tokenward.web.apps import board_mount, operations_app
from tokenward.web.board.pages import Board
from tokenward.web.vitals import Vitals
from web.scene import DAY, HOUR, MINUTE, NOW, a_record, a_roster, a_rotation, a_token, a_world, the_vitals

HOST = "board.corp.example"
PAGES = ("/", "/services/main", "/rotations/r1")
ANSWERS = ("/api/v1/status", "/api/v1/services/main", "/api/v1/rotations/r1")


@asynccontextmanager
async def looking(views: FakeViews, roster: Roster | None = None, vitals: Vitals | None = None, broken: bool = False):
    """Give a client of the board over *views* while the block lasts."""
    world, process = a_world(roster or a_roster()), vitals or the_vitals()
    board = Board(FakeReadModel(views, broken), lambda: world, lambda: process)
    app = operations_app(board_mount(board, [HOST]))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
        yield client


def blocked(reason: BlockReason = BlockReason.INSTALL_FAILED, **words: Any) -> Blocked:
    """Return a block of *reason* that lasts for 20 minutes."""
    block = Blocked(reason, "free the disk, then retry", NOW + 5 * MINUTE, NOW - 20 * MINUTE)
    return replace(block, **words)


FAILING = Installation(
    "nanodep", True, attempts=7, attempted_at=NOW - MINUTE, error="507, no room", next_attempt_at=NOW + MINUTE
)
STATES = {
    "good": a_record(),
    "new": a_record(token=None, last_reading=None, rotation=a_rotation(state=State.OPENED, causes=(Cause.UNLINKED,))),
    "blocked": a_record(rotation=a_rotation(blocked=blocked(BlockReason.CERTIFICATE_MISSING))),
    "waiting": a_record(rotation=a_rotation()),
    "overdue": a_record(rotation=a_rotation(due_at=NOW - DAY)),
    "recovery": a_record(rotation=a_rotation(recover_until=NOW + HOUR, outage_started_at=NOW - HOUR)),
    "failing": a_record(
        token=a_token(state=TokenState.SUPERSEDED),
        rotation=a_rotation(
            state=State.CHECKED,
            entered_at=NOW - 11 * MINUTE,
            outage_started_at=NOW - 12 * MINUTE,
            supplied_by="kim@corp.example",
            blocked=blocked(),
            installations=(FAILING,),
        ),
    ),
    "expired": a_record(token=a_token(state=TokenState.EXPIRED, expiry=Expiry(NOW - DAY, Basis.STATED), rung=None)),
    "terms": a_record(token=a_token(state=TokenState.TERMS_UNSIGNED)),
    "done": a_record(
        rotation=a_rotation(
            state=State.PROVEN,
            outage_started_at=NOW - HOUR,
            outage_ended_at=NOW - HOUR + timedelta(seconds=125),
            rung=3,
            envelope="e1",
            follow_up=(Cause.CERTIFICATE,),
        ),
        token=a_token(envelope="e1", rung=3),
    ),
}
"""What is on record about ``main``, by what is the matter."""

LINES = tuple(
    AuditLine(number, NOW - number * MINUTE, what, "main", {"rotation": "r1", **details})
    for number, what, details in (
        (1, "rotation.acted", {"from": "checked", "to": "checked"}),
        (2, "rotation.acted", {"from": "checked", "to": "checked"}),
        (3, "rotation.advanced", {"from": "received", "to": "checked"}),
        (4, "rotation.opened", {"cause": "expiry", "why": "a reason for the operators alone"}),
    )
)
"""What happened to ``main``, newest first."""
