"""SIGKILL at every durable point of a first link: whatever was under way goes on, and nothing is done twice."""

import pytest

from crash.scene import a_password_event, a_scene
from crash.victim import KILLED, Deadly

FETCH_LOST = "certificate.fetched main"
ISSUE_LOST = "token.issued main"
LINKING_MAIN = (
    "event.taken main",
    "event.settled service.unlinked",
    "reading.recorded main",
    "opened.acted main",
    "FetchCertificate.before main",
    FETCH_LOST,
    "certificate.recorded main",
    "FetchCertificate.after main",
    "opened.advanced main",
    "certificate_ready.advanced main",
    "registered.advanced main",
    "awaiting_token.acted main",
    "IssueToken.before main",
    ISSUE_LOST,
    "IssueToken.after main",
    "event.settled token.supplied",
    "received.advanced main",
    "checked.acted main",
    "InstallEnvelope.before main",
    "envelope.handed_over main",
    "receipt.recorded main",
    "InstallEnvelope.after main",
    "checked.advanced main",
    "installed.advanced main",
    "proven.advanced main",
)
"""Every waypoint of a calm first link, each at its first reaching."""


@pytest.fixture
def scene():
    """A new folder with a new Apple."""
    with a_scene() as scene:
        yield scene


def test_a_calm_first_link_passes_every_waypoint_named_here(scene):
    """B2: the table below the crash tests is complete: no state and no effect is left out."""
    with scene.daemon() as daemon:
        daemon.until(lambda: daemon.is_settled("main"), "main is linked")
        assert daemon.end() == 0

    about_labs = {"event.taken labs", "reading.recorded labs", "opened.blocked labs"}
    looks = {one for one in scene.waypoints() if ".waited " in one}  # on a slow machine there may be some
    assert set(scene.waypoints()) - about_labs - looks == set(LINKING_MAIN)
    assert (scene.fetches, scene.downloads(), scene.installs) == (1, 1, 1)
    scene.assert_all_is_well(main=[{"unlinked"}])


@pytest.mark.parametrize("waypoint", LINKING_MAIN)
def test_killed_anywhere_a_first_link_comes_to_its_end_after_the_next_start(scene, waypoint):
    """B2, B3.1, B4.7: only a fetch or an issue whose answer was not recorded is repeated; an installation never is."""
    scene.crash(Deadly(waypoint))

    with scene.daemon() as daemon:
        daemon.until(lambda: daemon.is_settled("main"), "main is linked after all")
        assert daemon.end() == 0

    assert scene.fetches == 1 + (waypoint == FETCH_LOST)
    assert scene.downloads() == 1 + (waypoint == ISSUE_LOST)
    assert scene.installs == 1
    scene.assert_all_is_well(main=[{"unlinked"}])


def test_a_certificate_taken_before_a_crash_is_put_away_after_it_and_not_taken_twice(scene):
    """C5, B9: the event is durable before its file is moved, so the file is known when it is seen again."""
    certificate = scene.labs_certificate()
    with scene.daemon() as daemon:
        daemon.until(lambda: daemon.blocked_by("labs") == "certificate_missing", "labs waits for its certificate")
        assert daemon.end() == 0
    with scene.daemon(Deadly("event.taken labs")) as daemon:
        daemon.until_ready()
        dropped = daemon.drop("certificates", "labs.pem", certificate)
        assert daemon.process.wait(10) == KILLED
    assert dropped.exists()

    with scene.daemon() as daemon:
        daemon.until(lambda: daemon.is_settled("labs"), "labs is linked")
        daemon.until(lambda: not dropped.exists(), "the file is put away")
        assert daemon.put_away("certificates", "labs.pem") == ["done"]
        assert daemon.metric("tokenward_drop_files_total", folder="certificates") == 1
        assert daemon.metric("tokenward_events_total", kind="certificate.new", outcome="accepted") == 1
        assert daemon.metric("tokenward_events_total", kind="certificate.new", outcome="duplicate") == 1
        daemon.until(lambda: daemon.is_settled("main"), "main is linked too")
        assert daemon.end() == 0
    assert scene.downloads("Labs MDM") == 1
    scene.assert_all_is_well(main=[{"unlinked"}], labs=[{"unlinked", "certificate"}])


@pytest.mark.parametrize("waypoint", ["event.taken password.changed", "event.settled password.changed"])
def test_a_password_event_taken_before_a_crash_leads_to_one_rotation(scene, waypoint):
    """A7, C6: killed before or after it was decided, with its file still in the folder."""
    with scene.daemon(Deadly(waypoint)) as daemon:
        daemon.until(lambda: daemon.is_settled("main"), "main is linked")
        dropped = daemon.drop("events", "password.json", a_password_event())
        assert daemon.process.wait(10) == KILLED

    with scene.daemon() as daemon:
        done = {"service": "main", "cause": "password", "outcome": "done"}
        daemon.until(lambda: daemon.metric("tokenward_rotations_total", **done), "the rotation is done")
        daemon.until(lambda: not dropped.exists(), "the file is put away")
        assert daemon.put_away("events", "password.json") == ["done"]
        assert daemon.end() == 0
    assert scene.downloads() == 2
    scene.assert_all_is_well(main=[{"unlinked"}, {"password"}])


def test_a_refusal_recorded_before_a_crash_is_counted_once(scene):
    """C5: the file goes to rejected/ with its reason after the next start, as if nothing had happened."""
    with scene.daemon(Deadly("event.refused certificate.new")) as daemon:
        daemon.until_ready()
        dropped = daemon.drop("certificates", "nobody.pem", scene.labs_certificate())
        assert daemon.process.wait(10) == KILLED
    assert dropped.exists()

    with scene.daemon() as daemon:
        daemon.until(lambda: not dropped.exists(), "the file is put away")
        assert sorted(daemon.put_away("certificates", "nobody.pem")) == ["rejected"]
        assert daemon.put_away("certificates", "nobody.pem.reason.txt") == ["rejected"]
        assert daemon.metric("tokenward_drop_files_total", folder="certificates", outcome="rejected") == 1
        daemon.until(lambda: daemon.is_settled("main"), "main is linked")
        assert daemon.end() == 0
    scene.assert_all_is_well(main=[{"unlinked"}])
