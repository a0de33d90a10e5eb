"""Messages by a real mail server, from a real daemon that asks a person."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from end_to_end.portal_scene import configured, is_asked, rotation
from fakes.mail import Mailbox, mail_server
from fakes.running import Running, a_cloudevent, eventually, running, short_folder
from fakes.stand_in import KIM, running_stand_in

CONTACTS = 'contact = [{ channel = "first", to = "kim@corp.example" }, { channel = "mail", to = "kim@corp.example" }]'
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
quiet_hours = "00:00-00:00"
quiet_weekends = false
timezone = "Europe/Berlin"
"""
NOWHERE = "mailto://127.0.0.1:1?mode=insecure&to={to}"
SEAL_KEY = "A" * 43 + "="


@contextmanager
def asking(
    tmp_path: Path, server: Mailbox, first: str = "mailto://127.0.0.1:1?mode=insecure&to={to}"
) -> Iterator[Running]:
    """Run a daemon that asks kim, whose *first* channel leads nowhere, until the block ends."""
    with running_stand_in(tmp_path / "apple") as stand_in, short_folder() as root:
        for name, url in (("first-url", NOWHERE), ("mail-url", server.url())):
            (root / name).write_text(url)
            (root / name).chmod(0o600)
        config = configured(root, stand_in, with_api=False, kim=CONTACTS, more=TABLES.replace("ROOT", str(root)))
        with running(root / "x", "-m", "tokenward", "run", "--config", str(config)) as daemon:
            daemon.folder = root
            daemon.until(lambda: is_asked(daemon), "kim is asked to link the service")
            yield daemon


@pytest.fixture
def server() -> Iterator[Mailbox]:
    """Give a mail server."""
    with mail_server() as server:
        yield server


def test_whoever_is_asked_has_one_mail_with_a_link_that_opens_their_page(tmp_path, server):
    """B11.1, B6.1: the second channel takes what the first does not; the letter holds a link and no secret."""
    with asking(tmp_path, server) as daemon:
        eventually(lambda: server.to("kim@corp.example"), seconds=45)
        (text,) = server.texts("kim@corp.example")
        link = re.search(r"http://\S+/handover/\S+", text)
        assert link is not None
        public = str(daemon.lines("daemon.ready")[0]["public"])
        path = httpx2.URL(link[0]).path
        shown = httpx2.get(public + path, trust_env=False)
        result = {"channel": "first", "template": "token.asked", "result": "failed"}
        daemon.until(lambda: daemon.metric("tokenward_notifications_total", **result) == 1, "the failure is counted")
        sent = {"channel": "mail", "template": "token.asked", "result": "sent"}
        assert daemon.metric("tokenward_notifications_total", **sent) == 1
        log = daemon.log()

    assert text.startswith("[Action by")
    assert "Main MDM" in text
    assert "Start now" in shown.text
    everything = "".join(str(mail) for mail in server.received)
    assert SEAL_KEY not in everything
    assert path.rpartition("/")[2] not in log
    assert str(server.url()) not in log


def test_whoever_leaves_is_told_nothing_and_the_deputy_not_why(tmp_path, server):
    """B7.2: what was queued for kim is put away; ana reads of a planned change of custodian."""
    with asking(tmp_path, server) as daemon:
        daemon.drop("events", "hr.json", a_cloudevent("employment.ending", KIM, effective_at="2099-01-31T00:00:00Z"))
        daemon.until(lambda: rotation(daemon).get("state") == "awaiting_token", "somebody is asked")
        suppressed = {"channel": "none", "template": "token.asked", "result": "suppressed"}
        daemon.until(lambda: daemon.metric("tokenward_notifications_total", **suppressed), "kim's letter is put away")

    assert server.to("kim@corp.example") == []
    everything = "".join(server.texts("mdm-team@corp.example"))
    assert not re.search(r"2099|31 January|leav|depart|employment", everything)
