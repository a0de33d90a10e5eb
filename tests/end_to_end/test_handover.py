"""A custodian's page over plain HTTP, without a script, against a real daemon and the stand-in for Apple."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from end_to_end.portal_scene import configured, is_asked
from fakes.running import Running, running, short_folder
from fakes.stand_in import KIM, StandIn, running_stand_in
from tokenward.crypto.link_keys import LinkKeys
from tokenward.crypto.sealing import parse_seal_key
from tokenward.model.link import Link


@dataclass(frozen=True, slots=True)
class Page:
    """Somebody's browser at their page."""

    daemon: Running
    root: Path
    path: str
    client: httpx2.Client

    def get(self, tail: str = "") -> httpx2.Response:
        """Open the page, or something behind it."""
        return self.client.get(f"{self.path}{tail}")

    def press(self, tail: str, **form: str) -> httpx2.Response:
        """Press a button."""
        return self.client.post(f"{self.path}/{tail}", data=form)

    def hand_over(self, body: bytes, name: str = "Main MDM_Token_smime.p7m", **form: str) -> httpx2.Response:
        """Hand a file over for ``main``."""
        return self.client.post(f"{self.path}/service/main/file", data=form, files={"file": (name, body)})

    def stage(self) -> str:
        """Return how far ``main`` is, as the page shows it; nothing where it is not there."""
        found = re.search(r'id="main" data-stage="(\w+)"', self.get().text)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A daemon that asks kim, and the portal."""

    stand_in: StandIn
    daemon: Running
    root: Path
    clients: ExitStack

    def page_of(self, person: str, number: int = 1) -> Page:
        """Return the page of *person* by one of their links."""
        seal_key = parse_seal_key((self.root / "seal-key").read_text())
        key = LinkKeys(seal_key).key_of(Link(person, number, datetime.now(UTC)))
        public = str(self.daemon.lines("daemon.ready")[0]["public"])
        client = self.clients.enter_context(
            httpx2.Client(base_url=public, trust_env=False, follow_redirects=True, timeout=20.0)
        )
        return Page(self.daemon, self.root, f"/handover/{key.reveal().decode()}", client)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a daemon that asks kim to link ``main``."""
    with running_stand_in(tmp_path / "apple") as stand_in, short_folder() as root:
        config = configured(root, stand_in, with_api=False)
        with running(root / "x", "-m", "tokenward", "run", "--config", str(config)) as daemon:
            daemon.folder = root
            daemon.until(lambda: is_asked(daemon), "kim is asked to link the service")
            with ExitStack() as clients:
                yield Scene(stand_in, daemon, root, clients)


def opened(scene: Scene, person: str = "kim") -> Page:
    """Return the page of *person* once its link was made."""
    page = scene.page_of(person)
    scene.daemon.until(lambda: page.get().status_code == httpx2.codes.OK, "the link was made")
    return page


def test_a_custodian_does_it_all_on_one_page(scene):
    """A12, B4.2, B6.5: open, start, upload the certificate, drop the file, read that nothing is left."""
    page = opened(scene)
    assert page.stage() == "ready"
    assert "Enter exactly this name" not in page.get().text

    started = page.press("service/main/start")
    assert "Enter exactly this name: Main MDM" in started.text
    certificate = page.get("/service/main/certificate").text
    service = scene.stand_in.add_service("Main MDM", certificate)
    handed = page.hand_over(scene.stand_in.download_token(service, KIM), confirmed="yes")

    assert "nothing left to do" in handed.text
    scene.daemon.until(lambda: page.stage() == "done", "the page says that it is done")
    assert "Nothing is left to do" in page.get().text
    assert scene.daemon.service("main")["state"] == "valid"
