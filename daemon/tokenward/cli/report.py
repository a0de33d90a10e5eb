"""``report``: an auditor's evidence, as text, JSON, CSV, or a page for printing."""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.invocation import Invocation
from tokenward.cli.moment import MOMENT
from tokenward.cli.printing import day, print_json
from tokenward.cli.verb import json_option, verb
from tokenward.model.instant import format_instant

if TYPE_CHECKING:
    from tokenward.cli.answers import Report, ReportedRotation

_COLUMNS: Final = (
    "id",
    "organisation",
    "service",
    "causes",
    "state",
    "opened_at",
    "due_at",
    "closed_at",
    "missed_by_seconds",
    "asked",
    "supplied_by",
    "downloader",
    "rung",
    "vouched_at",
    "outage_started_at",
    "outage_ended_at",
    "outage_seconds",
    "close_reason",
)


@verb(
    "report",
    examples=(
        "tokenward report --from 2026-01-01 --to 2027-01-01",
        "tokenward report --from 2026-01-01 --format html > report.html    # to be printed",
        "tokenward report --from 2026-01-01 --format csv > report.csv",
    ),
)
@click.option("--from", "start", type=MOMENT, required=True, help="A date means its first minute, in UTC.")
@click.option("--to", "end", type=MOMENT, help="Until before then; now unless given.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv", "html"]), default="text", show_default=True)
@json_option
def report(invocation: Invocation, *, start: str, end: str | None, form: str, as_json: bool) -> Exit:
    """Give an auditor the evidence of every rotation.

    Each rotation that was open in the time: why, who, when, how strongly proven, how long the service was without a
    working token, and by how much a promised date was missed. At the end stands the head of the audit record, and
    whether each of its lines is as it was written. Ends with 1 if one is not.
    """
    from tokenward.cli.answers import Report, read

    until = end or format_instant(datetime.now(UTC))  # noqa: TID251 - the moment at which somebody asks
    answer = invocation.client().look(f"/v1/report?{urlencode({'from': start, 'to': until})}")
    found = read(Report, answer)
    if as_json or form == "json":
        print_json(answer)
    else:
        click.echo(_FORMS[form](found), nl=False)
    return Exit.WELL if found.chain.first_broken_line is None else Exit.FAILED


def _text(found: "Report") -> str:
    lines = [f"Rotations from {day(found.start)} until {day(found.end)}", ""]
    lines += [line for one in found.rotations for line in _told(one)] or ["None.", ""]
    chain = found.chain
    broken = chain.first_broken_line
    whole = "every line is as it was written" if broken is None else f"BROKEN: line {broken} is not as it was written"
    lines += [f"Audit record: {chain.last_line} lines, {whole}", f"  head {chain.head}", f"  seen {day(found.made_at)}"]
    return "\n".join(lines) + "\n"


def _told(one: "ReportedRotation") -> list[str]:
    why = f", {one.close_reason}" if one.close_reason else ""
    missed = f", missed by {_span(one.missed_by_seconds)}" if one.missed_by_seconds else ""
    outage = f"{_span(one.outage.seconds)} without a working token" if one.outage else "no outage"
    proof = "not proven" if one.rung is None else f"proven at rung {one.rung}"
    word = f", by a person's word {day(one.vouched_at)}" if one.vouched_at else ""
    by = one.downloader or one.supplied_by or "nobody yet"
    return [
        f"{one.service}  {one.state}{why}  ({', '.join(one.causes)})",
        f"    opened {day(one.opened_at)}, due {day(one.due_at)}{missed}, closed {day(one.closed_at)}",
        f"    downloaded by {by}; asked: {one.asked or '-'}; {outage}; {proof}{word}",
        "",
    ]


def _csv(found: "Report") -> str:
    written = io.StringIO(newline="")
    table = csv.DictWriter(written, _COLUMNS, lineterminator="\r\n")
    table.writeheader()
    for one in found.rotations:
        table.writerow(_row(one))
    return written.getvalue()


def _row(one: "ReportedRotation") -> Mapping[str, object]:
    outage = one.outage
    values = {
        **one.model_dump(exclude={"outage", "causes"}),
        "causes": " ".join(one.causes),
        "outage_started_at": outage.started_at if outage else None,
        "outage_ended_at": outage.ended_at if outage else None,
        "outage_seconds": outage.seconds if outage else None,
    }
    return {column: _cell(values[column]) for column in _COLUMNS}


def _cell(value: object) -> object:
    """Return *value* for a table: what a spreadsheet would take for a formula is marked as text."""
    if isinstance(value, datetime):
        return format_instant(value)
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value


def _html(found: "Report") -> str:
    from importlib import resources

    from markupsafe import Markup

    from tokenward.web.html import render

    sheets = resources.files("tokenward.web") / "static"
    look = "\n".join((sheets / name).read_text() for name in ("look.css", "record.css"))
    spans = {one.id: _span(one.outage.seconds) for one in found.rotations if one.outage}
    missed = {one.id: _span(one.missed_by_seconds) for one in found.rotations if one.missed_by_seconds}
    style = Markup(f"<style>{look}</style>")  # noqa: S704  the package's own files
    return render("report.html", report=found, style=style, spans=spans, missed=missed)


def _span(seconds: float) -> str:
    from tokenward.web.wording import span_words

    return span_words(timedelta(seconds=seconds))


_FORMS: Final[Mapping[str, Callable[["Report"], str]]] = {"text": _text, "csv": _csv, "html": _html}
