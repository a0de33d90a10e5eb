"""What else a page is for: handing over, putting off, a lost file, a stray click, several services, and its end."""

from browser.portal import download, link, save_certificate
from browser.window import TELEPHONE, window, windows
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
        shown.press("Hand to a deputy")
        shown.sees("There is nothing for you to do here.")
        shown.check("life-over")
        ana = scene.page_of("ana")
        scene.daemon.until(lambda: ana.stage() == "ready", "ana is asked")
        shown.open(ana.path)
        shown.comes_to("ready")


def test_a_link_that_is_over_offers_to_send_the_one_that_works(browser, scene):
    """B6.1: to the contact on record; the page itself never shows it."""
    kim = opened(scene)
    kim.press("service/main/deputy")
    ana = scene.page_of("ana")
    scene.daemon.until(lambda: ana.stage() == "ready", "ana is asked")
    ana.press("service/main/deputy")  # back to kim, by a newer link
    newer = scene.page_of("kim", 2)
    scene.daemon.until(lambda: newer.stage() == "ready", "kim is asked again")
    with window(browser, scene.public) as shown:
        shown.open(kim.path)
        shown.sees("This link is over")
        assert newer.path not in shown.page.content()
        shown.press("Send me a new link")
        shown.sees("a link is on its way to the address that is on record")
        shown.check("life-link-sent")
        assert newer.path not in shown.page.content()
        shown.open(newer.path)
        shown.comes_to("ready")


def test_a_link_that_is_revoked_while_its_page_is_open_is_over_there_too(browser, scene):
    """B6.1: what passed to somebody else can't be done in a window that was left open."""
    kim = opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(kim.path)
        shown.press("Start now")
        shown.comes_to("steps")
        kim.press("role")
        shown.sees("This link is over")
        shown.sees("keep it, and don't download again.")


def test_a_way_that_is_not_clear_is_said_and_opens_by_itself(browser, scene):
    """B4.1: nothing is asked while a token could not be installed; the page that waits hears when it can."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        scene.stand_in.admin("POST", "/nanodep", {"down": True})
        shown.press("Start now")
        shown.comes_to("stuck")
        shown.check("life-stuck")
        scene.stand_in.admin("POST", "/nanodep", {"down": False})
        shown.press("Look again now")
        shown.comes_to("steps")


def test_whoever_comes_second_is_told_who_is_at_it(browser, scene, tmp_path):
    """B4.2: kim and ana are both asked for the file; who hands it over is thanked on both pages."""
    page = opened(scene)
    page.press("service/main/start")
    certificate = tmp_path / "main.pem"
    certificate.write_text(page.get("/service/main/certificate").text)
    uuid = link(scene, certificate)
    page.hand_over(download(scene, uuid, tmp_path).read_bytes(), scene.token_file_name())
    scene.daemon.until(lambda: scene.daemon.is_settled("main"), "main is linked")
    stray = download(scene, uuid, tmp_path, user=ANA)
    scene.daemon.send({"kind": "token.superseded", "service": "main"})
    ana = scene.page_of("ana")
    scene.daemon.until(lambda: ana.stage() == "find", "ana is asked for the file")
    kims = next(one for one in (scene.page_of("kim", 1), scene.page_of("kim", 2)) if one.stage() == "find")
    with windows(browser, scene.public, 2) as (hers, his):
        hers.open(ana.path)
        his.open(kims.path)
        his.comes_to("find")
        hers.drop((stray.name, stray.read_bytes()))
        hers.comes_to("done")
        his.page.locator("[data-stage=find]").wait_for(state="detached")


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
        shown.check("life-reminded")

    assert scene.daemon.ask("/v1/services/main")["rotation"]["remind_at"].startswith(f"{day}T08:00")


def test_a_lost_file_leads_to_a_new_certificate_and_a_new_question(browser, scene, tmp_path):
    """B4.4, B6.3: clicked download and has no file; the page waits, then asks again."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        shown.press("Start now")
        shown.comes_to("steps")
        first = save_certificate(shown, tmp_path).read_text()
        shown.unfold("Did it not work out?")
        shown.press("I clicked download but have no file")
        shown.comes_to("ready")
        shown.press("Start now")
        shown.comes_to("steps")
        again = save_certificate(shown, tmp_path)
        assert again.read_text() != first
        shown.hand_over(download(scene, link(scene, again), tmp_path))
        shown.comes_to("done")


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
        shown.check("life-find")
        shown.hand_over(stray)
        shown.comes_to("done")
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
            shown.check("life-several")
            for _ in range(3):
                service = str(shown.page.locator("[data-stage=ready]").first.get_attribute("id"))
                assert shown.page.get_by_role("button", name="Start now").count() == 1
                shown.press("Start now")
                shown.comes_to("steps", service)
                certificate = save_certificate(shown, tmp_path)
                name = "Main MDM" if service == "main" else f"{service} MDM"
                uuid = scene.stand_in.add_service(name, certificate.read_text(), KIM)
                shown.hand_over(download(scene, uuid, tmp_path, scene.token_file_name(name)))
                shown.comes_to("done", service)
            shown.sees("Nothing is left to do")
            shown.check("life-all-done")


def test_an_address_that_nobody_was_given_says_what_to_do_with_a_file(browser, scene):
    """B6.1: keep it, don't download again."""
    with window(browser, scene.public) as shown:
        shown.open("/handover/nobody")
        shown.sees("don't download again")
        shown.check("life-unknown")
