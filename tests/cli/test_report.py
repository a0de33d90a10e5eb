import csv
import io
import json

import pytest

from tokenward.cli.exit_codes import Exit

ROTATION = {
    "id": "r1",
    "organisation": "corp",
    "service": "main",
    "causes": ["password", "expiry"],
    "state": "done",
    "opened_at": "2026-11-20T09:30:00Z",
    "due_at": "2026-11-22T09:30:00Z",
    "closed_at": "2026-11-23T21:30:00Z",
    "missed_by_seconds": 129600.0,
    "asked": "kim",
    "supplied_by": "kim@corp.example",
    "downloader": None,
    "rung": 3,
    "vouched_at": None,
    "outage": {"started_at": "2026-11-23T21:28:30Z", "ended_at": "2026-11-23T21:30:00Z", "seconds": 90.0},
    "close_reason": None,
}
CHAIN = {"last_line": 42, "head": "ab" * 32, "first_broken_line": None}


@pytest.fixture
def told(control):
    """Have the daemon report."""

    def tell(*rotations, **chain):
        control.answers["/v1/report"] = {
            "start": "2026-01-01T00:00:00Z",
            "end": "2027-01-01T00:00:00Z",
            "made_at": "2027-01-02T08:00:00Z",
            "rotations": list(rotations),
            "chain": {**CHAIN, **chain},
        }

    return tell


def test_the_evidence_is_told_rotation_by_rotation(cli, told):
    """B12.5: cause, who, times, rung, outage, missed dates, and the chain."""
    told(ROTATION)

    result = cli("report", "--from", "2026-01-01", "--to", "2027-01-01")

    assert result.exit_code == Exit.WELL
    assert result.stdout == (
        "Rotations from 2026-01-01 00:00 UTC until 2027-01-01 00:00 UTC\n"
        "\n"
        "main  done  (password, expiry)\n"
        "    opened 2026-11-20 09:30 UTC, due 2026-11-22 09:30 UTC, missed by 1 day 12 h, closed 2026-11-23 21:30 UTC\n"
        "    downloaded by kim@corp.example; asked: kim; 1 min 30 s without a working token; proven at rung 3\n"
        "\n"
        "Audit record: 42 lines, every line is as it was written\n"
        f"  head {'ab' * 32}\n"
        "  seen 2027-01-02 08:00 UTC\n"
    )


def test_a_broken_chain_is_said_and_ends_with_an_error(cli, told):
    """B12.5, promise 7: whoever runs it in a script must notice."""
    told(first_broken_line=7)

    result = cli("report", "--from", "2026-01-01")

    assert result.exit_code == Exit.FAILED
    assert "BROKEN: line 7" in result.stdout


def test_a_table_for_spreadsheets_has_one_line_for_each_rotation(cli, told):
    """B12.5: CSV, in which nothing can pass for a formula."""
    told({**ROTATION, "close_reason": "=cmd|' /C calc'!A0"})

    (row,) = csv.DictReader(io.StringIO(cli("report", "--from", "2026-01-01", "--format", "csv").stdout))

    assert (row["service"], row["causes"], row["outage_seconds"]) == ("main", "password expiry", "90.0")
    assert row["closed_at"] == "2026-11-23T21:30:00Z"
    assert row["close_reason"].startswith("'=")


def test_a_page_for_printing_refers_to_nothing_outside_itself(cli, told):
    """B12.5: one file that can be kept; what people wrote can't become markup."""
    told({**ROTATION, "close_reason": "<script>alert(1)</script>"})

    html = cli("report", "--from", "2026-01-01", "--format", "html").stdout

    assert "missed by 1 day 12 h" in html
    assert "<script>" not in html
    assert "src=" not in html
    assert "href=" not in html
    assert "ab" * 32 in html


def test_programs_get_the_whole_answer(cli, told):
    """As everywhere: --json, or as one of the formats."""
    told(ROTATION)

    for wanted in (["--json"], ["--format", "json"]):
        assert json.loads(cli("report", "--from", "2026-01-01", *wanted).stdout)["chain"] == CHAIN


def test_a_time_without_rotations_says_so(cli, told):
    """B12.5: an empty report is evidence too."""
    told()

    assert "\nNone.\n" in cli("report", "--from", "2026-01-01").stdout
