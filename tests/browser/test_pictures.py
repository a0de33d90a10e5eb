"""The pictures of the custodian's guide: taken of the real page, with TOKENWARD_RENEW_PICTURES=1 (make pictures)."""

import os
import re

from browser.window import ROOT, Window, window

GUIDE = ROOT / "docs" / "custodian.md"
PICTURES = ROOT / "docs" / "pictures"
SIZE = (640, 400)
OF_STAGES = {
    "start.png": "01-ready",
    "stuck.png": "07-stuck",
    "steps.png": "10-steps-upload",
    "longer.png": "15-longer",
    "done.png": "18-done",
    "find.png": "12-find",
    "taken.png": "08-taken",
    "several.png": "20-several",
    "confirm.png": "22-confirm",
    "over.png": "24-over",
}


def take(shown: Window, name: str, part: str = "") -> str:
    """Take a picture of the page, or of *part* of it, where that is asked for; return its file's name."""
    if os.environ.get("TOKENWARD_RENEW_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        if part:
            shown.page.locator(part).screenshot(path=PICTURES / name, animations="disabled")
        else:
            shown.page.screenshot(path=PICTURES / name, full_page=True, animations="disabled")
    return name


def test_every_screen_that_the_guide_shows_can_be_come_to(browser, stages):
    """A12: a page for the custodian, with pictures of each screen."""
    taken = set()
    with window(browser, stages.origin, SIZE) as shown:
        for name, stage in OF_STAGES.items():
            shown.open(stages.show(stage))
            shown.page.mouse.move(0, 0)
            taken.add(take(shown, name))
        shown.open(stages.show("01-ready"))
        shown.unfold("Not now, or not you?")
        taken.add(take(shown, "not-now.png", "#not-now-main"))
        shown.open(stages.show("10-steps-upload"))
        shown.drop(("main.pem", b"whatever"))
        shown.sees("This is a certificate")
        taken.add(take(shown, "wrong.png", ".do > li:last-child"))

    assert set(re.findall(r"pictures/([\w-]+\.png)", GUIDE.read_text())) == taken
    assert {path.name for path in PICTURES.iterdir()} == taken
