import os

import pytest

from fakes.values import NOW
from sources.dropping import an_event, running, until

# --- What goes wrong


@pytest.mark.parametrize(
    ("where", "content"), [("certificates/main.pem", "pem"), ("tokens/a.p7m", "p7m"), ("events/a.json", None)]
)
async def test_a_crash_between_taking_and_moving_repeats_nothing(drop, request, monkeypatch, where, content):
    """C5, C6: after the restart the very same file is recognised and goes to ``done/``, not to ``rejected/``."""
    folder = where.split("/")[0]
    drop.put(where, request.getfixturevalue(content) if content else an_event())
    with monkeypatch.context() as crash:
        crash.setattr(os, "rename", _fail)
        await drop.source.sweep()
    assert len(drop.intake.events) == 1
    assert not drop.kept(f"{folder}/done")

    await drop.restarted().sweep()

    assert len(drop.intake.events) == 1
    assert len(drop.kept(f"{folder}/done")) == 1
    assert not drop.intake.refusals


def _fail(*arguments, **words):
    raise PermissionError("the process ends here")


async def test_a_refusal_that_cannot_be_put_away_is_recorded_once(drop):
    """C6: a ``rejected/`` that can't be written to costs neither a second record nor the file."""
    await drop.source.sweep()
    rejected = drop.root / "events/rejected"
    rejected.rmdir()
    rejected.write_text("in the way")
    drop.put("events/a.json", an_event(type="identity.unknown"))
    await drop.sweep_until(lambda: drop.intake.refusals)
    await drop.source.sweep()
    assert (drop.root / "events/a.json").exists()
    assert drop.source._inlets["events"].look_again_seconds is None

    rejected.unlink()
    await drop.sweep_until(lambda: rejected.is_dir() and drop.kept("events/rejected"))

    assert len(drop.intake.refusals) == 1


async def test_one_file_that_breaks_the_intake_does_not_hold_up_the_others(drop):
    """C6: a fault of ours stays with its file."""

    def judge(event, attachment):
        if event.key.endswith(" 3"):
            raise RuntimeError("a fault")

    drop.intake.judge = judge
    for number in range(6):
        drop.put(f"events/{number}.json", an_event(number))

    await drop.source.sweep()

    assert len(drop.kept("events/done")) == 5
    assert (drop.root / "events/3.json").exists()


async def test_folders_that_were_removed_are_made_again(drop):
    """C5: somebody tidies up; the next look mends it."""
    await drop.source.sweep()
    (drop.root / "certificates/done").rmdir()
    (drop.root / "certificates/main").rmdir()

    await drop.source.sweep()

    assert (drop.root / "certificates/main").is_dir()


async def test_a_folder_that_cannot_be_listed_does_not_hold_up_the_others(drop, pem):
    """C5: each folder is a matter of its own."""
    await drop.source.sweep()
    for path in sorted((drop.root / "events").iterdir()):
        path.rmdir()
    (drop.root / "events").rmdir()
    (drop.root / "events").write_text("in the way")
    drop.put("certificates/main.pem", pem)

    await drop.source.sweep()

    assert drop.kept("certificates/done") == ["main.pem"]


# --- Running


async def test_a_dropped_file_is_taken_at_once(drop, pem, p7m):
    """C5: certificate, token file and event wake the source, in folders of services too."""
    async with running(drop.source):
        await until(lambda: drop.source.is_watching)
        drop.put("certificates/main/a.pem", pem)
        drop.put("tokens/b.p7m", p7m)
        (drop.root / "events/c.json").write_text(an_event())

        await until(lambda: len(drop.intake.events) == 3)


async def test_what_lay_there_before_the_start_is_taken(drop, pem):
    """C5: a watcher says nothing of it; the first sweep finds it."""
    drop.put("certificates/main.pem", pem)

    async with running(drop.source):
        await until(lambda: drop.intake.events)


async def test_an_unfinished_file_is_refused_without_a_further_hint(drop):
    """C6: while something is unfinished the source looks again by itself."""
    async with running(drop.source):
        await until(lambda: drop.source.is_watching)
        drop.put("events/cut.json", '{"specversion": "1.0"')

        await until(lambda: drop.kept("events/rejected"))


async def test_without_a_watcher_the_next_look_finds_the_file(drop):
    """C5: hints can be lost, files can't."""
    source = drop.restarted(rescan_seconds=0.05, make_observer=_no_observer)

    async with running(source):
        await until((drop.root / "events/done").is_dir)
        drop.put("events/a.json", an_event())
        await until(lambda: drop.intake.events)

    assert not source.is_watching


def _no_observer():
    raise OSError("inotify instance limit reached")


async def test_a_replaced_folder_is_watched_again(drop):
    """C5: the old folder is renamed away and a new one put in its place; the watcher alone would be blind."""
    source = drop.restarted(rescan_seconds=0.05)
    async with running(source):
        await until(lambda: source.is_watching)
        drop.root.rename(drop.root.with_name("old"))
        drop.put("events/a.json", an_event(1))
        await until(lambda: len(drop.intake.events) == 1)

        drop.put("events/b.json", an_event(2))
        await until(lambda: len(drop.intake.events) == 2)


async def test_since_when_the_oldest_file_waits_is_known(drop):
    """C8: an unfinished file shows, and nothing shows where nothing waits."""
    assert drop.source.oldest_pending("tokens") is None
    drop.put("tokens/a.p7m", b"Content-Type: application/pkcs7-mime\n\nMIIB")

    await drop.source.sweep()

    pending = drop.source.oldest_pending("tokens")
    assert pending is not None
    assert pending.tzinfo is not None
    assert pending < NOW.replace(year=2100)
    assert drop.source.oldest_pending("events") is None
