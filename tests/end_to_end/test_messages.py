"""Messages by a real mail server, from a real daemon that asks a person."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from end_to_end.portal_scene import configured, is_asked, rotation
from end_to_end.scene import call
from fakes.mail import Mailbox, mail_server
from fakes.running import Running, a_cloudevent, eventually, running, short_folder
from fakes.stand_in import KIM, running_stand_in

TABLES = """
[[channel]]
id = "first"
url = { file = "ROOT/first-url" }

[[channel]]
id = "mail"
url = { file = "ROOT/mail-url" }

[notify]
operators = [{ channel = "mail", to = "mdm-team@corp.example" }]
on_call = [{ channel = "mail", to = "pager@corp.example" }]
timezone = "Europe/Berlin"
"""
ALWAYS_AWAKE = 'quiet_hours = "00:00-00:00"\nquiet_weekends = false\n'
LABS = """
[[service]]
id = "labs"
organisation = "corp"
name = "Labs MDM"
service_state = "new"
custodian = "kim"
keyholder = "tokenward"
issuer = { kind = "portal" }

[[service.target]]
kind = "directory"
path = "ROOT/labs"
"""
NOWHERE = "mailto://127.0.0.1:1?mode=insecure&from=tokenward@corp.example&to={to}"
SEAL_KEY = "A" * 43 + "="
BOTH = 'contact = [{ channel = "first", to = "kim@corp.example" }, { channel = "mail", to = "kim@corp.example" }]'
ONLY_MAIL = 'contact = [{ channel = "mail", to = "kim@corp.example" }]'


@pytest.fixture
def server() -> Iterator[Mailbox]:
    """Give a mail server."""
    with mail_server() as server:
        yield server


@pytest.fixture
def slow() -> Iterator[Mailbox]:
    """Give a mail server that takes everything and answers nothing."""
    with mail_server() as server:
        server.hangs = True
        yield server


@pytest.fixture
def scene(tmp_path, server) -> Iterator[Path]:
    """Give a folder with addresses of channels: the first leads nowhere, the other to *server*."""
    with short_folder() as root:
        (root / "labs").mkdir()
        put(root, "first-url", NOWHERE)
        put(root, "mail-url", server.url())
        yield root


def put(root: Path, name: str, url: str) -> None:
    """Keep the address of a channel as a secret is kept."""
    (root / name).write_text(url)
    (root / name).chmod(0o600)


@contextmanager
def asking(root: Path, apple: Path, more: str = ALWAYS_AWAKE, kim: str = BOTH) -> Iterator[Running]:
    """Run a daemon that asks kim to link a service, until the block ends; *more* goes into ``[notify]`` and behind."""
    tables = (TABLES + more).replace("ROOT", str(root))
    with running_stand_in(apple) as stand_in:
        config = configured(root, stand_in, with_api=False, kim=kim, more=tables)
        with daemon_of(root, config) as daemon:
            daemon.until(lambda: is_asked(daemon), "kim is asked to link the service")
            yield daemon


@contextmanager
def daemon_of(root: Path, config: Path) -> Iterator[Running]:
    """Run a daemon with *config* until the block ends."""
    with running(root / "x", "-m", "tokenward", "run", "--config", str(config)) as daemon:
        daemon.folder = root
        yield daemon


def counted(daemon: Running, channel: str, result: str, template: str = "token.asked") -> float:
    """Return how often a message had that *result*."""
    return daemon.metric("tokenward_notifications_total", channel=channel, template=template, result=result)


def test_whoever_is_asked_has_one_mail_for_all_services_with_a_link_that_opens_their_page(tmp_path, scene, server):
    """B11.1, B6.1: the second channel takes what the first does not; the letter holds a link and no secret."""
    with asking(scene, tmp_path / "apple", ALWAYS_AWAKE + LABS) as daemon:
        daemon.until(lambda: counted(daemon, "mail", "sent") == 2, "both rows are on record as sent", seconds=45)
        assert counted(daemon, "first", "failed") == 2
        (text,) = server.texts("kim@corp.example")
        link = re.search(r"http://\S+/handover/\S+", text)
        assert link is not None
        public = str(daemon.lines("daemon.ready")[0]["public"])
        path = httpx2.URL(link[0]).path
        shown = httpx2.get(public + path, trust_env=False)
        preview = call("preview-message", "token.asked", "kim", "--config", str(scene / "tokenward.toml"))
        log = daemon.log()

    assert re.match(r"\[Action by \d+ \w+\] Renew 2 Apple tokens", text)
    assert "“Main MDM”" in text
    assert "“Labs MDM”" in text
    assert "Start now" in shown.text
    assert "By       first (kim@corp.example), else mail (kim@corp.example)" in preview.stdout
    assert text.partition("\n")[0] in preview.stdout
    (operators,) = server.texts("mdm-team@corp.example")
    assert "Labs MDM: nobody could step in for Kim" in operators
    everything = "".join(str(mail) for mail in server.received)
    assert SEAL_KEY not in everything
    assert (scene / "api-key").read_text() not in everything
    key = path.rpartition("/")[2]
    assert key not in log
    assert key not in preview.stdout
    assert server.address not in log


def test_whoever_leaves_is_told_nothing_and_the_deputy_not_why(tmp_path, scene, server):
    """B7.2: what was queued for kim is put away; nobody reads of more than a planned change of custodian."""
    with asking(scene, tmp_path / "apple") as daemon:
        daemon.drop("events", "hr.json", a_cloudevent("employment.ending", KIM, effective_at="2099-01-31T00:00:00Z"))
        daemon.until(lambda: counted(daemon, "none", "suppressed"), "kim's letter is put away")
        daemon.until(lambda: rotation(daemon).get("state") == "awaiting_token", "somebody is asked")
        refused = call("preview-message", "token.asked", "kim", "--config", str(scene / "tokenward.toml"))

    assert server.to("kim@corp.example") == []
    everything = "".join(server.texts("mdm-team@corp.example"))
    assert not re.search(r"2099|31 January|leav|depart|employment|has gone|deactivate", everything)
    assert refused.returncode != 0
    assert "Nothing is sent to kim" in refused.stderr


def test_in_quiet_hours_a_letter_waits_and_is_no_backlog(tmp_path, scene, server):
    """B11.1: a holiday, today; the preview says until when."""
    days = [(datetime.now(UTC) + timedelta(days=number)).strftime('"%Y-%m-%d"') for number in (-1, 0, 1)]
    with asking(scene, tmp_path / "apple", f"holidays = [{', '.join(days)}]\n") as daemon:
        daemon.until(lambda: daemon.metric("tokenward_queue_depth", queue="outbox") == 0, "all is held", seconds=45)
        preview = call("preview-message", "token.asked", "kim", "--config", str(scene / "tokenward.toml"))

    assert server.received == []
    assert re.search(r"Held     until \S+ \S+ UTC: quiet hours", preview.stdout)


def test_a_mail_server_that_hangs_holds_up_nobody_and_not_the_next_channel(tmp_path, scene, server, slow):
    """B11.1: bounded time for each; the daemon goes on answering, and others are told meanwhile."""
    put(scene, "first-url", slow.url("cto=2", "rto=2"))
    with asking(scene, tmp_path / "apple", ALWAYS_AWAKE + LABS) as daemon:
        eventually(lambda: server.to("mdm-team@corp.example"), seconds=45)
        eventually(lambda: server.to("kim@corp.example"), seconds=45)
        daemon.until(lambda: counted(daemon, "first", "failed") >= 1, "the failure is counted")

    assert len(server.to("kim@corp.example")) == 1


def test_a_daemon_ends_while_a_mail_server_hangs_and_says_it_after_the_next_start(tmp_path, scene, server):
    """Promise 1, C9: at least once; what was in hand is sent again."""
    server.hangs = True
    with asking(scene, tmp_path / "apple", kim=ONLY_MAIL) as daemon:
        eventually(lambda: server.begun, seconds=45)
        assert daemon.end() == 0
        server.hangs = False
        with daemon_of(scene, scene / "tokenward.toml"):
            eventually(lambda: server.to("kim@corp.example"), seconds=45)

    assert len(server.to("kim@corp.example")) == 1
