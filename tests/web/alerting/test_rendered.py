"""What is printed for Prometheus, Alertmanager and Grafana, as those read it."""

import re
from typing import Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from tokenward.web.alerting.alertmanager import RECEIVERS, alertmanager_example
from tokenward.web.alerting.grafana import LONGEST_UID, grafana_rules
from tokenward.web.alerting.links import Links
from tokenward.web.alerting.prometheus import prometheus_rules
from tokenward.web.alerting.rules import ALERTS, MUTES

ELSEWHERE = Links("https://git.corp.example/runbooks/", "https://graphs.corp.example/d", "mdm-tokens")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class _Query(_Strict):
    ref_id: str
    relative_time_range: dict[Literal["from", "to"], int]
    datasource_uid: str
    model: dict[str, Any]


class _Rule(_Strict):
    uid: str = Field(pattern=r"^[a-zA-Z0-9_-]+$", max_length=LONGEST_UID)
    title: str = Field(max_length=190)
    condition: str
    data: list[_Query]
    for_: str = Field(alias="for", pattern=r"^\d+[smhd]$")
    no_data_state: Literal["OK", "NoData", "Alerting", "KeepLast"]
    exec_err_state: Literal["OK", "Error", "Alerting", "KeepLast"]
    labels: dict[str, str]
    annotations: dict[str, str]
    is_paused: bool

    @model_validator(mode="after")
    def _condition_is_there(self) -> "_Rule":
        known = [query.ref_id for query in self.data]
        assert self.condition in known
        assert all(query.model["refId"] == query.ref_id for query in self.data)
        asked = re.findall(r"\$(\w+)", str(self.data[-1].model["expression"]))
        assert set(asked) <= set(known)
        return self


class _Group(_Strict):
    org_id: int
    name: str
    folder: str
    interval: str = Field(pattern=r"^\d+[sm]$")
    rules: list[_Rule] = Field(min_length=1)


class _Provisioned(_Strict):
    """Source: Grafana, "Use configuration files to provision alerting resources"."""

    api_version: Literal[1]
    groups: list[_Group]


@pytest.fixture(scope="module")
def provisioned():
    """What Grafana is given."""
    return _Provisioned.model_validate(yaml.safe_load(grafana_rules(Links(), "prom-1")))


def test_every_alert_is_written_for_prometheus():
    """C8: in its group, with severity, texts and both links."""
    rules = [one for group in yaml.safe_load(prometheus_rules(Links()))["groups"] for one in group["rules"]]
    alerts = [one for one in rules if "alert" in one]

    assert [one["alert"] for one in alerts] == [alert.full_name for alert in ALERTS]
    for one in alerts:
        assert one["labels"]["severity"] in {"critical", "warning", "info", "none"}
        assert list(one["annotations"]) == ["summary", "description", "runbook_url", "dashboard_url"]
        assert "{job}" not in one["expr"]


def test_links_and_job_are_those_of_the_house():
    """C8: an alert that leads nowhere is half an alert."""
    text = prometheus_rules(ELSEWHERE)

    assert "https://git.corp.example/runbooks/token-expired.md" in text
    assert "https://graphs.corp.example/d/tokenward" in text
    assert 'up{job="mdm-tokens"} == 0' in text
    assert "tokenward.corp.example" not in text


def test_grafana_is_given_every_alert_but_the_watchdog(provisioned):
    """C8: the form is checked against what its documents say; no Grafana has loaded it here."""
    rules = [rule for group in provisioned.groups for rule in group.rules]

    assert len({rule.uid for rule in rules}) == len({rule.title for rule in rules}) == len(rules) == len(ALERTS) - 1
    assert {query.datasource_uid for rule in rules for query in rule.data} == {"prom-1", "__expr__"}
    assert all(rule.no_data_state == "OK" for rule in rules)


def test_grafana_is_told_no_number_by_prometheus_s_name(provisioned):
    """C8: its own templates know `$values` alone for a number."""
    texts = [text for group in provisioned.groups for rule in group.rules for text in rule.annotations.values()]

    assert not [text for text in texts if re.search(r"\$value\b", text)]
    assert any("$values.A.Value" in text for text in texts)


def test_what_mutes_is_in_grafana_s_query_itself(provisioned):
    """B11.3: it knows no muting by another alert."""
    (blocked,) = [
        rule for group in provisioned.groups for rule in group.rules if rule.uid == "tw-rotation-blocked-warning"
    ]

    asked = blocked.data[0].model["expr"]
    assert asked.startswith("(tokenward_rotation_blocked == 1)\nunless on (instance, organisation, service)")
    assert 'tokenward_token_state="terms_unsigned"' in asked


def test_alertmanager_is_told_every_mute_and_only_receivers_that_are_there():
    """B11.3: with terms unsigned, the others of that service are not told."""
    example = yaml.safe_load(alertmanager_example())

    assert len(example["inhibit_rules"]) == len(MUTES)
    terms = example["inhibit_rules"][0]
    assert terms["source_matchers"] == ['alertname="TokenwardTermsNotAccepted"']
    assert "TokenwardRotationBlocked" in terms["target_matchers"][0]
    assert terms["equal"] == ["instance", "organisation", "service"]
    named = {example["route"]["receiver"], *(route["receiver"] for route in example["route"]["routes"])}
    assert named == set(RECEIVERS) == {one["name"] for one in example["receivers"]}
