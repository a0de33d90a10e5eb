"""The whole way as the custodian, from the link to "nothing is left to do", in real windows."""

import re

import pytest

from browser.portal import download, link, link_by_hand, save_certificate
from browser.window import DESKTOP, TELEPHONE, Window, window
from end_to_end.handover_scene import asking, opened
from end_to_end.scene import ANY, quickstart
from fakes.stand_in import KIM

MOST_ACTIONS = 5
"""Open, start, save the certificate, drop, read; one less where Apple has the certificate."""


@pytest.mark.parametrize("size", [TELEPHONE, DESKTOP], ids=["telephone", "desktop"])
def test_a_custodian_links_a_service_in_five_actions(browser, scene, tmp_path, size):
    """A12, B4.2, B6.5: no account, no shell; and everybody can use each screen."""
    opened(scene)
    with window(browser, scene.public, size) as shown:
        shown.open(scene.path_of("kim"))
        shown.check("way-1-ready")
        shown.press("Start now")
        shown.comes_to("steps")
        shown.check("way-2-steps")
        certificate = save_certificate(shown, tmp_path)
        file = download(scene, link(scene, certificate), tmp_path)
        shown.drop((file.name, file.read_bytes()))
        shown.comes_to("done")
        shown.sees("Nothing is left to do")
        shown.actions += 1  # reading that
        shown.check("way-3-done")

    assert shown.actions == MOST_ACTIONS
    assert scene.daemon.service("main")["state"] == "valid"


def test_where_apple_has_the_certificate_it_is_four_actions(browser, tmp_path):
    """A12: with an account for Apple's API a renewal is open, start, drop, read."""
    with asking(tmp_path, with_api=True) as scene:
        page = opened(scene)
        page.press("service/main/start")
        certificate = page.get("/service/main/certificate").text
        uuid = scene.stand_in.add_service("Main MDM", certificate, KIM)
        page.hand_over(scene.stand_in.download_token(uuid, KIM), confirmed="yes")
        scene.daemon.until(lambda: scene.daemon.is_settled("main"), "main is linked")
        scene.daemon.send({"kind": "rotate", "service": "main"})
        pages = [scene.page_of("kim", number) for number in (1, 2)]  # the first one, if it had no time to end
        scene.daemon.until(lambda: [one for one in pages if one.stage() == "ready"], "kim is asked again")
        path = next(one.path for one in pages if one.stage() == "ready")

        with window(browser, scene.public) as shown:
            shown.open(path)
            shown.press("Start now")
            shown.comes_to("steps")
            assert shown.page.locator("a[download]").count() == 0
            file = download(scene, uuid, tmp_path)
            shown.drop((file.name, file.read_bytes()))
            shown.comes_to("done")
            shown.actions += 1

    assert shown.actions == MOST_ACTIONS - 1


def test_the_page_leads_to_the_portal_and_back(browser, scene, tmp_path):
    """A12: both sides in one browser: the portal opens in a tab of its own, and learns nothing of the page."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        shown.press("Start now")
        shown.comes_to("steps")
        certificate = save_certificate(shown, tmp_path)
        with shown.page.context.expect_page() as opening:
            shown.page.get_by_role("link", name="Open Apple Business Manager").click()
        portal = opening.value
        assert portal.evaluate("[document.referrer, window.opener]") == ["", None]
        file = link_by_hand(portal, "Main MDM", certificate, tmp_path)
        shown.page.bring_to_front()
        shown.hand_over(file)
        shown.comes_to("done")


def test_a_newcomer_is_custodian_and_portal_in_one_browser(browser, tmp_path):
    """A12, C1: `quickstart --by-hand` says where the page is, and the page leads to the stand-in's portal."""
    with quickstart(tmp_path / "q", ANY, ANY, "--by-hand") as daemon:
        daemon.until(lambda: "/handover/" in daemon.log(), "it says where the page of kim is")
        origin, path = re.search(r"Kim +(http://[^/]+)(/handover/\w+)", daemon.log()).groups()
        with window(browser, origin) as shown:
            shown.open(path)
            shown.press("Start now")
            shown.comes_to("steps")
            certificate = save_certificate(shown, tmp_path)
            with shown.page.context.expect_page() as opening:
                shown.page.get_by_role("link", name="Open Apple Business Manager").click()
            file = link_by_hand(opening.value, "Main MDM", certificate, tmp_path)
            shown.drop((file.name, file.read_bytes()))
            shown.comes_to("done")
        assert daemon.service("main")["state"] == "valid"


def test_without_a_script_it_is_the_same_way(browser, scene, tmp_path):
    """B6.5: forms and nothing else; loading the page again repeats nothing, and it goes on by itself."""
    opened(scene)
    with window(browser, scene.public, script=False) as shown:
        shown.open(scene.path_of("kim"))
        shown.press("Start now")
        shown.comes_to("steps")
        shown.page.reload()
        shown.comes_to("steps")
        certificate = save_certificate(shown, tmp_path)
        shown.hand_over(certificate)
        shown.press("Hand it over")
        shown.sees("This is a certificate, not a server token file.")
        shown.picture("plain-wrong")
        scene.stand_in.admin("POST", "/nanodep", {"down": True})
        file = download(scene, link(scene, certificate), tmp_path)
        shown.hand_over(file)
        shown.press("Hand it over")
        shown.comes_to("under_way")
        shown.page.go_back()
        shown.page.go_forward()
        shown.comes_to("under_way")
        scene.stand_in.admin("POST", "/nanodep", {"down": False})
        scene.daemon.send({"kind": "retry", "service": "main"})
        shown.comes_to("done")


def test_by_keyboard_alone(browser, scene, tmp_path):
    """B6.5: tab, enter, and a file chosen in the browser's own dialogue; the focus is never lost."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.page.on("filechooser", lambda _: None)  # asked for only when a key is pressed, it can come too late
        shown.open(scene.path_of("kim"))
        _tab_to(shown, "start-main")
        shown.page.keyboard.press("Enter")
        shown.comes_to("steps")
        shown.page.locator("h1:focus").wait_for()
        _tab_to(shown, "certificate-main")
        with shown.page.expect_download() as started:
            shown.page.keyboard.press("Enter")
        certificate = tmp_path / "main.pem"
        started.value.save_as(certificate)
        _tab_to(shown, "file-main")
        with shown.page.expect_file_chooser() as chooser:
            shown.page.keyboard.press("Enter")
        chooser.value.set_files(certificate)
        shown.sees("This is a certificate")
        shown.page.locator("#file-main:focus").wait_for()
        file = download(scene, link(scene, certificate), tmp_path)
        with shown.page.expect_file_chooser() as chooser:
            shown.page.keyboard.press("Enter")
        chooser.value.set_files(file)
        shown.comes_to("done")


def _tab_to(shown: Window, wanted: str) -> None:
    """Press tab until what is called *wanted* has the focus."""
    for _ in range(40):
        shown.page.keyboard.press("Tab")
        if shown.page.evaluate("document.activeElement.id") == wanted:
            return
    raise AssertionError(f"tab never comes to {wanted}")


def test_what_happens_is_told_to_whoever_does_not_see_it(browser, scene, tmp_path):
    """B6.5: a screen reader hears of each stage, without the page being loaded again."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        shown.page.evaluate(LISTENING)
        shown.press("Start now")
        shown.comes_to("steps")
        file = download(scene, link(scene, save_certificate(shown, tmp_path)), tmp_path)
        shown.drop((file.name, file.read_bytes()))
        shown.comes_to("done")
        heard = " / ".join(shown.page.evaluate("window.heard"))
        assert "The way is clear" in heard
        assert "works with the new token" in heard


LISTENING = """
() => {
  window.heard = [];
  const told = document.getElementById("told");
  new MutationObserver(() => window.heard.push(told.textContent)).observe(told, {childList: true});
}
"""
