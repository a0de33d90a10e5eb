"""The files under ``dashboards/`` that follow from the code. ``make dashboards`` runs this file; a test compares."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from dashboards.board import grafana_dashboard
from tokenward.web.alerting.alertmanager import alertmanager_example
from tokenward.web.alerting.grafana import grafana_rules
from tokenward.web.alerting.links import Links
from tokenward.web.alerting.prometheus import prometheus_rules

FOLDER: Final = Path(__file__).parents[2] / "dashboards"

FILES: Final[Mapping[str, Callable[[], str]]] = {
    "prometheus/tokenward.rules.yml": lambda: prometheus_rules(Links()),
    "alertmanager/alertmanager.yml": alertmanager_example,
    "grafana/tokenward.json": grafana_dashboard,
    "grafana/alerting/tokenward.yml": lambda: grafana_rules(Links(), "prometheus"),
}
"""By their place below ``dashboards/``: what makes them."""


def main() -> None:
    """Write every file."""
    for name, make in FILES.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make())


if __name__ == "__main__":
    main()
