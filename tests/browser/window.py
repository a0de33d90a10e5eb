"""A window of a real browser: it fails on any error in the page, and on anything that is asked of elsewhere."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

ROOT: Final = Path(__file__).parents[2]
AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS: Final = Path(os.environ.get("TOKENWARD_SCREENSHOTS", ROOT / "var" / "screenshots"))
TELEPHONE: Final = (390, 844)
DESKTOP: Final = (1280, 900)
WIDTHS: Final = (320, 390, 768, 1280)
PATIENCE_MS: Final = 20_000
DROP: Final = """
(place, files) => {
  const carried = new DataTransfer();
  for (const [name, content] of files) {
    carried.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
  }
  for (const type of ["dragenter", "dragover", "drop"]) {
    place.dispatchEvent(new DragEvent(type, {dataTransfer: carried, bubbles: true, cancelable: true}));
  }
}
"""
MEANT: Final = frozenset({404, 409, 410, 413, 422, 503})
"""Statuses by which a personal page says that a link, a press or a file will not do; a browser calls them errors."""


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
        self.page.on("response", self._answered)
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

    def drop(self, *files: tuple[str, bytes], on: str = "[data-drop]") -> None:
        """Drop *files*, names and contents, as a hand does with what it took from the downloads folder."""
        self.actions += 1
        content = [[name, base64.b64encode(body).decode()] for name, body in files]
        self.page.locator(on).evaluate(DROP, content)

    def sees(self, text: str) -> None:
        """Wait until *text* is to be read on the page."""
        self.page.locator("main").get_by_text(text).first.wait_for()

    def comes_to(self, stage: str, service: str = "main") -> None:
        """Wait until the card of *service* is at *stage*."""
        self.page.locator(f"#{service}[data-stage={stage}]").wait_for()

    def picture(self, name: str) -> None:
        """Keep a picture of the page as it stands."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        width = (self.page.viewport_size or {"width": 0})["width"]
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True, animations="disabled")

    def check(self, name: str) -> None:
        """See that everybody can use the page as it stands, and keep a picture of it. It needs a window with script."""
        self.picture(name)
        self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert not found["violations"], "\n".join(_told(one) for one in found["violations"])
        overflow = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{overflow} pixels stand out to the right"

    def check_everywhere(self, name: str, widths: tuple[int, ...] = WIDTHS) -> None:
        """Do so in every width, in light and dark."""
        looks: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 800})
            for look in looks:
                self.page.emulate_media(color_scheme=look)
                self.check(f"{name}-{look}")

    def _said(self, message: ConsoleMessage) -> None:
        # What was answered with an error is looked at as an answer; a connection that was cut is the test's own doing.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.troubles.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        is_meant = response.status in MEANT and "/handover/" in response.url
        if response.status >= HTTPStatus.BAD_REQUEST and not is_meant:
            self.troubles.append(f"answer: {response.status} {response.url}")

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
    with windows(browser, origin, 1, size, script=script, dark=dark) as (shown,):
        yield shown


@contextmanager
def windows(
    browser: Browser,
    origin: str,
    count: int,
    size: tuple[int, int] = DESKTOP,
    *,
    script: bool = True,
    dark: bool = False,
) -> Iterator[tuple[Window, ...]]:
    """Open *count* windows of one browser on *origin* while the block lasts; nothing may have gone wrong in any."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
        bypass_csp=False,
    )
    opened = tuple(Window(context.new_page(), origin) for _ in range(count))
    for one in opened:
        one.watch()
    try:
        yield opened
        troubles = [trouble for one in opened for trouble in one.troubles]
        assert not troubles, "\n".join(troubles)
    finally:
        context.close()
