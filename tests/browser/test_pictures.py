"""The pictures of the custodian's guide: taken from the real page, with TOKENWARD_RENEW_PICTURES=1 (make pictures)."""

import os
import re

from browser.portal import download, link, save_certificate
from browser.window import ROOT, Window, window
from end_to_end.handover_scene import opened
from end_to_end.scene import a_certificate

GUIDE = ROOT / "docs" / "custodian.md"
PICTURES = ROOT / "docs" / "pictures"
SIZE = (720, 600)


def take(shown: Window, name: str) -> str:
    """Take a picture where that is asked for; return its file's name."""
    if os.environ.get("TOKENWARD_RENEW_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        shown.page.screenshot(path=PICTURES / name, full_page=True)
    return name


def test_every_screen_that_the_guide_shows_can_be_come_to(browser, scene, tmp_path):
    """A12: a page for the custodian, with pictures of each screen."""
    opened(scene)
    taken = []
    with window(browser, scene.public, SIZE) as shown:
        shown.open(scene.path_of("kim"))
        taken.append(take(shown, "start.png"))
        shown.unfold("Not now, or not you?")
        taken.append(take(shown, "not-now.png"))
        shown.press("Start now")
        shown.sees("The way is clear")
        taken.append(take(shown, "steps.png"))
        certificate = save_certificate(shown, tmp_path)
        (tmp_path / "wrong.pem").write_bytes(a_certificate("wrong")[0])
        shown.hand_over(tmp_path / "wrong.pem")
        shown.sees("This is a certificate")
        taken.append(take(shown, "wrong.png"))
        scene.stand_in.admin("POST", "/nanodep", {"down": True})
        shown.hand_over(download(scene, link(scene, certificate), tmp_path))
        shown.sees("It takes longer than it should")
        shown.check("12-longer")
        taken.append(take(shown, "longer.png"))
        scene.stand_in.admin("POST", "/nanodep", {"down": False})
        scene.daemon.send({"kind": "retry", "service": "main"})
        shown.sees("Nothing is left to do")
        taken.append(take(shown, "done.png"))

    assert set(re.findall(r"pictures/([\w-]+\.png)", GUIDE.read_text())) == set(taken)
    assert all((PICTURES / name).is_file() for name in taken)
