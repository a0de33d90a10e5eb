"""The metrics page: what it shows, what it leaves out, and that nothing breaks it."""

import os
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from fakes.programs import needs
from tokenward.model.person import Contact, PersonState, Standing
from tokenward.model.rotation import Blocked, Cause, State
from tokenward.model.target import BlockReason
from tokenward.model.token import TokenState
from tokenward.rotation.tally import LAG_BUCKETS, PHASE_BUCKETS
from tokenward.store.views import TallyRow
from tokenward.web.catalogue import CATALOGUE, Kind
from tokenward.web.vitals import Coverage, Signal
from web.scene import (
    DAY,
    HOUR,
    LABS,
    MINUTE,
    NOW,
    a_record,
    a_roster,
    a_rotation,
    a_service,
    a_token,
    open_about_departures,
    the_views,
)
from web.scrape import observed, page, samples_of, the_metrics, value_of

GOLDEN = Path(__file__).parent.parent / "golden" / "metrics.txt"
MAIN = {"organisation": "corp", "service": "main"}


def a_busy_record():
    """Return a record in which everything has something to show."""
    waiting = a_rotation(causes=(Cause.PASSWORD,), outage_started_at=NOW - 5 * MINUTE)
    held = Blocked(BlockReason.CERTIFICATE_MISSING, "drop it", None, NOW - HOUR)
    standing_still = a_rotation(id="r2", service="labs", state=State.OPENED, causes=(Cause.UNLINKED,), blocked=held)
    done = a_rotation(state=State.DONE, closed_at=NOW - 100 * DAY)
    lag, phase = "tokenward_event_lag_seconds", "tokenward_rotation_phase_duration_seconds"
    return the_views(
        records=(
            a_record(rotation=waiting, last_done=done),
            a_record("labs", token=None, rotation=standing_still, last_reading=None),
            a_record("removed-last-week"),
        ),
        states=(PersonState("kim", Standing.PASSWORD_CHANGED, NOW - DAY),),
        rows=(
            TallyRow(
                "tokenward_drop_files_total", {"folder": "tokens", "outcome": "rejected", "reason": "no_key"}, 2.0
            ),
            *observed(lag, {"source": "corp-okta"}, LAG_BUCKETS, 5, 25, 25.5),
            TallyRow(
                "tokenward_events_total",
                {"source": "corp-okta", "kind": "password.changed", "outcome": "accepted"},
                3.0,
            ),
            TallyRow("tokenward_internal_errors_total", {"component": "rotation"}, 1.0),
            TallyRow("tokenward_outage_seconds_total", MAIN, 42.0),
            TallyRow("tokenward_probes_total", {**MAIN, "result": "valid"}, 99.0),
            TallyRow("tokenward_rotations_total", {**MAIN, "cause": "expiry", "outcome": "done"}, 4.0),
            TallyRow("tokenward_rotations_total", {**MAIN, "service": "removed-last-week"}, 7.0),
            *observed(phase, {"phase": "human"}, PHASE_BUCKETS, 3000, 2_000_000),
        ),
    )


async def test_the_first_failure_of_a_channel_is_already_a_rise():
    """Catalogue ``notifications_total``: every result that can be is there at 0; what was counted once stays."""
    kim = replace(a_roster().people["kim"], contact=(Contact("mail", "kim@corp.example"),))
    roster = replace(a_roster(), people={"kim": kim}, on_call=(Contact("pager"),))
    gone = {"channel": "telephone", "template": "token.asked", "result": "failed"}
    shown = await page(the_views(rows=(TallyRow("tokenward_notifications_total", gone, 3.0),)), roster=roster)

    def total(channel, result):
        asked = {"channel": channel, "template": "token.asked", "result": result}
        return value_of(shown, "tokenward_notifications_total", **asked)

    assert [total(one, "failed") for one in ("mail", "pager", "telephone", "log")] == [0.0, 0.0, 3.0, None]
    assert [total(one, "sent") for one in ("mail", "pager", "log")] == [0.0, 0.0, 0.0]
    assert total("none", "suppressed") == 0.0


async def test_the_whole_page_is_the_golden_one():
    """C8: renewed with TOKENWARD_RENEW_GOLDEN=1, and reviewed as a difference."""
    shown = await page(a_busy_record())

    if os.environ.get("TOKENWARD_RENEW_GOLDEN"):
        GOLDEN.write_text(shown)
    assert shown == GOLDEN.read_text()


async def test_the_page_has_exactly_the_metrics_of_the_catalogue_in_their_types():
    """C8: nothing is shown that is not catalogued, nothing catalogued is left out."""
    types = {family.name: family.type for family in parse_text(await page(a_busy_record()))}

    def shown_type(kind):
        return "gauge" if kind is Kind.STATESET else kind.value  # the text format knows no statesets

    assert types == {entry.name.removesuffix("_total"): shown_type(entry.kind) for entry in CATALOGUE}


async def test_every_series_has_exactly_the_labels_of_the_catalogue():
    """C8: fixed label sets."""
    found = samples_of(await page(a_busy_record()))

    for entry in CATALOGUE:
        own = {*entry.labels, *([entry.name] if entry.kind is Kind.STATESET else [])}
        for labels, _ in found[entry.name]:
            assert labels.keys() == own, entry.name


async def test_the_page_is_openmetrics_too():
    """C8: with statesets in their own type."""
    collector = await the_metrics(a_busy_record()).look()

    families = {family.name: family for family in parse_openmetrics(generate_openmetrics(collector).decode())}

    assert families["tokenward_token_state"].type == "stateset"
    assert families["tokenward_rotations"].type == "counter"


@needs("promtool", "prometheus")
async def test_promtool_finds_nothing_but_the_unit_that_was_asked_for(tmp_path):
    """C8: days are no base unit, and wanted all the same."""
    found = subprocess.run(
        ["promtool", "check", "metrics"], input=await page(a_busy_record()), capture_output=True, text=True, check=False
    )

    complaints = [line for line in found.stderr.splitlines() if "tokenward_" in line]
    assert all("tokenward_token_days_until_expiry" in line for line in complaints), found.stderr
    assert found.returncode in {0, 3}


@pytest.mark.parametrize("state", TokenState)
async def test_exactly_one_token_state_is_1(state):
    """C8: a stateset."""
    text = await page(the_views((a_record(token=a_token(state=state)),)))

    states = {
        labels["tokenward_token_state"]: value
        for labels, value in samples_of(text)["tokenward_token_state"]
        if labels["service"] == "main"
    }
    assert states == {**dict.fromkeys(TokenState, 0.0), state: 1.0}


async def test_every_stateset_has_exactly_one_1_for_each_object():
    """C8: also for what nothing is known of."""
    found = samples_of(await page(the_views(())))

    for entry in (one for one in CATALOGUE if one.kind is Kind.STATESET):
        ones = Counter(tuple(labels[name] for name in entry.labels) for labels, value in found[entry.name] if value)
        assert set(ones.values()) == {1}, entry.name
        assert len(ones) == 2, entry.name


async def test_days_until_expiry_are_exported_with_the_timestamp():
    """C8, A9: both come from one date."""
    text = await page()

    assert value_of(text, "tokenward_token_days_until_expiry", kind="server_token", **MAIN) == 265.0
    assert value_of(text, "tokenward_token_expiry_timestamp_seconds", **MAIN) == (NOW + 265 * DAY).timestamp()
    assert value_of(text, "tokenward_token_info", expiry_basis="read_back", custodian="kim", **MAIN) == 1


async def test_an_expired_token_has_negative_days():
    """A9: what has ended does not vanish."""
    roster = a_roster(a_service(stated_expires_at=NOW - 2 * DAY))

    assert value_of(await page(the_views(()), roster), "tokenward_token_days_until_expiry", **MAIN) == -2


async def test_an_unknown_expiry_has_no_series():
    """B1.2: neither 0 nor NaN; that there is none is an alert."""
    text = await page(the_views((a_record(token=a_token(expiry=None)),)))

    assert value_of(text, "tokenward_token_days_until_expiry", **MAIN) is None
    assert value_of(text, "tokenward_token_expiry_timestamp_seconds", **MAIN) is None
    assert value_of(text, "tokenward_token_info", expiry_basis="unknown", **MAIN) == 1
    assert "NaN" not in text


async def test_counters_of_everything_configured_are_there_from_the_start():
    """C8: else the first raise of a counter would be missed."""
    found = samples_of(await page(the_views(())))

    assert {
        (labels["service"], labels["cause"], labels["outcome"]) for labels, _ in found["tokenward_rotations_total"]
    } == {
        (service, cause.value, outcome)
        for service in ("main", "labs")
        for cause in Cause
        for outcome in ("done", "cancelled")
    }
    dropped = {tuple(labels.values()) for labels, _ in found["tokenward_drop_files_total"]}
    for folder in ("certificates", "tokens", "events"):
        assert {(folder, "done", ""), (folder, "rejected", ""), (folder, "rejected", "no_key")} <= dropped
    for name in ("tokenward_outage_seconds_total", "tokenward_internal_errors_total", "tokenward_probes_total"):
        assert found[name], name
        assert not any(value for _, value in found[name]), name


async def test_what_the_catalogue_does_not_call_absent_is_there_while_nothing_is_on_record():
    """C8: an alert may rely on it."""
    found = samples_of(await page(the_views(())))

    for entry in (one for one in CATALOGUE if not one.absent):
        assert found[f"{entry.name}_count" if entry.kind is Kind.HISTOGRAM else entry.name], entry.name


async def test_the_planned_rotation_is_shown_while_none_is_open():
    """A9: 45 days before the end."""
    name = "tokenward_token_planned_rotation_timestamp_seconds"

    assert value_of(await page(), name, **MAIN) == (NOW + 220 * DAY).timestamp()
    assert value_of(await page(a_busy_record()), name, **MAIN) is None


async def test_a_service_that_was_removed_from_the_configuration_has_no_series():
    """B12.4: its history stays in the record."""
    assert "removed-last-week" not in await page(a_busy_record())


async def test_a_running_outage_counts_with_those_that_are_over():
    """B4.3: 42 seconds on record and five minutes until now."""
    text = await page(a_busy_record())

    assert value_of(text, "tokenward_outage_seconds_total", **MAIN) == 342
    assert value_of(text, "tokenward_outage_start_timestamp_seconds", **MAIN) == (NOW - 5 * MINUTE).timestamp()
    assert value_of(text, "tokenward_outage_start_timestamp_seconds", service="labs") is None


async def test_a_blocked_rotation_shows_its_reason():
    """B2.1: one reason is 1, all others are 0."""
    text = await page(a_busy_record())

    blocked = [
        (labels["service"], labels["reason"])
        for labels, value in samples_of(text)["tokenward_rotation_blocked"]
        if value
    ]
    assert blocked == [("labs", "certificate_missing")]
    assert value_of(text, "tokenward_rotation_in_progress", service="labs") == 1


async def test_a_service_without_an_open_rotation_is_idle():
    """C8: and has no deadline."""
    text = await page()

    assert value_of(text, "tokenward_rotation_state", tokenward_rotation_state="idle", **MAIN) == 1
    assert value_of(text, "tokenward_rotation_in_progress", **MAIN) == 0
    assert not samples_of(text)["tokenward_rotation_deadline_timestamp_seconds"]


async def test_histograms_are_read_back_from_their_tallies():
    """A10: how long people took."""
    text = await page(a_busy_record())

    human = {
        labels["le"]: value
        for labels, value in samples_of(text)["tokenward_rotation_phase_duration_seconds_bucket"]
        if labels["phase"] == "human"
    }
    assert (human["1.0"], human["3600.0"], human["+Inf"]) == (0, 1, 2)
    assert value_of(text, "tokenward_rotation_phase_duration_seconds_sum", phase="human") == 2_003_000
    assert value_of(text, "tokenward_rotation_phase_duration_seconds_count", phase="human") == 2
    assert value_of(text, "tokenward_rotation_phase_duration_seconds_count", phase="verify") == 0


async def test_a_departure_ahead_changes_no_metric():
    """B7.2: a page made with it is the same as one made without."""
    rotation = a_rotation(causes=(Cause.CUSTODIAN,))
    records = (a_record(rotation=rotation), a_record("labs", token=a_token(service="labs")))
    leaving = tuple(
        PersonState(person, Standing.ACTIVE, departs_at=NOW + DAY, confirmed_at=NOW) for person in ("kim", "ana")
    )
    staying = tuple(replace(state, departs_at=None) for state in leaving)

    assert await page(the_views(records, leaving)) == await page(the_views(records, staying))


async def test_an_effective_departure_shows():
    """B7.2: from that moment on everybody may know."""
    text = await page(the_views(states=(PersonState("kim", Standing.ACTIVE, departs_at=NOW),)))

    assert value_of(text, "tokenward_custodian_state", custodian="kim", tokenward_custodian_state="departed") == 1
    assert value_of(text, "tokenward_custodian_departure_timestamp_seconds", custodian="kim") is None


async def test_open_departures_have_a_series_only_where_every_service_is_open_about_them():
    """B7.2: one discreet service is enough to keep quiet."""
    views = the_views(states=(PersonState("kim", departs_at=NOW + DAY),))
    name, is_open = "tokenward_custodian_departure_timestamp_seconds", open_about_departures

    both_open = await page(views, a_roster(is_open(a_service()), is_open(LABS)))
    one_open = await page(views, a_roster(is_open(a_service()), LABS))

    assert value_of(both_open, name, custodian="kim") == (NOW + DAY).timestamp()
    assert value_of(one_open, name, custodian="kim") is None


async def test_what_nobody_can_tell_of_a_person_is_shown():
    """B7.7: a source for each signal, or none."""
    text = await page(coverage=(Coverage("ana", Signal.ROLE, "corp-apple"), Coverage("gone", Signal.ROLE, "x")))

    covered = {tuple(labels.values()) for labels, _ in samples_of(text)["tokenward_custodian_coverage"]}
    assert covered == {
        ("kim", "password", "corp-okta"),
        ("kim", "departure", "none"),
        ("kim", "role", "none"),
        ("ana", "password", "none"),
        ("ana", "departure", "none"),
        ("ana", "role", "corp-apple"),
    }
