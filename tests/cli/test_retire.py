import os
import pty
import subprocess
import sys

import pytest

from cli.calling import a_service, a_status
from cli.test_show import a_detail
from tokenward.cli.exit_codes import Exit
from tokenward.model.event import EventKind

DEVICES = "/v1/services/main/devices"
RETIREMENT = {"at": "2026-11-24T09:30:00Z", "why": "moved to another product"}


@pytest.fixture
def assigned(control):
    """Set what Apple says of the devices of ``main``."""

    def setting(devices, why=""):
        control.answers[DEVICES] = {"service": "main", "name": "Main MDM", "devices": devices, "why": why}

    return setting


def kinds(control):
    """Return the kinds of what was asked for."""
    return [event.kind for event in control.intake.events]


def test_without_devices_it_is_retired_at_once(cli, control, assigned):
    """B12.4: nothing stands in the way."""
    assigned(0)

    result = cli("retire", "main", "--reason", "moved")

    assert result.exit_code == Exit.WELL
    (event,) = control.intake.events
    assert (event.kind, event.service, dict(event.data)) == (EventKind.RETIRE, "main", {"reason": "moved"})


@pytest.mark.parametrize(
    ("devices", "why", "told"),
    [
        (12, "", "12 devices are assigned to Main MDM at Apple."),
        (1, "", "1 device is assigned to Main MDM at Apple."),
        (None, "No account.", "Whether devices are assigned to Main MDM at Apple is not known: No account."),
    ],
    ids=["many", "one", "unknown"],
)
def test_where_nobody_is_there_to_confirm_nothing_is_done(cli, control, assigned, devices, why, told):
    """B12.4: devices that are assigned can't enrol once the token has expired."""
    assigned(devices, why)

    result = cli("retire", "main")

    assert result.exit_code == Exit.REFUSED
    assert told in result.stderr
    assert "--confirm 'Main MDM'" in result.stderr
    assert kinds(control) == []


def test_its_name_confirms_it(cli, control, assigned):
    """B12.4: nobody types a name by accident."""
    assigned(12)

    assert cli("retire", "main", "--confirm", "Main MDM").exit_code == Exit.WELL
    assert kinds(control) == [EventKind.RETIRE]


@pytest.mark.parametrize("name", ["main", "Main", "", "Labs MDM"])
def test_another_name_confirms_nothing(cli, control, assigned, name):
    """B12.4: the name at Apple, and no other."""
    assigned(12)

    result = cli("retire", "main", "--confirm", name)

    assert result.exit_code == Exit.REFUSED
    assert "Main MDM" in result.stderr
    assert kinds(control) == []


@pytest.mark.parametrize(("answer", "asked_for"), [("Main MDM", [EventKind.RETIRE]), ("yes", [])])
def test_somebody_at_a_terminal_is_asked_for_the_name(config, control, assigned, answer, asked_for):
    """B12.4: told why, and asked for the name itself."""
    assigned(12)
    here, there = pty.openpty()
    os.write(here, f"{answer}\n".encode())

    result = subprocess.run(
        [sys.executable, "-m", "tokenward", "--config", str(config), "retire", "main"],
        stdin=there,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    os.close(here)
    os.close(there)
    assert result.returncode == (Exit.WELL if asked_for else Exit.REFUSED)
    assert "12 devices are assigned to Main MDM at Apple.\nIts name" in result.stderr
    assert kinds(control) == asked_for


def test_undoing_asks_nobody(cli, control):
    """It harms nobody."""
    assert cli("retire", "main", "--undo").exit_code == Exit.WELL
    assert kinds(control) == [EventKind.REINSTATE]
    assert control.asked == []


@pytest.mark.parametrize(("flags", "kind"), [([], "retire"), (["--undo"], "reinstate")])
def test_a_dry_run_asks_nothing(cli, config, flags, kind):
    """It needs no daemon."""
    assert cli.json("retire", "main", *flags, "-n") == {"kind": kind, "service": "main"}


def test_status_names_what_is_retired_at_its_end(cli, control):
    """B12.4: it is left out, and not forgotten."""
    control.answers["/v1/status"] = a_status(a_service(), retired=("labs", "old"))

    result = cli("status")

    assert result.exit_code == Exit.WELL
    assert result.stdout.splitlines()[-1] == "Retired: labs, old"


@pytest.mark.parametrize("command", ["status", "check"])
def test_how_a_retired_service_stands_nobody_knows(cli, control, command):
    """Said as such, for the configuration does have it."""
    control.answers["/v1/status"] = a_status(a_service(), retired=("labs",))

    result = cli(command, "labs")

    assert result.exit_code == Exit.REFUSED
    assert "labs is retired." in result.stderr


def test_show_and_history_say_since_when_and_why(cli, control):
    """B12.4: the history stays, and tells."""
    control.answers["/v1/services/main"] = a_detail(retired=RETIREMENT)
    control.answers["/v1/services/main/history"] = {"service": "main", "retired": RETIREMENT}

    assert "retired         since 2026-11-24 09:30 UTC: moved to another product\n" in cli("show", "main").stdout
    assert cli("history", "main").stdout.startswith("Retired since 2026-11-24 09:30 UTC: moved to another product\n")
