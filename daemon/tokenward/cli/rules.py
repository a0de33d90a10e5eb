"""``rules``: the alerts, for Prometheus, Alertmanager and Grafana. Needs no daemon."""

import re
from typing import Final

import click

from tokenward.cli.invocation import Invocation
from tokenward.cli.verb import verb

SYSTEMS: Final = ("prometheus", "grafana", "alertmanager")


_ADDRESS: Final = re.compile(r"https?://[^\s{}\"]+")
_NAME: Final = re.compile(r"[\w.:/-]+")


def _address(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _ADDRESS.fullmatch(value):
        raise click.BadParameter("it is no address that begins with https:// or http://.")
    return value


def _name(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Refuse what would be more than a name where it is put: between quotes in a query."""
    if value is not None and not _NAME.fullmatch(value):
        raise click.BadParameter("it may have letters, digits and . : / - _ only.")
    return value


@verb(
    "rules",
    examples=(
        "tokenward rules prometheus > /etc/prometheus/tokenward.rules.yml",
        "tokenward rules prometheus --runbooks https://git.corp.example/tokenward/docs/runbooks",
        "tokenward rules grafana --datasource prometheus > /etc/grafana/provisioning/alerting/tokenward.yml",
        "tokenward rules alertmanager    # an example, with the inhibit rules",
    ),
)
@click.argument("system", type=click.Choice(SYSTEMS))
@click.option("--runbooks", metavar="URL", callback=_address, help="Where the pages of docs/runbooks can be read.")
@click.option("--dashboards", metavar="URL", callback=_address, help="Where Grafana's are, such as https://HOST/d.")
@click.option("--job", metavar="NAME", callback=_name, help="Name of the scrape job.  [default: tokenward]")
@click.option(
    "--datasource",
    metavar="UID",
    callback=_name,
    default="prometheus",
    show_default=True,
    help="For grafana: which data source is asked.",
)
def rules(
    _invocation: Invocation, system: str, runbooks: str | None, dashboards: str | None, job: str | None, datasource: str
) -> None:
    """Print the alerts, for the system that raises them.

    Each alert leads to a page that says what to do, and to a dashboard; say where yours are. For alertmanager it is an
    example of a whole configuration: who is told what, and which alert mutes which. Needs no daemon.
    """
    from tokenward.web.alerting.alertmanager import alertmanager_example
    from tokenward.web.alerting.grafana import grafana_rules
    from tokenward.web.alerting.links import Links
    from tokenward.web.alerting.prometheus import prometheus_rules

    given = {"runbooks": runbooks, "dashboards": dashboards, "job": job}
    links = Links(**{name: value for name, value in given.items() if value is not None})
    made = {
        "prometheus": lambda: prometheus_rules(links),
        "grafana": lambda: grafana_rules(links, datasource),
        "alertmanager": alertmanager_example,
    }
    click.echo(made[system](), nl=False)
