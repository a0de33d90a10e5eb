"""An example of Alertmanager's configuration: who is told what, and what mutes what.

Alertmanager tells operators. Whoever has to download a token is asked by Tokenward itself, and never twice.
"""

from typing import Final

from tokenward.web.alerting.as_yaml import Yaml, as_yaml
from tokenward.web.alerting.rule import PREFIX, SAME_SERVICE, Matching, Mute, Severity
from tokenward.web.alerting.rules import MUTES

BROKEN_NOW: Final = ("TokenExpired", "TokenRejected", "UnplannedDownload", "OutageClockRunning", "RotationBlocked")
"""Critical ones that nobody sleeps through; the others can wait for the morning."""
RECEIVERS: Final = ("tickets", "page", "digest", "dead-man")
_NIGHTS: Final = "nights"


def alertmanager_example() -> str:
    """Return the example. Its addresses are to be replaced by those of the house."""
    return as_yaml(
        {
            "route": {
                "receiver": "tickets",
                "group_by": ["alertname", *SAME_SERVICE],
                "group_wait": "1m",
                "group_interval": "15m",
                "repeat_interval": "24h",
                "routes": _routes(),
            },
            "time_intervals": [{"name": _NIGHTS, "time_intervals": [{"times": _nights()}]}],
            "inhibit_rules": [_inhibition(mute) for mute in MUTES],
            "receivers": [
                {"name": name, "webhook_configs": [{"url": f"https://alerts.corp.example/{name}"}]}
                for name in RECEIVERS
            ],
        },
        "Example for Alertmanager, made by `tokenward rules alertmanager`. Replace the receivers.",
        "The inhibit rules belong to Tokenward's rules, and go into whatever configuration is there already.",
    )


def _routes() -> list[Yaml]:
    return [
        {
            "matchers": _matchers(Matching(("Watchdog",))),
            "receiver": "dead-man",
            "group_wait": "0s",
            "group_interval": "1m",
            "repeat_interval": "5m",
        },
        {
            "matchers": _matchers(Matching(BROKEN_NOW, labels={"severity": (Severity.CRITICAL,)})),
            "receiver": "page",
            "repeat_interval": "2h",
        },
        {
            "matchers": _matchers(Matching(labels={"severity": (Severity.CRITICAL,)})),
            "receiver": "page",
            "repeat_interval": "12h",
            "mute_time_intervals": [_NIGHTS],
        },
        {
            "matchers": _matchers(Matching(labels={"severity": (Severity.INFO,)})),
            "receiver": "digest",
            "group_by": ["job"],
            "group_interval": "24h",
            "repeat_interval": "168h",
        },
    ]


def _nights() -> list[Yaml]:
    return [{"start_time": "00:00", "end_time": "07:00"}, {"start_time": "20:00", "end_time": "24:00"}]


def _inhibition(mute: Mute) -> dict[str, Yaml]:
    return {
        "source_matchers": _matchers(mute.by),
        "target_matchers": _matchers(mute.muted),
        "equal": list(mute.equal),
    }


def _matchers(matching: Matching) -> list[Yaml]:
    """Return *matching* in Alertmanager's words. Without a name it is about every alert of ours."""
    found: list[Yaml] = [_matcher("alertname", _full(matching.names)) if matching.names else f'alertname=~"{PREFIX}.+"']
    if matching.other_than:
        found.append(f'alertname!~"{"|".join(_full(matching.other_than))}"')
    return [*found, *(_matcher(label, values) for label, values in matching.labels.items())]


def _full(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(PREFIX + name for name in names)


def _matcher(label: str, values: tuple[str, ...]) -> str:
    return f'{label}="{values[0]}"' if len(values) == 1 else f'{label}=~"{"|".join(values)}"'
