"""The pieces of the dashboard: queries, panels of each kind, colours, and what states look like."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from tokenward.web.catalogue import Entry

SOURCE: Final = model.DataSourceRef("prometheus", "${datasource}")
OF_PROCESS: Final = 'job=~"$job",instance=~"$instance"'
OF_SERVICE: Final = f'{OF_PROCESS},organisation=~"$organisation",service=~"$service"'
BY_SERVICE: Final = "by (organisation, service)"
SERVICE: Final = "{{organisation}}/{{service}}"
UNKNOWN: Final = "unknown"
"""What stands where a metric has no series: never a 0."""
WIDTH: Final = 24

GREEN, YELLOW, ORANGE, RED, BLUE, GREY = "green", "yellow", "orange", "red", "blue", "text"
DAYS_LEFT: Final = ((None, RED), (7.0, ORANGE), (30.0, YELLOW), (60.0, GREEN))
GOOD_AT_ZERO: Final = ((None, GREEN), (1.0, RED))
NOTEWORTHY: Final = ((None, GREEN), (1.0, ORANGE))
PLAIN: Final = ((None, BLUE),)

Steps = Sequence[tuple[float | None, str]]
Said = Mapping[str, tuple[str, str]]
"""By value: its text and its colour."""
AnyPanel = Any
"""The builders of panels have no class in common; the library checks nothing, so the tests do."""

YES_NO: Final[Said] = {"1": ("yes", GREEN), "0": ("no", RED)}
TOKEN_STATES: Final[Said] = {
    "unknown": ("cannot tell", GREY),
    "valid": ("valid", GREEN),
    "suspect": ("suspect", YELLOW),
    "terms_unsigned": ("terms unsigned", ORANGE),
    "rejected": ("rejected", RED),
    "superseded": ("superseded", RED),
    "expired": ("expired", RED),
}
ROTATION_STATES: Final[Said] = {
    "idle": ("no rotation", GREY),
    "opened": ("opened", BLUE),
    "certificate_ready": ("certificate ready", BLUE),
    "registered": ("registered", BLUE),
    "awaiting_token": ("waits for the token", YELLOW),
    "received": ("received", ORANGE),
    "checked": ("checked", ORANGE),
    "installed": ("installed", ORANGE),
    "proven": ("proven", GREEN),
}
PERSON_STATES: Final[Said] = {
    "unknown": ("not known", GREY),
    "active": ("active", GREEN),
    "password_changed": ("new password", YELLOW),
    "locked": ("locked", ORANGE),
    "role_lost": ("role lost", ORANGE),
    "departed": ("gone", RED),
}


def of_service(entry: Entry, **labels: str) -> str:
    """Return the series of *entry* for the services that are looked at."""
    return f"{entry.name}{{{_matchers(OF_SERVICE, labels)}}}"


def of_process(entry: Entry, **labels: str) -> str:
    """Return the series of *entry* for the daemons that are looked at."""
    return f"{entry.name}{{{_matchers(OF_PROCESS, labels)}}}"


def _matchers(first: str, labels: Mapping[str, str]) -> str:
    return ",".join([first, *(f'{label}="{value}"' for label, value in labels.items())])


def numbered(entry: Entry, states: Said, by: str, matchers: str) -> str:
    """Return the number of the state that is 1: its place in *states*."""
    return " + ".join(
        f'sum {by} ({number} * {entry.name}{{{matchers},{entry.name}="{state}"}})'
        for number, state in enumerate(states)
    )


def by_number(states: Said) -> Said:
    """Return what the numbers of ``numbered`` look like."""
    return {str(number): look for number, look in enumerate(states.values())}


def stat_of(
    title: str, says: str, page: str, expr: str, *, unit: str = "short", steps: Steps = GOOD_AT_ZERO
) -> AnyPanel:
    """Return one number in its colour."""
    made = stat.Panel().unit(unit).graph_mode(common.BigValueGraphMode.NONE).no_value(UNKNOWN).thresholds(_steps(steps))
    return _about(made, title, says, page).with_target(_query(expr, instant=True)).span(6).height(5)


def table_of(
    title: str,
    says: str,
    page: str,
    columns: Sequence[tuple[str, str, Sequence[model.DynamicConfigValue]]],
    **labels: str,
) -> AnyPanel:
    """Return a table: of each query the newest values, one row for all that have the same labels.

    *columns* are the queries, each with the name of its value and how that is shown; without a name it is hidden.
    *labels* get the heading that they are given as.
    """
    made = _about(table.Panel().no_value(UNKNOWN), title, says, page).span(WIDTH).height(8)
    renamed = {label: heading.replace("_", " ") for heading, label in labels.items()}
    hidden = {"Time": True}
    for number, (expr, name, shown) in enumerate(columns):
        letter = chr(ord("A") + number)
        value = f"Value #{letter}" if len(columns) > 1 else "Value"
        made.with_target(_query(expr, instant=True, is_table=True, ref_id=letter))
        if name:
            renamed[value] = name
            made.override_by_name(name, list(shown))
        else:
            hidden[value] = True
    made.with_transformation(model.DataTransformerConfig("merge", options={}))
    options = {"excludeByName": hidden, "renameByName": renamed, "indexByName": {}}
    return made.with_transformation(model.DataTransformerConfig("organize", options=options))


def timeline_of(title: str, says: str, page: str, expr: str, legend: str, states: Said) -> AnyPanel:
    """Return which state each object was in, over time."""
    made = statetimeline.Panel().mappings([_mapping(by_number(states))]).fill_opacity(70)
    return _about(made, title, says, page).with_target(_query(expr, legend=legend)).span(WIDTH).height(8)


def series_of(title: str, says: str, page: str, queries: Sequence[tuple[str, str]], *, unit: str = "short") -> AnyPanel:
    """Return curves over time: of each query, its expression and its legend."""
    made = _about(timeseries.Panel().unit(unit), title, says, page).span(12).height(8)
    for number, (expr, legend) in enumerate(queries):
        made.with_target(_query(expr, legend=legend, ref_id=chr(ord("A") + number)))
    return made


def in_unit(unit: str, steps: Steps = ()) -> list[model.DynamicConfigValue]:
    """Return how a column of numbers is shown."""
    shown = [model.DynamicConfigValue("unit", unit)]
    if steps:
        shown.append(model.DynamicConfigValue("thresholds", _steps(steps).build().to_json()))
        shown.append(model.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
    return shown


def said(looks: Said) -> list[model.DynamicConfigValue]:
    """Return how a column of states is shown: as text, in its colour."""
    return [
        model.DynamicConfigValue("mappings", [_mapping(looks).to_json()]),
        model.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
    ]


def _about(made: AnyPanel, title: str, says: str, page: str) -> AnyPanel:
    """Give a panel what every panel has: what it says, whom it asks, and the page that says what to do."""
    link = build.DashboardLink("What to do").type(model.DashboardLinkType.LINK)
    link.url(f"${{runbooks}}/{page}.md").target_blank(True)
    return made.title(title).description(says).datasource(SOURCE).links([link])


def _query(
    expr: str, *, legend: str = "__auto", instant: bool = False, is_table: bool = False, ref_id: str = "A"
) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(ref_id).datasource(SOURCE)
    made.format(PromQueryFormat.TABLE if is_table else PromQueryFormat.TIME_SERIES)
    return made.instant() if instant else made.range()


def _steps(steps: Steps) -> build.ThresholdsConfig:
    made = build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE)
    return made.steps([model.Threshold(value, colour) for value, colour in steps])


def _mapping(looks: Said) -> model.ValueMap:
    return model.ValueMap(
        {
            value: model.ValueMappingResult(text=text, color=colour, index=number)
            for number, (value, (text, colour)) in enumerate(looks.items())
        }
    )
