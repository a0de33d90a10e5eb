from dataclasses import replace

import pytest

from fakes.values import DAY, HOUR, NOW, a_message, a_rotation, an_event, an_installed_token
from tokenward.model.event import EventKind, Refused
from tokenward.model.finding import Code, Finding
from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Installation, State
from tokenward.model.target import Reading
from tokenward.model.token import TokenState
from tokenward.store.ledger import views_at_rest
from tokenward.store.views import AuditLine, Depths, LastReading, RefusalRow, ServiceRecord, TallyRow


async def test_a_service_is_shown_with_all_that_is_on_record(ledger):
    """A1, A9: status, board and metrics see token, rotation and probes."""
    token = an_installed_token()
    done = a_rotation("r1", state=State.DONE, closed_at=NOW)
    cancelled = a_rotation("r2", state=State.CANCELLED, closed_at=NOW + HOUR)
    current = a_rotation("r3", installations=(Installation("nanodep", required=True),))

    def fill(change):
        change.tokens.record(token)
        for rotation in (done, cancelled, current):
            change.rotations.open(rotation)
        change.rotations.keep_quiet("main", NOW + DAY)
        change.probes.plan("main", NOW + 2 * DAY, None)
        change.probes.plan("main", NOW + DAY, None)
        change.probes.record("main", None, Reading(TokenState.VALID, "Taken."), NOW)
        change.probes.record("main", None, Reading(None, "No answer.", answered=False), NOW + HOUR)
        change.rotations.open(a_rotation("r4", service="labs"))

    await ledger.write(fill)
    services = await ledger.look(lambda views: views.services())
    assert list(services) == ["labs", "main"]
    assert services["labs"] == ServiceRecord("labs", rotation=a_rotation("r4", service="labs"))
    assert services["main"] == ServiceRecord(
        "main",
        token=token,
        rotation=current,
        last_done=done,
        quiet_until=NOW + DAY,
        next_probe_at=NOW + DAY,
        last_reading=LastReading(NOW + HOUR, None, "No answer.", answered=False, answered_at=NOW),
    )


async def test_a_later_rotation_that_was_done_takes_the_place_of_the_one_before(ledger):
    """B2.1: the last success is the last one."""
    for number in range(3):
        rotation = a_rotation(f"r{number}", state=State.DONE, closed_at=NOW + number * HOUR)
        await ledger.write(lambda change, rotation=rotation: change.rotations.open(rotation))
    services = await ledger.look(lambda views: views.services())
    assert services["main"].last_done.id == "r2"


async def test_totals_add_up_by_their_labels(ledger):
    """C8: counters rise with the fact, whatever the order of labels."""
    await ledger.write(lambda change: change.tallies.add("events_total", {"source": "a", "kind": "b"}))
    await ledger.write(lambda change: change.tallies.add("events_total", {"kind": "b", "source": "a"}, 1.5))
    await ledger.write(lambda change: change.tallies.add("events_total", {"kind": "c"}))
    assert await ledger.look(lambda views: views.tallies()) == (
        TallyRow("events_total", {"kind": "b", "source": "a"}, 2.5),
        TallyRow("events_total", {"kind": "c"}, 1.0),
    )


async def test_depths_count_what_waits(ledger):
    """Catalogue ``queue_depth``: what was taken and is not decided, what was said and is not sent."""
    await ledger.write(lambda change: change.inbox.add(an_event(), None, NOW))
    await ledger.write(lambda change: change.outbox.add(a_message("one"), NOW))
    await ledger.write(lambda change: change.outbox.add(a_message("two"), NOW))
    await ledger.write(lambda change: change.outbox.mark_sent(1, NOW))
    await ledger.write(lambda change: change.outbox.add(a_message("held for the morning"), NOW))
    await ledger.write(lambda change: change.outbox.put_off(3, NOW + HOUR))
    assert await ledger.look(lambda views: views.depths()) == Depths(inbox=1, outbox=1)
    await ledger.write(lambda change: change.outbox.mark_failed(2, "no connection", NOW + HOUR))
    assert await ledger.look(lambda views: views.depths()) == Depths(inbox=1, outbox=1)


async def test_people_are_shown_as_events_told(ledger):
    """A11: who may act."""
    state = PersonState("kim", Standing.ROLE_LOST, since=NOW)
    await ledger.write(lambda change: change.people.record(state))
    assert await ledger.look(lambda views: views.people()) == {"kim": state}


async def test_the_history_of_a_service_comes_newest_first_and_bounded(ledger):
    """B12.5: what happened, from the audit record and the closed rotations."""
    done = a_rotation(state=State.DONE, closed_at=NOW)

    def fill(change):
        for number in range(4):
            change.audit.record(NOW, f"step {number}", "main", {"number": str(number)})
            change.audit.record(NOW, "other", "labs", {})
        change.rotations.open(done)

    await ledger.write(fill)
    history = await ledger.look(lambda views: views.history("main", 2))
    assert history.lines == (
        AuditLine(7, NOW, "step 3", "main", {"number": "3"}),
        AuditLine(5, NOW, "step 2", "main", {"number": "2"}),
    )
    assert history.rotations == (done,)


async def test_a_rotation_comes_with_what_happened_while_it_was_open(ledger):
    """B2.6: the lines about it, and those about its service that name no other rotation."""
    done = a_rotation(state=State.DONE, opened_at=NOW, closed_at=NOW + 2 * HOUR)

    def fill(change):
        change.rotations.open(done)
        for at, what, details in (
            (NOW - HOUR, "too early", {}),
            (NOW, "opened", {"rotation": "r1"}),
            (NOW + HOUR, "changed", {"from": "valid"}),
            (NOW + HOUR, "of another", {"rotation": "r0"}),
            (NOW + 2 * HOUR, "done", {"rotation": "r1"}),
            (NOW + 3 * HOUR, "too late", {}),
        ):
            change.audit.record(at, what, "main", details)
        change.audit.record(NOW + HOUR, "of another service", "labs", {})

    await ledger.write(fill)
    assert await ledger.look(lambda views: views.rotation("r1")) == done
    assert await ledger.look(lambda views: views.rotation("r2")) is None
    lines = await ledger.look(lambda views: views.lines_of(done, NOW + DAY, 10))
    assert [line.what for line in lines] == ["done", "changed", "opened"]
    assert len(await ledger.look(lambda views: views.lines_of(done, NOW + DAY, 1))) == 1


async def test_a_source_was_last_heard_when_its_last_event_came(ledger):
    """Design 6: the board says of each source when it last said a word."""

    def fill(change):
        change.inbox.add(an_event("1", source="corp-hr"), None, NOW)
        change.inbox.add(an_event("2", source="corp-hr"), None, NOW + HOUR)
        change.inbox.add(an_event("3", source="other"), None, NOW + DAY)

    await ledger.write(fill)
    heard = await ledger.look(lambda views: views.last_heard(("corp-hr", "silent"), NOW + DAY))
    assert heard == {"corp-hr": NOW + HOUR}


@pytest.mark.parametrize(
    ("kind", "effective_at", "is_told"),
    [
        (EventKind.EMPLOYMENT_ENDING, NOW + 5 * DAY, False),
        (EventKind.EMPLOYMENT_ENDING, NOW + HOUR, True),
        (EventKind.EMPLOYMENT_ENDING, None, False),
        (EventKind.ACCOUNT_DISABLED, NOW + 5 * DAY, False),
        (EventKind.ACCOUNT_DISABLED, None, True),
        (EventKind.ROLE_LOST, NOW + 5 * DAY, True),
    ],
)
async def test_the_word_of_a_departure_ahead_does_not_count_as_heard(ledger, kind, effective_at, is_told):
    """B7.2: the moment at which HR spoke, beside a planned change of custodian, would tell what the change is."""
    event = an_event("2", source="corp-hr", kind=kind, effective_at=effective_at)
    await ledger.write(lambda change: change.inbox.add(an_event("1", source="corp-hr"), None, NOW - DAY))
    await ledger.write(lambda change: change.inbox.add(event, None, NOW))
    heard = await ledger.look(lambda views: views.last_heard(("corp-hr",), NOW + 2 * HOUR))
    assert heard == {"corp-hr": NOW if is_told else NOW - DAY}


async def test_refusals_are_shown_with_their_finding(ledger):
    """Promise 5: bad input is answered with a clear error, which can be read again."""
    finding = Finding(Code.NO_KEY, "No key opens it.", "Nothing was installed.", "Download it again.")
    await ledger.write(lambda change: change.inbox.record_refusal(an_event(), Refused(finding), NOW))
    assert await ledger.look(lambda views: views.refusals(10)) == (RefusalRow("control", "rotate", None, NOW, finding),)


async def test_the_end_of_the_audit_chain_can_be_noted(ledger):
    """B12.5: a report holds the chain's head and whether it holds."""
    await ledger.write(lambda change: change.audit.record(NOW, "opened", "main", {}))
    head = await ledger.look(lambda views: views.audit_head())
    assert head.last_id == 1
    assert len(head.hash) == 64
    assert await ledger.look(lambda views: views.broken_audit_line()) is None


async def test_a_store_at_rest_can_be_looked_at(ledger, path):
    """Without a daemon ``status`` and ``audit verify`` read the store and change nothing."""
    await ledger.write(lambda change: change.tokens.record(an_installed_token()))
    await ledger.close()
    assert not path.with_name("tokenward.db-wal").exists()
    before = path.read_bytes()
    with views_at_rest(path) as views:
        assert views.services()["main"].token == an_installed_token()
        assert views.broken_audit_line() is None
    assert path.read_bytes() == before


async def test_many_services_take_few_questions(ledger):
    """A15: the number of questions to the database does not grow with the number of services."""

    def fill(change):
        for number in range(200):
            service = f"s{number}"
            change.tokens.record(replace(an_installed_token(), service=service))
            change.rotations.open(a_rotation(f"r{number}", service=service))

    await ledger.write(fill)
    asked: list[str] = []
    ledger._viewer._connection.set_trace_callback(asked.append)
    assert len(await ledger.look(lambda views: views.services())) == 200
    assert len(asked) < 15
