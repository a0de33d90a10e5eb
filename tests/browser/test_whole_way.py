"""The whole way as the custodian, from the link to "nothing is left to do", in real windows."""

import pytest

from browser.portal import download, link, save_certificate
from browser.window import DESKTOP, TELEPHONE, Window, window
from end_to_end.handover_scene import asking, opened
from fakes.stand_in import KIM

MOST_ACTIONS = 5
"""Open, start, save the certificate, drop, read; one less where Apple has the certificate."""


@pytest.mark.parametrize("size", [TELEPHONE, DESKTOP], ids=["telephone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_custodian_links_a_service_in_five_actions(browser, scene, tmp_path, size, dark):
    """A12, B4.2, B6.5: no account, no shell; and everybody can use each screen."""
    opened(scene)
    look = "dark" if dark else "light"
    with window(browser, scene.public, size, dark=dark) as shown:
        shown.open(scene.path_of("kim"))
        shown.check(f"1-ready-{look}")
        shown.press("Start now")
        shown.sees("The way is clear")
        shown.check(f"2-steps-{look}")
        certificate = save_certificate(shown, tmp_path)
        file = download(scene, link(scene, certificate), tmp_path)
        shown.hand_over(file)
        shown.sees("Nothing is left to do")
        shown.actions += 1  # reading that
        shown.check(f"3-done-{look}")

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
            shown.sees("The way is clear")
            assert shown.page.get_by_role("link", name="Save the certificate").count() == 0
            shown.hand_over(download(scene, uuid, tmp_path))
            shown.sees("Nothing is left to do")
            shown.actions += 1

    assert shown.actions == MOST_ACTIONS - 1


def test_without_a_script_it_is_the_same_way(browser, scene, tmp_path):
    """B6.5: forms and nothing else."""
    opened(scene)
    with window(browser, scene.public, script=False) as shown:
        shown.open(scene.path_of("kim"))
        shown.press("Start now")
        shown.sees("The way is clear")
        certificate = save_certificate(shown, tmp_path)
        shown.page.locator("[data-drop] input[type=file]").set_input_files(certificate)
        shown.press("Hand it over")
        shown.sees("This is a certificate, not a server token file.")
        file = download(scene, link(scene, certificate), tmp_path)
        shown.page.locator("[data-drop] input[type=file]").set_input_files(file)
        shown.press("Hand it over")
        scene.daemon.until(lambda: scene.daemon.is_settled("main"), "main is linked")
        shown.page.reload()
        shown.sees("Nothing is left to do")


def test_by_keyboard_alone(browser, scene, tmp_path):
    """B6.5: tab, enter, and a file chosen in the browser's own dialogue."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        _tab_to(shown, "Start now")
        shown.page.keyboard.press("Enter")
        shown.sees("The way is clear")
        _tab_to(shown, "Save the certificate main.pem")
        with shown.page.expect_download() as started:
            shown.page.keyboard.press("Enter")
        certificate = tmp_path / "main.pem"
        started.value.save_as(certificate)
        file = download(scene, link(scene, certificate), tmp_path)
        _tab_to(shown, "file-main")
        with shown.page.expect_file_chooser() as chooser:
            shown.page.keyboard.press("Enter")
        chooser.value.set_files(file)
        shown.sees("Nothing is left to do")


def _tab_to(shown: Window, wanted: str) -> None:
    """Press tab until what has the focus is called *wanted*."""
    for _ in range(40):
        shown.page.keyboard.press("Tab")
        focused = shown.page.evaluate("document.activeElement.id + '|' + document.activeElement.textContent.trim()")
        if wanted in focused.split("|"):
            return
    raise AssertionError(f"tab never comes to {wanted}")
