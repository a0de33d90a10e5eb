"""Every usual mistake has its own sentence, and none of them does harm: the right file is taken after all of them."""

import base64
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from browser.portal import download, link, save_certificate
from browser.window import Window, window
from end_to_end.handover_scene import Scene, asking, opened
from end_to_end.scene import a_certificate
from fakes.stand_in import KIM

DROP_TWO = """
(form) => {
  const files = new DataTransfer();
  files.items.add(new File(["one"], "one.p7m"));
  files.items.add(new File(["two"], "two.p7m"));
  form.dispatchEvent(new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
}
"""
DROP_ONE = """
([form, name, content]) => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
  form.dispatchEvent(new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
}
"""
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
            shown.sees("The way is clear")
            yield scene, shown, save_certificate(shown, folder)


def test_each_wrong_file_is_named_and_the_right_one_taken_after_all(browser, tmp_path):
    """B5.1: certificate, archive, web page, content token, empty, damaged, two files; then the right one."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        uuid = link(scene, certificate)
        file = download(scene, uuid, tmp_path)
        for name, body, sentence in wrong_files(file, tmp_path):
            (tmp_path / name).write_bytes(body)
            shown.page.locator("[data-drop] input[type=file]").set_input_files(tmp_path / name)
            shown.page.locator("[role=alert]", has_text=sentence).wait_for()
        shown.check("4-wrong")
        shown.page.locator("[data-drop]").evaluate(DROP_TWO)
        shown.sees("Drop one file: the one that you downloaded last.")

        content = base64.b64encode(file.read_bytes()).decode()
        form = shown.page.locator("[data-drop]").element_handle()
        shown.page.evaluate(DROP_ONE, [form, file.name, content])
        shown.sees("Nothing is left to do")


def wrong_files(file: Path, folder: Path) -> Iterator[tuple[str, bytes, str]]:
    """Yield a name, a content, and words of the sentence that it must meet."""
    archive = folder / "token.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(file, file.name)
    content_token = base64.b64encode(json.dumps({"token": "x" * 40, "expDate": "2027-01-01", "orgName": "x"}).encode())
    yield "main.pem", a_certificate("main")[0], "This is a certificate"
    yield "token.zip", archive.read_bytes(), "archive"
    yield "page.html", b"<!doctype html><html><title>Sign in</title></html>", "web page"
    yield "apps.vpptoken", content_token, "content token"
    yield "empty.p7m", b"", "empty"
    yield "cut.p7m", file.read_bytes()[:-400], "damaged"
    yield "notes.txt", b"the token is in my other downloads folder", "server token file"


def test_a_file_of_doubt_is_asked_about_once(browser, tmp_path):
    """B5.3: renamed, and nothing else tells whose it is: a tick, and it is taken."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        file = download(scene, link(scene, certificate), tmp_path, name="download.p7m")
        shown.hand_over(file)
        shown.sees("It is not certain that this file is for")
        shown.check("5-doubt")
        shown.page.get_by_label("I downloaded this file").check()
        shown.hand_over(file)
        shown.sees("Nothing is left to do")


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
        shown.sees("This token was made for a certificate that is no certificate of main.")
        shown.sees("do that first and save; then download once more")
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
        shown.sees("The way is clear")
        shown.hand_over(file)
        shown.sees("This very file was handed over before.")


def test_somebody_else_has_done_it_meanwhile(browser, tmp_path):
    """B6.5: the page says so by itself, without being loaded again."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        file = download(scene, link(scene, certificate), tmp_path)
        scene.daemon.drop("tokens/main", file.name, file.read_bytes())
        shown.sees("Nothing is left to do")


@pytest.mark.parametrize("double", [True, False], ids=["twice", "once"])
def test_pressing_twice_is_pressing_once(browser, tmp_path, double):
    """Design promise 2: no effect is doubled."""
    with at_the_steps(browser, tmp_path) as (scene, shown, certificate):
        file = download(scene, link(scene, certificate), tmp_path)
        page = scene.page_of("kim")
        for _ in range(2 if double else 1):
            page.hand_over(file.read_bytes(), file.name)
        shown.sees("Nothing is left to do")
        assert scene.daemon.metric("tokenward_rotations_total", outcome="done") == 1
