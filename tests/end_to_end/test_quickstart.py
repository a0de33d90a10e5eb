"""The quickstart as somebody meets it: one command, a folder, and a service that is linked seconds later."""

import json
import os
import re
import signal
from contextlib import ExitStack

import httpx2
import pytest

from end_to_end.scene import ANY, call, children, is_alive, mode, quickstart, tokens
from fakes.running import eventually, free_address, short_folder

STOP_SECONDS = 10
RELOADED = "tokenward_config_last_reload_successful"


@pytest.fixture
def root():
    """A folder to start in."""
    with short_folder() as root:
        yield root


@pytest.fixture
def folder(root):
    """The quickstart's folder, not made yet."""
    return root / "var"


@pytest.fixture
def daemon(folder):
    """A quickstart on any ports, ready."""
    with quickstart(folder) as daemon:
        daemon.until_ready()
        yield daemon


def test_main_is_linked_within_seconds_and_labs_says_what_it_waits_for(daemon):
    """C1, C7, C8, A9: a year of days for one service; the other is blocked until its certificate is dropped."""
    daemon.until(lambda: daemon.is_settled("main"), "main is linked", seconds=15)
    daemon.until(lambda: daemon.blocked_by("labs"), "labs is blocked")

    main, labs = daemon.service("main"), daemon.service("labs")
    assert (main["state"], main["custodian"]) == ("valid", "kim")
    assert main["days_until_expiry"] == pytest.approx(365, abs=0.5)
    assert (labs["rotation"]["waiting_for"], labs["rotation"]["causes"]) == ("certificate", ["unlinked"])
    assert (labs["rotation"]["state"], labs["rotation"]["blocked"]["reason"]) == ("opened", "certificate_missing")
    assert "labs.pem" in labs["rotation"]["blocked"]["remedy"]
    days = daemon.metric("tokenward_token_days_until_expiry", organisation="corp", service="main")
    assert days == pytest.approx(365, abs=0.5)


def test_it_serves_on_the_ports_that_were_asked_for(folder):
    """C8: --operations moves metrics and health with it."""
    operations, public = free_address(), free_address()

    with quickstart(folder, operations, public) as daemon:
        daemon.until_ready()
        assert daemon.metrics_url == f"http://{operations}/metrics"
        assert "tokenward_build_info" in daemon.exposition()
        assert daemon.end() == 0

    written = (folder / "tokenward.toml").read_text()
    assert operations in written
    assert public in written


def test_its_files_lie_where_they_are_promised_and_the_key_is_its_users_alone(daemon, folder):
    """C5: configuration, seal key, drop folders, state and the folder that stands for a product."""
    daemon.until(lambda: daemon.is_settled("main"), "main is linked")

    assert (folder / "tokenward.toml").is_file()
    assert mode(folder / "seal-key") == "600"
    assert mode(folder / "simulator" / "state.json") == "600"
    assert mode(folder / "state") == "700"
    assert mode(folder / "state" / "control.sock") == "660"
    assert all((folder / "drop" / one).is_dir() for one in ("certificates/labs", "tokens/labs", "events"))
    assert (folder / "targets" / "labs").is_dir()
    assert mode(folder / "state" / "tokenward.db") in {"600", "640"}


def test_it_says_where_the_board_is_and_the_board_shows_both_services(daemon):
    """A1, A9: in the browser, a minute after the first command."""
    daemon.until(lambda: daemon.is_settled("main"), "main is linked")
    daemon.until(lambda: daemon.blocked_by("labs"), "labs is blocked")

    daemon.until(lambda: f"Board     {daemon.board_url}/" in daemon.log(), "it says where the board is")
    page, answer = daemon.look_at("/"), json.loads(daemon.look_at("/api/v1/status"))
    assert "labs.pem" in page
    assert [one["state"] for one in answer["organisations"][0]["services"]] == ["valid", "unknown"]
    assert "The service was seen to work with the new token" in daemon.look_at("/services/main")
    labs = answer["organisations"][0]["services"][1]["rotation"]["id"]
    assert "A certificate is missing" in daemon.look_at(f"/rotations/{labs}")


def test_set_up_speaks_on_standard_error_only(root, folder):
    """C9: standard output stays free for whoever reads it."""
    with (root / "out").open("wb") as out, quickstart(folder, stdout=out) as daemon:
        daemon.until(lambda: f"Tokenward runs in {folder}" in daemon.log(), "it says where it runs")
        assert daemon.end() == 0
    assert (root / "out").read_bytes() == b""


def test_a_second_start_goes_on_with_the_same_apple(folder):
    """C4: nothing is linked again, and no token is downloaded again."""
    ports = re.compile(r"http://127\.0\.0\.1:(\d+)")
    with quickstart(folder) as first:
        first.until(lambda: first.is_settled("main"), "main is linked")
        before = first.service("main")
        assert first.end() == 0
    configured, issued = ports.findall((folder / "tokenward.toml").read_text()), tokens(folder)

    with quickstart(folder) as second:
        second.until(lambda: second.service("main")["state"] == "valid", "it knows main")
        second.until(lambda: second.blocked_by("labs"), "it goes on waiting for labs")
        assert second.service("main")["expires_at"] == before["expires_at"]
        assert second.end() == 0
    assert ports.findall((folder / "tokenward.toml").read_text()) == configured
    assert tokens(folder) == issued


def test_a_second_daemon_on_the_same_state_is_refused(daemon, folder):
    """C9: exit 6, with the number of the process that holds it; the first one goes on."""
    refused = call("run", "--config", str(folder / "tokenward.toml"))

    assert refused.returncode == 6, refused.stderr
    assert f"Process {daemon.process.pid}" in refused.stderr
    assert daemon.metric(RELOADED) == 1


def test_a_second_quickstart_in_the_same_folder_is_refused_as_well(daemon, folder):
    """C9: exit 6, before anything is started beside the first one."""
    refused = call("quickstart", "--dir", str(folder))

    assert refused.returncode == 6, refused.stderr
    assert f"Process {daemon.process.pid}" in refused.stderr


def test_sigterm_ends_it_within_ten_seconds_and_leaves_no_child(daemon):
    """C9: exit 0, the stand-in too is gone, and so is the control socket's answer."""
    started = children(daemon.process.pid)
    assert started

    assert daemon.end() == 0

    assert not [child for child in started if is_alive(child)]
    with pytest.raises(ProcessLookupError):
        os.killpg(daemon.process.pid, 0)
    assert daemon.lines("daemon.stopping")


def test_a_killed_daemon_leaves_no_stand_in_behind(daemon):
    """C9: the stand-in notices that its parent is gone."""
    started = children(daemon.process.pid)

    daemon.process.kill()
    daemon.process.wait(STOP_SECONDS)

    eventually(lambda: not any(is_alive(child) for child in started))


def test_a_broken_configuration_leaves_the_old_one_in_force(daemon, folder):
    """C9: SIGHUP with an error shows in a metric and in the log, not in what is done; mended, it is taken."""
    config = folder / "tokenward.toml"
    good = config.read_text()

    config.write_text(good.replace('custodian = "kim"', 'custodian = "nobody"'))
    os.kill(daemon.process.pid, signal.SIGHUP)
    daemon.until(lambda: daemon.metric(RELOADED) == 0, "the metric tells")
    assert daemon.lines("config.rejected")
    assert daemon.service("main")["custodian"] == "kim"

    config.write_text(good.replace('custodian = "kim"', 'custodian = "ana"').replace('deputies = ["ana"]', ""))
    os.kill(daemon.process.pid, signal.SIGHUP)
    daemon.until(lambda: daemon.metric(RELOADED) == 1, "the metric tells")
    assert daemon.service("main")["custodian"] == "ana"


def test_several_run_side_by_side(root):
    """A15: each with an Apple of its own."""
    folders = [root / name for name in ("a", "b", "c")]
    with ExitStack() as stack:
        daemons = [stack.enter_context(quickstart(folder)) for folder in folders]
        for daemon in daemons:
            daemon.until(lambda daemon=daemon: daemon.is_settled("main"), "main is linked")
    assert len({token for folder in folders for token in tokens(folder)}) == len(folders)


def test_a_newcomer_can_be_the_custodian(folder):
    """A12, B6.1: by hand, a person is asked, and the page's address is printed as soon as there is something to do."""
    with quickstart(folder, ANY, ANY, "--by-hand") as daemon:
        daemon.until(lambda: "/handover/" in daemon.log(), "the address of a page is printed")
        printed = re.search(r"Kim +(http://\S+/handover/\S+)", daemon.log())
        assert printed is not None
        shown = httpx2.get(printed[1], trust_env=False)

    assert shown.status_code == httpx2.codes.OK
    assert "Start now" in shown.text
    assert 'issuer = { kind = "portal" }' in (folder / "tokenward.toml").read_text()
