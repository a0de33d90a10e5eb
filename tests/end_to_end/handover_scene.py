"""A daemon that asks kim, the portal, and somebody's browser at their page, over plain HTTP."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from end_to_end.portal_scene import configured, is_asked
from end_to_end.scene import ANY
from fakes.running import Running, running, short_folder
from fakes.stand_in import StandIn, running_stand_in
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

    def stage(self, service: str = "main") -> str:
        """Return how far *service* is, as the page shows it; nothing where it is not there."""
        found = re.search(rf'id="{service}" data-stage="(\w+)"', self.get().text)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A daemon that asks kim, and the portal."""

    stand_in: StandIn
    daemon: Running
    root: Path
    clients: ExitStack

    def token_file_name(self, service: str = "Main MDM") -> str:
        """Return the name that the portal gives to a token downloaded now."""
        return f"{service}_Token_{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}_smime.p7m"

    @property
    def board(self) -> str:
        """Where the board is."""
        return str(self.daemon.lines("daemon.ready")[0]["board"]).rstrip("/")

    @property
    def public(self) -> str:
        """Where the personal pages are."""
        return str(self.daemon.lines("daemon.ready")[0]["public"])

    def path_of(self, person: str, number: int = 1) -> str:
        """Return the path of the page of *person* by one of their links."""
        seal_key = parse_seal_key((self.root / "seal-key").read_text())
        return f"/handover/{LinkKeys(seal_key).key_of(Link(person, number, datetime.now(UTC))).reveal_text()}"

    def page_of(self, person: str, number: int = 1) -> Page:
        """Return the page of *person* by one of their links."""
        client = self.clients.enter_context(
            httpx2.Client(base_url=self.public, trust_env=False, follow_redirects=True, timeout=20.0)
        )
        return Page(self.daemon, self.root, self.path_of(person, number), client)


@contextmanager
def asking(folder: Path, *, with_api: bool = False, more: str = "", public: str = ANY) -> Iterator[Scene]:
    """Run a daemon that asks kim to link ``main``, and the portal in *folder*, while the block lasts."""
    with running_stand_in(folder / "apple") as stand_in, short_folder() as root:
        config = configured(root, stand_in, with_api=with_api, more=more, public=public)
        with ExitStack() as clients:
            daemon = clients.enter_context(_started(root, config))
            daemon.until(lambda: is_asked(daemon), "kim is asked to link the service")
            yield Scene(stand_in, daemon, root, clients)


def started_again(scene: Scene) -> Running:
    """Return the daemon that takes the place of the one that was killed, with the same configuration."""
    return scene.clients.enter_context(_started(scene.root, scene.root / "tokenward.toml"))


@contextmanager
def _started(root: Path, config: Path) -> Iterator[Running]:
    with running(root / "x", "-m", "tokenward", "run", "--config", str(config)) as daemon:
        daemon.folder = root
        yield daemon


def opened(scene: Scene, person: str = "kim") -> Page:
    """Return the page of *person* once its link was made."""
    page = scene.page_of(person)
    scene.daemon.until(lambda: page.get().status_code == httpx2.codes.OK, "the link was made")
    return page
