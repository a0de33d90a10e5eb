"""Log lines: one for each event, whatever is in it, and no secret in any."""

import io
import json
import logging
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import structlog

from tokenward.app import logs
from tokenward.model.secret import Secret

ACCESS_TOKEN = "AT_O3846255165Of5088d079e06a0a0266b3ef2120bf3c3b0155636O1795503351528"
PASSWORD = "hunter2"
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"


@pytest.fixture(params=["json", "text"])
def form(request):
    """Both forms."""
    return request.param


@pytest.fixture
def written():
    """What stands on standard error."""
    return io.StringIO()


@pytest.fixture
def set_up(monkeypatch, written):
    """Return what sets logging up; afterwards it is as it was."""
    root, handlers, configured = logging.getLogger(), logging.getLogger().handlers[:], structlog.get_config()
    levels = {name: logging.getLogger(name).level for name in ("", *logs._QUIET)}

    def setting_up(level: str, form: logs.Format) -> structlog.stdlib.BoundLogger:
        root.handlers.clear()  # so that those of pytest are not closed
        monkeypatch.setattr(sys, "stderr", written)
        logs.set_up(level, form)
        logger: structlog.stdlib.BoundLogger = structlog.get_logger("tokenward.test")
        return logger

    yield setting_up
    structlog.configure(**configured)
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def log(form, set_up):
    """Return a logger, with everything logged."""
    return set_up("debug", form)


@pytest.fixture
def said(written):
    """Return what was written to standard error so far."""
    return written.getvalue


def fail_with(password: str) -> None:
    """Raise an error from a frame whose locals nobody must see."""
    held = password * 2
    raise ValueError(f"{len(held)} is wrong")


@pytest.mark.parametrize("name", ["consumer_secret", "password", "Authorization", "nanodep_api_key", "access_token"])
def test_a_field_with_a_telling_name_shows_nothing(log, said, name):
    """B5: by name, also deep inside."""
    log.info("a.thing", **{name: "hunter2"}, deep={"list": [{name: ["hunter2"]}]})

    line = said()
    assert "hunter2" not in line
    assert "***" in line


@pytest.mark.parametrize("secret", [ACCESS_TOKEN, PRIVATE_KEY, f"oauth_token%3D{ACCESS_TOKEN}%26oauth_version"])
def test_what_looks_like_a_secret_shows_nothing_wherever_it_stands(log, said, secret):
    """B5: by shape, in the text, in a field, in a list, and percent-encoded inside something else."""
    name = f"an.event {secret}"
    log.info(name, why=f"it said {secret!r}", all=[secret], inner={"why": secret})

    line = said()
    assert ACCESS_TOKEN not in line
    assert "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" not in line


def test_the_library_that_signs_requests_writes_nothing_at_debug(log, said):
    """B5: it would write what it signs, the token among it."""
    logging.getLogger("oauthlib.oauth1.rfc5849").debug("Base string: %s", ACCESS_TOKEN)

    assert said() == ""


def test_a_secret_of_ours_never_shows_itself(log, said):
    """B5: its repr says nothing."""
    log.info("a.thing", held=Secret("hunter2"))

    assert "hunter2" not in said()


def test_of_an_address_one_letter_is_shown(log, said):
    """B7.2: enough to recognise a person that one knows."""
    log.info("a.thing", who="kim.lee@corp.example")

    line = said()
    assert "kim" not in line
    assert "@corp.example" in line


def test_a_traceback_shows_no_locals(log, said):
    """B5: whatever the frames held."""
    try:
        fail_with(PASSWORD)
    except ValueError:
        log.exception("a.fault", job="tick")

    line = said()
    assert PASSWORD not in line
    assert "14 is wrong" in line
    assert "fail_with" in line


@pytest.mark.parametrize(
    "value",
    ["\udcff.pem", 2**80, {1: "one"}, {"set"}, b"\xff", datetime(2026, 11, 24, tzinfo=UTC), float("nan"), object()],
    ids=["surrogate", "large", "number as name", "set", "bytes", "instant", "nan", "object"],
)
def test_no_value_loses_its_line(log, said, value):
    """C2: file names of strangers, among others, may hold anything."""
    log.warning("a.thing", file=value, other="here")

    (line,) = said().splitlines()
    assert "here" in line


def test_what_is_nested_too_deep_is_cut(log, said):
    """C2: a line stays a line."""
    deep: object = "bottom"
    for _ in range(50):
        deep = [deep]
    log.info("a.thing", deep=deep)

    assert "bottom" not in said()


def test_the_json_form_is_one_object_a_line(set_up, said):
    """C2: event, level, logger and time in UTC, and whatever else it says."""
    log = set_up("info", "json")
    log.info("a.thing", service="main", count=3)
    log.debug("not.shown")

    (line,) = said().splitlines()
    parsed = json.loads(line)
    assert (parsed["event"], parsed["level"], parsed["logger"]) == ("a.thing", "info", "tokenward.test")
    assert (parsed["service"], parsed["count"]) == ("main", 3)
    assert datetime.fromisoformat(parsed["at"]).utcoffset() is not None


def test_the_text_form_is_a_line_for_a_person(set_up, said):
    """C2: time, level, name, fields; what holds blanks is quoted, what is None is left out."""
    set_up("info", "text").warning("a.thing", service="main", why="so it is", nothing=None)

    line = said().strip()
    assert line[8:] == ' warning a.thing                service=main  why="so it is"'


def test_what_libraries_log_takes_the_same_way(log, said):
    """B5: redaction is in the handler, so nobody passes it by."""
    logging.getLogger("some.library").warning("it said %s", ACCESS_TOKEN)

    line = said()
    assert "it said" in line
    assert ACCESS_TOKEN not in line


def test_a_process_that_logs_writes_to_standard_error_only():
    """C2: standard output stays free for answers."""
    code = (
        "from tokenward.app import logs; import structlog; "
        "logs.set_up('info', 'json'); structlog.get_logger().info('x')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout == ""
    assert json.loads(done.stderr)["event"] == "x"
