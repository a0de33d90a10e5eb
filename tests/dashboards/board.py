"""The dashboard for Grafana. Its form is checked against Grafana's own types; no Grafana has shown it here."""

import json
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.parts import OF_SERVICE, SOURCE, AnyPanel
from dashboards.rows import CLOSED, ROWS
from tokenward.web import catalogue
from tokenward.web.alerting.links import Links

UID: Final = "tokenward"
VERSION: Final = 1
"""Raised with each release that changes the dashboard."""
_SCHEMA: Final = 39
UNKNOWN_KEYS: Final = ("id", "auto", "auto_min", "auto_count")
"""What the library writes into every variable, and Grafana's types know of none or of intervals alone."""
_SOURCE_KIND: Final = "prometheus"
_INFO: Final = catalogue.TOKEN_INFO.name
_ALL: Final = model.VariableOption(selected=True, text="All", value="$__all")


def grafana_dashboard() -> str:
    """Return the dashboard as a file that Grafana imports, or is provisioned with."""
    made = (
        build.Dashboard("Tokenward")
        .uid(UID)
        .description("The server tokens between Apple and device management services.")
        .tags(["tokenward", "apple", "mdm"])
        .version(VERSION)
        .timezone("browser")
        .refresh("1m")
        .time("now-30d", "now")
        .editable()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
    )
    for variable in _variables():
        made.with_variable(variable)
    rotated = f"changes({catalogue.LAST_SUCCESS.name}{{{OF_SERVICE}}}[2m]) > 0"
    made.annotation(_marked("Rotations", rotated, "green"))
    made.annotation(_marked("Outages", f"{catalogue.OUTAGE_START.name}{{{OF_SERVICE}}}", "red"))
    for title, panels in ROWS.items():
        _add_row(made, title, panels)
    found = made.build()
    found.schema_version = _SCHEMA
    document = json.loads(json.dumps(found, cls=JSONEncoder))
    _mend(document)
    return json.dumps({"id": None, **document}, indent=2) + "\n"


def _mend(document: dict[str, AnyPanel]) -> None:
    """Take out what the library writes and Grafana's types do not know; say annotations as newer versions read them."""
    del document["style"]
    for variable in document["templating"]["list"]:
        for key in UNKNOWN_KEYS:
            variable.pop(key, None)
    for number, panel in enumerate(all_panels(document), start=1):
        panel["id"] = number  # by which links find it
        if panel.get("options", ()) is None:
            del panel["options"]
    for annotation in document["annotations"]["list"]:
        annotation["target"] = {"expr": annotation["expr"], "refId": "Anno"}


def all_panels(document: dict[str, AnyPanel]) -> list[dict[str, AnyPanel]]:
    """Return every panel, those of closed rows and the rows too."""
    return [one for panel in document["panels"] for one in (panel, *panel.get("panels", []))]


def _variables() -> list[AnyPanel]:
    instance = f'{_INFO}{{job=~"$job"}}'
    organisation = f'{_INFO}{{job=~"$job",instance=~"$instance"}}'
    service = f'{_INFO}{{job=~"$job",instance=~"$instance",organisation=~"$organisation"}}'
    return [
        build.DatasourceVariable("datasource").label("data source").type(_SOURCE_KIND),
        _asked("job", catalogue.BUILD_INFO.name),
        _asked("instance", instance),
        _asked("organisation", organisation),
        _asked("service", service),
        build.TextBoxVariable("runbooks").label("runbooks").default_value(Links().runbooks),
    ]


def _asked(label: str, series: str) -> build.QueryVariable:
    made = build.QueryVariable(label).label(label).datasource(SOURCE).query(f"label_values({series}, {label})")
    made.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(model.VariableSort.ALPHABETICAL_ASC)
    return made.multi(True).include_all(True).all_value(".*").current(_ALL)


def _marked(name: str, expr: str, colour: str) -> build.AnnotationQuery:
    return build.AnnotationQuery().name(name).datasource(SOURCE).enable(True).icon_color(colour).expr(expr)


def _add_row(made: build.Dashboard, title: str, panels: list[AnyPanel]) -> None:
    """Add a row. What a closed one has lies within it, what an open one has stands below it."""
    row = build.Row(title)
    if title == CLOSED:
        for panel in panels:
            row.with_panel(panel)
        made.with_row(row.collapsed(True))
        return
    made.with_row(row.collapsed(False))
    for panel in panels:
        made.with_panel(panel)
