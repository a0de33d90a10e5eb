"""The rules by themselves: that what they name is there, that they keep quiet about what nobody is to know."""

import re

import pytest

from tokenward.web import catalogue
from tokenward.web.alerting.rule import Severity
from tokenward.web.alerting.rules import ALERTS, GROUPS, MUTES, alerts_called, mutes_of
from tokenward.web.catalogue import CATALOGUE, Kind

ENTRIES = {entry.name: entry for entry in CATALOGUE}
RECORDINGS = [recording for group in GROUPS for recording in group.recordings]
EXPRESSIONS = [*(alert.expr for alert in ALERTS), *(recording.expr for recording in RECORDINGS)]
OF_PROMETHEUS = {"job", "instance"}
OTHERS = {"up", "process_start_time_seconds"}
"""What is not in the catalogue: Prometheus's own, and what its client exports of every process."""
by_title = pytest.mark.parametrize("alert", ALERTS, ids=lambda one: f"{one.name}-{one.severity}{one.labels or ''}")


def named_in(expr):
    """Return the metrics that *expr* names. No label but those of states is called like one."""
    return set(re.findall(r"\b(?:tokenward_\w+|process_\w+|up)\b", re.sub(r'"[^"]*"', "", expr)))


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_every_metric_in_a_rule_is_exported(expr):
    """C8: an alert on a metric that is not there never comes."""
    assert named_in(expr) <= ENTRIES.keys() | OTHERS


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_every_label_that_a_rule_selects_by_is_one_of_the_metric_s(expr):
    """C8: a selector with a misspelt label finds nothing, for ever."""
    for metric, selector in re.findall(r"(\w+)\{([^}]+)\}", expr):
        known = {*OF_PROMETHEUS, *(ENTRIES[metric].labels if metric in ENTRIES else ())}
        known |= {metric} if metric in ENTRIES and ENTRIES[metric].kind is Kind.STATESET else set()
        assert set(re.findall(r"(\w+)[=!]", selector)) <= known, selector


@by_title
def test_every_text_is_filled_from_what_the_rule_finds(alert):
    """C8: else somebody reads "the token of /"."""
    found = OF_PROMETHEUS.union(*(ENTRIES[name].labels for name in named_in(alert.expr) - OTHERS))

    assert set(re.findall(r"\$labels\.(\w+)", alert.summary + alert.description)) <= found
    assert "\n" not in alert.summary


def test_every_state_in_a_rule_is_one():
    """C8: the same for the values of states."""
    states = {
        catalogue.TOKEN_STATE.name: {"rejected", "superseded", "expired", "terms_unsigned"},
        catalogue.ROTATION_STATE.name: {"idle", "awaiting_token", "installed", "proven"},
        catalogue.CUSTODIAN_STATE.name: {"departed", "password_changed"},
    }
    for alert in ALERTS:
        for metric, values in re.findall(r'(tokenward_\w+_state)[=!~]+"([^"]+)"', alert.expr):
            assert set(values.split("|")) <= states[metric], alert.name


def test_alerts_of_one_name_differ_in_severity_or_threshold():
    """C8: two that are the same are one."""
    assert len({(one.name, one.severity, *one.labels.values()) for one in ALERTS}) == len(ALERTS)


@pytest.mark.parametrize("name", ["InstalledNotProven", "OutageClockRunning", "RotationBlocked"])
def test_unsigned_terms_mute_what_follows_from_them(name):
    """B11.3: proof, outage and blocked are said by the one that can be mended."""
    for alert in alerts_called(name):
        assert "TermsNotAccepted" in {one.name for one in mutes_of(alert)}


def test_what_mutes_is_there_before_what_it_mutes():
    """B11.3: five minutes, as the first of the others."""
    (terms,) = alerts_called("TermsNotAccepted")

    assert terms.lasts == "5m"
    assert {one.lasts for one in alerts_called("RotationBlocked")} == {"5m"}
    assert min(int(one.expr.rpartition("> ")[2]) for one in alerts_called("OutageClockRunning")) == 300


def test_a_person_who_is_waited_for_is_an_alert_only_near_the_date_or_when_it_moved_on():
    """B11.3: before that Tokenward itself asks and reminds."""
    (waiting,) = alerts_called("RotationWaitingForHuman")

    assert f"{catalogue.ROTATION_DEADLINE.name} - time() < {7 * 86400}" in waiting.expr
    assert f"{catalogue.ESCALATION.name} >= 3" in waiting.expr


def test_only_open_departures_can_be_told_by_an_alert():
    """B7.2: one alone looks at a departure ahead, and its series is absent while departures are discreet."""
    assert [one.name for one in ALERTS if catalogue.CUSTODIAN_DEPARTURE.name in one.expr] == ["CustodianLeavingSoon"]
    assert not any("cause" in one.expr for one in ALERTS)


def test_no_alert_mutes_itself():
    """C8: the only alert of its kind would never be told."""
    for mute in MUTES:
        assert not [one for one in ALERTS if mute.by.has(one) and mute.muted.has(one)], mute.why


def test_nothing_mutes_what_watches_prometheus():
    """C8: the dead man's switch comes always."""
    (watchdog,) = alerts_called("Watchdog")

    assert watchdog.severity is Severity.NONE
    assert not any(mute.muted.has(watchdog) for mute in MUTES)
