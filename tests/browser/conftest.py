"""The distribution's Chromium, one for all tests of a worker; a daemon and a portal for each that needs its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.gallery import Gallery, gallery
from end_to_end.handover_scene import Scene, asking
from fakes.programs import needs

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
"""Without a screen, as root, and without a word to anybody else."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here: it needs real programs of the distribution."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for mark in (pytest.mark.peers, needs("chromium", "chromium"), needs("npm", "npm")):
                item.add_marker(mark)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stages() -> Iterator[Gallery]:
    """Give every stage of the personal page."""
    with gallery() as stages:
        yield stages


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a daemon that asks kim to link ``main``."""
    with asking(tmp_path) as scene:
        yield scene
