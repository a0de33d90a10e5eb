"""What differs from house to house: where the runbooks and the dashboards are, and what Prometheus calls us."""

from dataclasses import dataclass

from tokenward.web.alerting.of_daemon import JOB
from tokenward.web.alerting.rule import Alert


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses that alerts lead to, and the name of the scrape job."""

    runbooks: str = "https://tokenward.corp.example/docs/runbooks"
    """Where the pages of ``docs/runbooks/`` can be read."""
    dashboards: str = "https://grafana.corp.example/d"
    """The part of a dashboard's address before its uid."""
    job: str = "tokenward"

    def expr_of(self, expr: str) -> str:
        """Return *expr* for this scrape job."""
        return expr.replace(JOB, self.job)

    def annotations_of(self, alert: Alert) -> dict[str, str]:
        """Return the texts and addresses of *alert*."""
        return {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": f"{self.runbooks.rstrip('/')}/{alert.page}.md",
            "dashboard_url": f"{self.dashboards.rstrip('/')}/{alert.dashboard}",
        }
