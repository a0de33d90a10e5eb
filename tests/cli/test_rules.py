import pytest

from tokenward.cli.exit_codes import Exit
from tokenward.web.alerting.alertmanager import alertmanager_example
from tokenward.web.alerting.grafana import grafana_rules
from tokenward.web.alerting.links import Links
from tokenward.web.alerting.prometheus import prometheus_rules


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("prometheus",), prometheus_rules(Links())),
        (("grafana",), grafana_rules(Links(), "prometheus")),
        (("alertmanager",), alertmanager_example()),
        (
            ("prometheus", "--runbooks", "https://a.example/r", "--dashboards", "https://b.example/d", "--job", "tw"),
            prometheus_rules(Links("https://a.example/r", "https://b.example/d", "tw")),
        ),
        (("grafana", "--datasource", "P1"), grafana_rules(Links(), "P1")),
    ],
    ids=["prometheus", "grafana", "alertmanager", "links", "datasource"],
)
def test_the_rules_are_printed_and_nothing_else(cli, arguments, text):
    """C8: to be redirected into a file. Needs neither configuration nor daemon."""
    result = cli("rules", *arguments)

    assert result.exit_code == Exit.WELL
    assert result.stdout == text
    assert result.stderr == ""


@pytest.mark.parametrize("job", ['x"} or vector(1)', "", "a{b"])
def test_a_name_that_would_change_the_rules_is_refused(cli, job):
    """C8: it stands within quotes."""
    assert cli("rules", "prometheus", "--job", job).exit_code == Exit.USED_WRONGLY
