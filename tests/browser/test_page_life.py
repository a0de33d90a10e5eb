"""What else a page is for: handing over, putting off, a lost file, a stray click, several services, and its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from browser.portal import download, link, save_certificate
from browser.window import TELEPHONE, Window, window
from end_to_end.handover_scene import asking, opened
from end_to_end.portal_scene import rotation
from fakes.stand_in import ANA, KIM

MORE = """
[[service]]
id = "NAME"
organisation = "corp"
name = "NAME MDM"
service_state = "new"
custodian = "kim"
deputies = ["ana"]
keyholder = "tokenward"
issuer = { kind = "portal" }

[[service.target]]
kind = "directory"
path = "PLACE"
"""


def test_what_is_handed_over_ends_one_link_and_opens_another(browser, scene):
    """B6.1, B6.3: kim's link is over, ana's opens, and each says what is so."""
    opened(scene)
    with window(browser, scene.public, TELEPHONE) as shown:
        shown.open(scene.path_of("kim"))
        shown.unfold("Not now, or not you?")
        shown.check("6-not-now")
        shown.press("Hand to a deputy")
        shown.sees("There is nothing for you to do here.")
        shown.check("7-over")
        ana = scene.page_of("ana")
        scene.daemon.until(lambda: ana.stage() == "ready", "ana is asked")
        shown.open(ana.path)
        shown.sees("Start now")


def test_a_reminder_can_be_put_off(browser, scene):
    """B6.3, B11.2: to a day that the person chooses."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        shown.unfold("Not now, or not you?")
        field = shown.page.get_by_label("Remind me on")
        day = str(field.get_attribute("max"))
        field.fill(day)
        shown.press("Remind me then")
        shown.sees("You will be reminded on")

    assert scene.daemon.ask("/v1/services/main")["rotation"]["remind_at"].startswith(f"{day}T08:00")


def test_a_lost_file_leads_to_a_new_certificate_and_a_new_question(browser, scene, tmp_path):
    """B4.4, B6.3: clicked download and has no file; the page waits, then asks again."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        shown.press("Start now")
        shown.sees("The way is clear")
        first = save_certificate(shown, tmp_path).read_text()
        shown.unfold("It did not work out?")
        shown.press("I clicked download but have no file")
        shown.page.get_by_role("button", name="Start now").wait_for()
        shown.press("Start now")
        shown.sees("The way is clear")
        again = save_certificate(shown, tmp_path)
        assert again.read_text() != first
        shown.hand_over(download(scene, link(scene, again), tmp_path))
        shown.sees("Nothing is left to do")


def test_a_stray_click_is_recovered_with_its_own_file(browser, scene, tmp_path):
    """B4.4: ana clicked download outside the process; her file still installs, and nobody downloads again."""
    page = opened(scene)
    page.press("service/main/start")
    certificate = tmp_path / "main.pem"
    certificate.write_text(page.get("/service/main/certificate").text)
    uuid = link(scene, certificate)
    page.hand_over(download(scene, uuid, tmp_path).read_bytes(), scene.token_file_name())
    scene.daemon.until(lambda: scene.daemon.is_settled("main"), "main is linked")
    stray = download(scene, uuid, tmp_path, name="stray.p7m", user=ANA)
    scene.daemon.send({"kind": "token.superseded", "service": "main"})  # as two looks, minutes apart, would find out
    scene.daemon.until(lambda: rotation(scene.daemon).get("causes") == ["rejected"], "the file is sought")

    ana = scene.page_of("ana")
    scene.daemon.until(lambda: ana.stage() == "find", "ana is asked for the file")
    with window(browser, scene.public) as shown:
        shown.open(ana.path)
        shown.sees("Did you download a token for “Main MDM”?")
        shown.check("8-find")
        shown.hand_over(stray)
        shown.sees("Nothing is left to do")
    assert scene.daemon.service("main")["state"] == "valid"


def test_three_services_are_done_one_after_the_other(browser, tmp_path):
    """B6.2: the next unlocks when the one before is proven."""
    places = {name: tmp_path / name for name in ("second", "third")}
    more = ""
    for name, place in places.items():
        place.mkdir()
        more += MORE.replace("NAME", name).replace("PLACE", str(place))
    with asking(tmp_path, more=more) as scene:
        opened(scene)
        scene.daemon.until(lambda: scene.page_of("kim").get().text.count("data-stage") == 3, "all three are asked for")
        with window(browser, scene.public) as shown:
            shown.open(scene.path_of("kim"))
            shown.check("9-several")
            for _ in range(3):
                service = str(shown.page.locator("[data-stage=ready]").first.get_attribute("id"))
                assert shown.page.get_by_role("button", name="Start now").count() == 1
                shown.press("Start now")
                shown.sees("The way is clear")
                certificate = save_certificate(shown, tmp_path)
                name = "Main MDM" if service == "main" else f"{service} MDM"
                uuid = scene.stand_in.add_service(name, certificate.read_text(), KIM)
                shown.hand_over(download(scene, uuid, tmp_path, scene.token_file_name(name)))
                shown.page.locator(f"#{service}[data-stage=done]").wait_for()
            shown.check("10-all-done")


def test_an_address_that_nobody_was_given_says_what_to_do_with_a_file(browser, scene):
    """B6.1: keep it, don't download again."""
    with window(browser, scene.public) as shown:
        shown.open("/handover/nobody")
        shown.sees("don't download again")
        shown.check("11-unknown")


def test_a_page_that_was_cut_off_keeps_the_file_and_goes_on(browser, tmp_path):
    """Promise 1: an open page goes on, and a file that was chosen meanwhile is not lost."""
    with asking(tmp_path) as scene:
        opened(scene)
        with window(browser, scene.public) as shown:
            shown.open(scene.path_of("kim"))
            shown.press("Start now")
            shown.sees("The way is clear")
            certificate = save_certificate(shown, tmp_path)
            file = download(scene, link(scene, certificate), tmp_path)
            with _cut_off(shown):
                shown.hand_over(file)
                shown.sees("Tokenward can't be reached. Keep the file")
            shown.page.get_by_role("button", name="Hand it over").click()
            shown.sees("Nothing is left to do")


@contextmanager
def _cut_off(shown: Window) -> Iterator[None]:
    """Cut the window off from everything while the block lasts."""
    shown.page.context.set_offline(True)
    yield
    shown.page.context.set_offline(False)
