"""A window of a real browser: it fails on any error in the page, and on anything that is asked of elsewhere."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, ConsoleMessage, Page, Request

ROOT: Final = Path(__file__).parents[2]
AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS: Final = Path(os.environ.get("TOKENWARD_SCREENSHOTS", ROOT / "var" / "screenshots"))
TELEPHONE: Final = (390, 844)
DESKTOP: Final = (1280, 900)
PATIENCE_MS: Final = 20_000


@dataclass
class Window:
    """One window, and what went wrong in it."""

    page: Page
    origin: str
    troubles: list[str] = field(default_factory=list)
    actions: int = 0
    """How often the person did something in Tokenward."""

    def watch(self) -> None:
        """Take note of every error, and of every request to elsewhere."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.set_default_timeout(PATIENCE_MS)

    def open(self, path: str) -> None:
        """Open a page."""
        self.actions += 1
        self.page.goto(self.origin + path)

    def press(self, name: str) -> None:
        """Press a button."""
        self.actions += 1
        self.page.get_by_role("button", name=name).click()

    def unfold(self, summary: str) -> None:
        """Open what is folded away."""
        self.page.get_by_text(summary).click()

    def hand_over(self, path: Path) -> None:
        """Choose a file; without a script the button has to be pressed too."""
        self.actions += 1
        self.page.locator("[data-drop] input[type=file]").set_input_files(path)

    def sees(self, text: str) -> None:
        """Wait until *text* is to be read on the page."""
        self.page.locator("main").get_by_text(text).first.wait_for()

    def stage(self, service: str = "main") -> str:
        """Return how far *service* is, as its card shows it."""
        return self.page.locator(f"#{service}").get_attribute("data-stage") or ""

    def check(self, name: str) -> None:
        """See that everybody can use the page as it stands, and keep a picture of it."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        width = (self.page.viewport_size or {"width": 0})["width"]
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
        self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [_told(one) for one in found["violations"]] == []
        overflow = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{overflow} pixels stand out to the right"

    def _said(self, message: ConsoleMessage) -> None:
        # That a file was refused, and that a link is over, is told by the status, which browsers call an error.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.troubles.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.troubles.append(f"foreign: {request.url}")


def _told(violation: dict[str, Any]) -> str:
    return f"{violation['id']}: {[node['target'] for node in violation['nodes']]}"


@contextmanager
def window(
    browser: Browser, origin: str, size: tuple[int, int] = DESKTOP, *, script: bool = True, dark: bool = False
) -> Iterator[Window]:
    """Open a window on *origin* while the block lasts; in the end nothing may have gone wrong in it."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
        bypass_csp=False,
    )
    shown = Window(context.new_page(), origin)
    shown.watch()
    try:
        yield shown
        assert shown.troubles == []
    finally:
        context.close()
