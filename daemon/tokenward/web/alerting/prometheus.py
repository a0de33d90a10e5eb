"""The rules as a rule file of Prometheus."""

from tokenward.web.alerting.as_yaml import Yaml, as_yaml
from tokenward.web.alerting.links import Links
from tokenward.web.alerting.rule import Alert, Group
from tokenward.web.alerting.rules import GROUPS


def prometheus_rules(links: Links) -> str:
    """Return the rule file, for ``rule_files`` of Prometheus or a ruler that reads the same."""
    return as_yaml(
        {"groups": [_group(group, links) for group in GROUPS]},
        "Rules of Tokenward for Prometheus, made by `tokenward rules prometheus`: do not change them here.",
    )


def _group(group: Group, links: Links) -> dict[str, Yaml]:
    recordings: list[Yaml] = [{"record": one.name, "expr": one.expr} for one in group.recordings]
    return {"name": group.name, "rules": [*recordings, *(_alert(alert, links) for alert in group.alerts)]}


def _alert(alert: Alert, links: Links) -> dict[str, Yaml]:
    waits: dict[str, Yaml] = {} if alert.lasts == "0m" else {"for": alert.lasts}
    return {
        "alert": alert.full_name,
        "expr": links.expr_of(alert.expr),
        **waits,
        "labels": {"severity": alert.severity.value, **alert.labels},
        "annotations": links.annotations_of(alert),
    }
