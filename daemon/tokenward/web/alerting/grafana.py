"""The rules as Grafana's own alerting is provisioned with them: a file for ``provisioning/alerting/``.

Source: Grafana, "Use configuration files to provision alerting resources". Not loaded into a Grafana here.

Grafana does not know that one alert mutes another, so what mutes is taken out in the query itself. A query gives only
what is somebody's business, so no data is the good state, and every number it gives is an alert.
"""

from typing import Final

from tokenward.web.alerting.as_yaml import Yaml, as_yaml
from tokenward.web.alerting.links import Links
from tokenward.web.alerting.promql import ON_SERVICE
from tokenward.web.alerting.rule import Alert, Group, Severity
from tokenward.web.alerting.rules import GROUPS, mutes_of

LONGEST_UID: Final = 40
_QUERY, _IS_ALERT = "A", "B"
_SECONDS: Final = 600
_VALUE: Final = ("$value", f"$values.{_QUERY}.Value")
"""How Prometheus and Grafana call the number that a query gave."""


def grafana_rules(links: Links, datasource: str) -> str:
    """Return the file for the Prometheus data source with this uid, which can't be a variable there."""
    groups = [group for group in GROUPS if group.alerts]
    return as_yaml(
        {"apiVersion": 1, "groups": [_group(group, links, datasource) for group in groups]},
        "Rules of Tokenward for Grafana's own alerting, made by `tokenward rules grafana`: do not change them here.",
        "Use these or the rules for Prometheus, not both. Watchdog is left out: it tells that Alertmanager works.",
    )


def uid_of(alert: Alert) -> str:
    """Return what identifies *alert* in Grafana, for good."""
    alike = alert.labels.get("threshold", alert.severity.value)
    return f"tw-{alert.page}-{alike}"


def _group(group: Group, links: Links, datasource: str) -> dict[str, Yaml]:
    told = [alert for alert in group.alerts if alert.severity is not Severity.NONE]
    return {
        "orgId": 1,
        "name": group.name,
        "folder": "Tokenward",
        "interval": "1m",
        "rules": [_rule(alert, links, datasource) for alert in told],
    }


def _rule(alert: Alert, links: Links, datasource: str) -> dict[str, Yaml]:
    annotations = {name: text.replace(*_VALUE) for name, text in links.annotations_of(alert).items()}
    return {
        "uid": uid_of(alert),
        "title": " ".join([alert.full_name, *alert.labels.values(), alert.severity.value]),
        "condition": _IS_ALERT,
        "data": [
            {
                "refId": _QUERY,
                "relativeTimeRange": {"from": _SECONDS, "to": 0},
                "datasourceUid": datasource,
                "model": {"refId": _QUERY, "instant": True, "expr": links.expr_of(_unmuted(alert))},
            },
            {
                "refId": _IS_ALERT,
                "relativeTimeRange": {"from": 0, "to": 0},
                "datasourceUid": "__expr__",
                "model": {"refId": _IS_ALERT, "type": "math", "expression": f"is_number(${_QUERY})"},
            },
        ],
        "for": alert.lasts,
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": {"severity": alert.severity.value, **alert.labels},
        "annotations": annotations,
        "isPaused": False,
    }


def _unmuted(alert: Alert) -> str:
    """Return the query of *alert* without the services for which something mutes it."""
    muting = "\nor\n".join(f"({other.expr})" for other in mutes_of(alert))
    return f"({alert.expr})\nunless {ON_SERVICE}\n(\n{muting}\n)" if muting else alert.expr
