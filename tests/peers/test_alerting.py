"""The rules, as Prometheus's and Alertmanager's own programs judge them."""

import subprocess

import pytest
import yaml

from dashboards.shipped import FOLDER
from fakes.programs import needs
from tokenward.web.alerting.grafana import grafana_rules
from tokenward.web.alerting.links import Links
from tokenward.web.alerting.rules import ALERTS, GROUPS

RULES = FOLDER / "prometheus" / "tokenward.rules.yml"
CASES = FOLDER / "prometheus" / "tokenward.rules.test.yml"
EXAMPLE = FOLDER / "alertmanager" / "alertmanager.yml"
NEVER = "vector(1) == 0"

pytestmark = pytest.mark.peers
needs_promtool = needs("promtool", "prometheus")
needs_amtool = needs("amtool", "prometheus-alertmanager")


def run(program, *arguments):
    """Return how *program* ended and what it said."""
    return subprocess.run(
        [program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@needs_promtool
def test_prometheus_reads_the_rules():
    """C8: every expression parses, every template is one."""
    ended = run("promtool", "check", "rules", RULES)

    assert ended.returncode == 0, ended.stderr
    assert f"{sum(len(one.alerts) + len(one.recordings) for one in GROUPS)} rules found" in ended.stdout


@needs_promtool
def test_the_rules_do_in_each_case_what_they_are_for():
    """C8, B11.3: thresholds, what must last, what stays, what goes."""
    ended = run("promtool", "test", "rules", CASES)

    assert ended.returncode == 0, ended.stdout + ended.stderr


@needs_promtool
def test_the_cases_miss_every_alert_that_never_comes(tmp_path):
    """C8: so none is left untried."""
    document = yaml.safe_load(RULES.read_text())
    for rule in (rule for group in document["groups"] for rule in group["rules"]):
        rule["expr"] = NEVER
    (tmp_path / RULES.name).write_text(yaml.safe_dump(document))
    (tmp_path / CASES.name).write_text(CASES.read_text())

    missed = run("promtool", "test", "rules", tmp_path / CASES.name).stderr
    assert [one.full_name for one in ALERTS if one.full_name not in missed] == []
    assert [one.name for group in GROUPS for one in group.recordings if one.name not in CASES.read_text()] == []


@needs_promtool
def test_the_queries_for_grafana_are_queries(tmp_path):
    """C8: written as recording rules, so that Prometheus parses them."""
    rules = [rule for group in yaml.safe_load(grafana_rules(Links(), "any"))["groups"] for rule in group["rules"]]
    recorded = [
        {"record": f"query:{number}", "expr": rule["data"][0]["model"]["expr"]} for number, rule in enumerate(rules)
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": recorded}]}))

    ended = run("promtool", "check", "rules", file)
    assert ended.returncode == 0, ended.stderr


@needs_amtool
def test_alertmanager_reads_the_example():
    """C8: routes, times, inhibit rules and receivers."""
    ended = run("amtool", "check-config", EXAMPLE)

    assert ended.returncode == 0, ended.stderr


@needs_amtool
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("alertname=TokenwardWatchdog", "severity=none"), "dead-man"),
        (("alertname=TokenwardTokenExpired", "severity=critical"), "page"),
        (("alertname=TokenwardOutageClockRunning", "severity=warning"), "tickets"),
        (("alertname=TokenwardTokenExpiring", "severity=critical", "threshold=7d"), "page"),
        (("alertname=TokenwardTokenExpiring", "severity=info", "threshold=60d"), "digest"),
        (("alertname=SomethingElse", "severity=critical"), "tickets"),
    ],
    ids=lambda one: one[0].partition("=")[2] if isinstance(one, tuple) else one,
)
def test_each_alert_goes_to_whom_it_concerns(labels, receiver):
    """C8: only what is broken now wakes somebody."""
    ended = run("amtool", "config", "routes", "test", f"--config.file={EXAMPLE}", *labels)

    assert (ended.returncode, ended.stdout.strip()) == (0, receiver), ended.stderr
