"""Every usual mistake has its own sentence, and none of them does harm: the right file is taken after all of them."""

import base64
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser.portal import download, link, save_certificate
from browser.window import Window, window
from end_to_end.handover_scene import Scene, asking, opened
from end_to_end.scene import a_certificate
from fakes.stand_in import ANA, KIM

LABS = """
[[service]]
id = "labs"
organisation = "corp"
name = "Labs MDM"
custodian = "kim"
deputies = ["ana"]
keyholder = "operator"
issuer = { kind = "portal" }

[[service.target]]
kind = "directory"
path = "PLACE"
"""


@contextmanager
def at_the_steps(browser, folder: Path, more: str = "") -> Iterator[tuple[Scene, Window, Path]]:
    """Give kim's page with the steps before her, and the certificate that she saved."""
    with asking(folder, more=more) as scene:
        opened(scene)
        with window(browser, scene.public) as shown:
            shown.open(scene.path_of("kim"))
            shown.press("Start now")
            shown.comes_to("steps")
            yield scene, shown, save_certificate(shown, folder)


def test_each_wrong_file_is_named_and_the_right_one_taken_after_all(browser, tmp_path):
    """B5.1: certificate, archive, web page, content token, push certificate, empty, damaged, two files, too large."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        file = download(scene, link(scene, certificate), tmp_path)
        for name, body, sentence in wrong_files(file, tmp_path):
            shown.drop((name, body))
            shown.page.locator("[role=alert]", has_text=sentence).wait_for()
        shown.check("mistake-wrong-file")
        shown.drop(("one.p7m", b"one"), ("two.p7m", b"two"))
        shown.sees("Drop one file: the one that you downloaded last.")
        shown.check("mistake-two-files")

        shown.drop((file.name, file.read_bytes()))
        shown.comes_to("done")
        assert scene.daemon.metric("tokenward_rotations_total", outcome="done") == 1


def wrong_files(file: Path, folder: Path) -> Iterator[tuple[str, bytes, str]]:
    """Yield a name, a content, and words of the sentence that it must meet."""
    archive = folder / "token.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(file, file.name)
    content_token = base64.b64encode(json.dumps({"token": "x" * 40, "expDate": "2027-01-01", "orgName": "x"}).encode())
    yield "main.pem", a_certificate("main")[0], "This one goes to Apple: upload it in the portal"
    yield "token.zip", archive.read_bytes(), "Unpack it, and hand over the file inside"
    yield "page.html", b"<!doctype html><html><title>Sign in</title></html>", "Most likely you were signed out"
    yield "apps.vpptoken", content_token, "That one is for Apps and Books"
    yield "push.pem", a_push_certificate(), "This is an Apple push certificate"
    yield "empty.p7m", b"", "This is an empty file"
    yield "cut.p7m", file.read_bytes()[:-400], "This file is damaged."
    yield "notes.txt", b"the token is in my other downloads folder", "Hand over the file that Apple's portal gave you"
    yield "photo.jpg", bytes(300_000), "This file is too large for a token"
    yield 'a "quoted"/ \N{KEY} ' + "x" * 200 + ".p7m", b"no token", "not a server token file"


def a_push_certificate() -> bytes:
    """Return a certificate as Apple's push portal gives it out, by its topic."""
    return a_certificate("APSP", user_id="com.apple.mgmt.External.0c7d1f2e")[0]


def test_a_file_of_doubt_takes_a_tick_and_no_second_choice(browser, tmp_path):
    """B5.3: renamed, and nothing else tells whose it is; the page keeps it meanwhile."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        file = download(scene, link(scene, certificate), tmp_path)
        shown.drop(("download.p7m", file.read_bytes()))
        shown.sees("It is not certain that this file is for")
        shown.check("mistake-doubt")
        assert shown.page.evaluate("document.activeElement.id") == "confirmed-main"
        shown.page.get_by_label("I downloaded this file").check()
        shown.press("Hand it over")
        shown.comes_to("done")


def test_a_file_that_has_run_out_is_named(browser, tmp_path):
    """B5.1: a file from long ago, of a service whose key is held here."""
    place = tmp_path / "labs"
    place.mkdir()
    mine = LABS.replace("PLACE", str(place)).replace('"operator"', '"tokenward"\nservice_state = "new"')
    with asking(tmp_path, more=mine) as scene:
        page = opened(scene)
        scene.daemon.until(lambda: page.stage("labs"), "kim is asked for both")
        with window(browser, scene.public) as shown:
            shown.open(scene.path_of("kim"))
            first = next(name for name in ("main", "labs") if page.stage(name) == "ready")
            if first == "main":
                page.press("service/main/deputy")
            shown.page.locator("#labs[data-stage=ready]").wait_for()
            shown.page.locator("#start-labs").click()
            shown.comes_to("steps", "labs")
            certificate = save_certificate(shown, tmp_path)
            scene.stand_in.admin("POST", "/clock", {"offset_seconds": -400 * 86_400})
            uuid = scene.stand_in.add_service("Labs MDM", certificate.read_text(), KIM)
            old = scene.stand_in.download_token(uuid, KIM)
            scene.stand_in.admin("POST", "/clock", {"offset_seconds": 0})
            shown.drop(("old.p7m", old), on="#labs [data-drop]")
            shown.sees("The token in this file has run out.")


def test_somebody_elses_account_is_installed_and_said(browser, tmp_path):
    """B5.6: an unexpected downloader; after the click nothing holds a token back."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        file = download(scene, link(scene, certificate), tmp_path, user=ANA)
        shown.drop((file.name, file.read_bytes()))
        shown.comes_to("done")
        shown.sees("It was downloaded with the account ana@corp.example, and not with yours.")
        shown.check("mistake-other-account")


def test_a_file_for_another_service_says_which(browser, tmp_path):
    """B5.1: and what to do with it."""
    place = tmp_path / "labs"
    place.mkdir()
    with at_the_steps(browser, tmp_path, LABS.replace("PLACE", str(place))) as (scene, shown, _):
        certificate, _key = a_certificate("labs")
        scene.daemon.drop("certificates", "labs.pem", certificate)
        scene.daemon.until(lambda: scene.daemon.put_away("certificates", "labs.pem") == ["done"], "it is taken")
        uuid = scene.stand_in.add_service("Labs MDM", certificate.decode(), KIM)
        shown.hand_over(download(scene, uuid, tmp_path, scene.token_file_name("Labs MDM")))
        shown.sees("This token is for “Labs MDM”, and not for “Main MDM”.")


def test_a_file_from_before_the_new_certificate_is_told_apart(browser, tmp_path):
    """B5.1: downloaded before the certificate was uploaded and saved, so for another key."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        uuid = scene.stand_in.add_service("Main MDM", a_certificate("older")[0].decode(), KIM)
        shown.hand_over(download(scene, uuid, tmp_path))
        shown.sees("This token was made for another certificate.")
        shown.sees("upload the certificate that is to be saved here, and save. Then download the token once more.")
        scene.stand_in.put_certificate(uuid, certificate.read_text())
        shown.hand_over(download(scene, uuid, tmp_path))
        shown.sees("Nothing is left to do")


def test_the_old_file_again_is_told_apart(browser, tmp_path):
    """B5.1: every download is another file."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        file = download(scene, link(scene, certificate), tmp_path)
        shown.hand_over(file)
        shown.sees("Nothing is left to do")
        scene.daemon.send({"kind": "rotate", "service": "main"})
        pages = [scene.page_of("kim", number) for number in (1, 2)]
        scene.daemon.until(lambda: [one for one in pages if one.stage() == "ready"], "kim is asked again")
        shown.open(next(one.path for one in pages if one.stage() == "ready"))
        shown.press("Start now")
        shown.comes_to("steps")
        shown.hand_over(file)
        shown.sees("This very file was handed over before.")


def test_somebody_else_has_done_it_meanwhile(browser, tmp_path):
    """B6.5: the page says so by itself, without being loaded again."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        file = download(scene, link(scene, certificate), tmp_path)
        scene.daemon.drop("tokens/main", file.name, file.read_bytes())
        shown.sees("Nothing is left to do")
