"""Cut off, killed, slow, pressed twice, opened many times: the page gets on, and what somebody holds is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from browser.portal import download, link, save_certificate
from browser.window import Window, window, windows
from end_to_end.handover_scene import Scene, asking, opened, started_again
from end_to_end.scene import call
from fakes.running import free_address

HIDE = """
() => {
  Object.defineProperty(document, "hidden", {value: true, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}
"""
SEE_AGAIN = """
() => {
  Object.defineProperty(document, "hidden", {value: false, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


@contextmanager
def at_the_steps(browser, scene: Scene, folder: Path) -> Iterator[tuple[Window, Path]]:
    """Give kim's page with the steps before her, and the file that she downloaded."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        shown.press("Start now")
        shown.comes_to("steps")
        yield shown, download(scene, link(scene, save_certificate(shown, folder)), folder)


def test_a_file_is_sent_by_itself_as_soon_as_that_can_be(browser, scene, tmp_path):
    """Promise 1: cut off after the click, the person does nothing more; the file is gone from the folder meanwhile."""
    with at_the_steps(browser, scene, tmp_path) as (shown, file):
        shown.page.context.set_offline(True)
        shown.hand_over(file)
        shown.sees("Your file is kept here, and sent as soon as it answers.")
        shown.check("rough-cut-off")
        file.unlink()
        shown.page.context.set_offline(False)
        shown.comes_to("done")


def test_a_daemon_that_is_killed_takes_neither_the_page_nor_the_file_with_it(browser, tmp_path):
    """Promise 1: the page says that it waits, and why; a file that was dropped meanwhile is sent to the next daemon."""
    with asking(tmp_path, public=free_address()) as scene, at_the_steps(browser, scene, tmp_path) as (shown, file):
        scene.daemon.process.kill()
        shown.page.locator("#lost:visible").wait_for()
        shown.check("rough-killed")
        shown.drop((file.name, file.read_bytes()))
        shown.sees("Your file is kept here")
        again = started_again(scene)
        shown.comes_to("done")
        shown.page.locator("#lost:visible").wait_for(state="detached")
        again.until(lambda: again.is_settled("main"), "main is linked")


def test_a_page_that_was_open_while_the_daemon_was_away_shows_what_is_so_now(browser, tmp_path):
    """B6.5: without being loaded again, and without anybody at it."""
    with asking(tmp_path, public=free_address()) as scene, at_the_steps(browser, scene, tmp_path) as (shown, file):
        scene.daemon.process.kill()
        scene.daemon.process.wait(10)
        again = started_again(scene)
        again.until(lambda: again.service("main"), "it answers")
        again.drop("tokens/main", file.name, file.read_bytes())
        shown.comes_to("done")


def test_a_slow_line_is_no_reason_to_press_again(browser, scene, tmp_path):
    """B6.5: the page says what it is doing; pressed again all the same, nothing is doubled."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        slow = shown.page.context.new_cdp_session(shown.page)
        slow.send("Network.enable")
        line = {"offline": False, "latency": 700, "downloadThroughput": 20_000, "uploadThroughput": 3_000}
        slow.send("Network.emulateNetworkConditions", line)
        start = shown.page.locator("#start-main")
        start.dblclick()
        start.get_by_text("Making sure that the way is clear").wait_for()
        assert start.is_disabled()
        shown.comes_to("steps")
        file = download(scene, link(scene, save_certificate(shown, tmp_path)), tmp_path)
        shown.drop((file.name, file.read_bytes()))
        shown.sees("Looking at the file")
        shown.drop((file.name, file.read_bytes()))
        shown.comes_to("done")

    assert scene.daemon.metric("tokenward_rotations_total", outcome="done") == 1


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_double_click_is_one_click(browser, scene, tmp_path, script):
    """Design promise 2: at every button on the way."""
    opened(scene)
    with window(browser, scene.public, script=script) as shown:
        shown.open(scene.path_of("kim"))
        shown.page.locator("#start-main").dblclick()
        shown.comes_to("steps")
        assert shown.page.get_by_text("That did not work").count() == 0
        shown.unfold("Did it not work out?")
        shown.page.locator("#lost-main").dblclick()
        shown.comes_to("ready")
        assert scene.daemon.metric("tokenward_events_total", kind="file.lost") == 1


def test_every_window_shows_the_same_at_once(browser, scene, tmp_path):
    """B6.5: begun in one and ended in the other; neither is loaded again."""
    opened(scene)
    with windows(browser, scene.public, 2) as (one, two):
        one.open(scene.path_of("kim"))
        two.open(scene.path_of("kim"))
        one.press("Start now")
        two.comes_to("steps")
        file = download(scene, link(scene, save_certificate(two, tmp_path)), tmp_path)
        two.drop((file.name, file.read_bytes()))
        one.comes_to("done")
        one.sees("Nothing is left to do")


def test_windows_that_nobody_sees_hold_no_connection(browser, scene):
    """B6.5: browsers open six connections to one place; an eighth window is as quick as the first."""
    opened(scene)
    with windows(browser, scene.public, 8) as opened_windows:
        for one in opened_windows:
            one.open(scene.path_of("kim"))
            one.comes_to("ready")
            if one is not opened_windows[-1]:
                one.page.evaluate(HIDE)
        opened_windows[-1].press("Start now")
        opened_windows[-1].comes_to("steps")
        first = opened_windows[0]
        first.comes_to("ready")
        first.page.evaluate(SEE_AGAIN)
        first.comes_to("steps")


def test_what_is_wrong_with_a_file_is_still_there_after_a_look_at_another_window(browser, scene, tmp_path):
    """B5.1: whoever goes back to the portal to look finds it again."""
    with at_the_steps(browser, scene, tmp_path) as (shown, file):
        shown.drop(("notes.txt", b"no token"))
        shown.sees("not a server token file")
        shown.page.evaluate(HIDE)
        with shown.page.expect_response(lambda answer: answer.url.endswith(scene.path_of("kim"))):
            shown.page.evaluate(SEE_AGAIN)
        shown.sees("not a server token file")
        shown.page.reload()
        shown.sees("not a server token file")
        shown.drop((file.name, file.read_bytes()))
        shown.comes_to("done")


def test_a_file_that_is_being_chosen_while_the_page_changes_is_taken_all_the_same(browser, scene, tmp_path):
    """B6.5: live progress takes nothing from anybody's hands."""
    with at_the_steps(browser, scene, tmp_path) as (shown, file):
        with shown.page.expect_file_chooser() as chooser:
            shown.page.locator("#file-main").click()
        scene.page_of("kim").hand_over(b"no token", "notes.txt")
        shown.page.evaluate("look()")
        shown.sees("not a server token file")
        chooser.value.set_files(file)
        shown.comes_to("done")


def test_a_file_that_misses_its_place_is_taken_where_only_one_is(browser, scene, tmp_path):
    """B6.5: dropped beside it, the browser would show the file instead of the page."""
    with at_the_steps(browser, scene, tmp_path) as (shown, file):
        shown.drop((file.name, file.read_bytes()), on="h1")
        shown.comes_to("done")


def test_a_file_may_be_dropped_before_anything_was_started(browser, scene, tmp_path):
    """B5.6: after the click nothing holds it back, whatever the page showed meanwhile."""
    opened(scene)
    config = str(scene.root / "tokenward.toml")
    certificate = tmp_path / "main.pem"
    certificate.write_text(call("--config", config, "export-certificate", "main").stdout)
    file = download(scene, link(scene, certificate), tmp_path)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        shown.comes_to("ready")
        shown.drop((file.name, file.read_bytes()), on="h1")
        shown.comes_to("done")


def test_a_file_in_doubt_may_be_dropped_before_anything_was_started(browser, scene, tmp_path):
    """B5.3, B5.6: asked about there too, and kept meanwhile."""
    opened(scene)
    config = str(scene.root / "tokenward.toml")
    certificate = tmp_path / "main.pem"
    certificate.write_text(call("--config", config, "export-certificate", "main").stdout)
    file = download(scene, link(scene, certificate), tmp_path, name="token.p7m")
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        shown.unfold("Have you downloaded it already?")
        shown.page.locator("#have-main").set_input_files(file)
        shown.page.get_by_label("I downloaded this file").check()
        shown.check("rough-late-doubt")
        shown.press("Hand it over")
        shown.comes_to("done")


def test_a_day_that_is_being_chosen_is_not_taken_away(browser, scene):
    """B6.5: a change waits until the reader has left the field."""
    opened(scene)
    with window(browser, scene.public) as shown:
        shown.open(scene.path_of("kim"))
        shown.unfold("Not now, or not you?")
        field = shown.page.get_by_label("Remind me on")
        field.focus()
        scene.page_of("kim").press("service/main/start")
        shown.page.wait_for_function("isMissed")
        shown.comes_to("ready")
        shown.page.get_by_role("heading").first.click()
        shown.page.evaluate("document.activeElement.blur()")
        shown.comes_to("steps")


def test_leaving_with_a_file_that_was_not_sent_is_asked_about(browser, scene, tmp_path):
    """Promise 1: the token in it is the only one that works."""
    with at_the_steps(browser, scene, tmp_path) as (shown, file):
        shown.page.context.set_offline(True)
        shown.hand_over(file)
        shown.sees("Your file is kept here")
        assert shown.page.evaluate("unsent") == 1
        shown.page.context.set_offline(False)
        shown.comes_to("done")
        assert shown.page.evaluate("unsent") == 0


@pytest.mark.parametrize("size", [300_000, 7_000_000])
def test_a_large_file_is_answered_with_a_sentence_also_without_a_script(browser, scene, tmp_path, size):
    """B6.1, B5.1: the browser must not show that the connection broke, for nothing says then what to do."""
    opened(scene)
    large = tmp_path / "photo.jpg"
    large.write_bytes(bytes(size))
    with window(browser, scene.public, script=False) as shown:
        shown.open(scene.path_of("kim"))
        shown.press("Start now")
        shown.comes_to("steps")
        shown.hand_over(large)
        shown.press("Hand it over")
        shown.sees("This file is too large for a token")
        shown.comes_to("steps")
