import asyncio
import gc
import os

import pytest

from sources.dropping import NOT_WANTED, STAMP, an_event, running, until
from tokenward.model.event import AttachmentRole, EventKind, Way
from tokenward.model.finding import Code

# --- What is taken


@pytest.mark.parametrize("name", ["main.pem", "main.der", "main.cer", "main.CRT", "main", "main/whatever.txt"])
@pytest.mark.parametrize("form", ["pem", "der"])
async def test_a_certificate_is_taken_by_content_for_the_service_in_its_name(drop, pem, der, name, form):
    """C5, A5: both forms, whatever the ending says; the service by name or by folder."""
    body = {"pem": pem, "der": der}[form]
    drop.put(f"certificates/{name}", body)

    await drop.source.sweep()

    (event,), (attachment,) = drop.intake.events, drop.intake.attachments
    assert (event.kind, event.service, event.way) == (EventKind.CERTIFICATE_NEW, "main", Way.DROP)
    assert (attachment.role, attachment.body) == (AttachmentRole.CERTIFICATE, body)
    assert event.data["folder"] == "certificates"
    assert drop.kept("certificates/done") == [name.rpartition("/")[2]]


async def test_a_certificate_for_nobody_names_no_service(drop, pem):
    """C5: a name that is no service is not guessed at; the intake refuses it with the names that there are."""
    drop.put("certificates/unknown.pem", pem)

    await drop.source.sweep()

    assert drop.intake.events[0].service is None


@pytest.mark.parametrize(
    ("where", "service"), [("NAME_Token.p7m", None), ("labs/token.p7m", "labs"), ("main.p7m", None)]
)
async def test_an_envelope_is_taken_and_its_folder_names_the_service(drop, p7m, where, service):
    """A6: a token file needs no service, its recipient tells; a service's own folder decides where that can't."""
    drop.put(f"tokens/{where}", p7m)

    await drop.source.sweep()

    (event,), (attachment,) = drop.intake.events, drop.intake.attachments
    assert (event.kind, event.service) == (EventKind.TOKEN_SUPPLIED, service)
    assert (attachment.role, attachment.name) == (AttachmentRole.ENVELOPE, where.rpartition("/")[2])
    assert drop.kept("tokens/done") == [where.rpartition("/")[2]]


async def test_content_decides_between_certificate_and_envelope(drop, pem, p7m):
    """C5: either of them in the other's folder is what it is."""
    drop.put("certificates/token.p7m", p7m)
    drop.put("tokens/main.pem", pem)

    await drop.source.sweep()

    roles = {attachment.name: attachment.role for attachment in drop.intake.attachments}
    assert roles == {"token.p7m": AttachmentRole.ENVELOPE, "main.pem": AttachmentRole.CERTIFICATE}


async def test_events_are_taken_in_one_file_or_many(drop):
    """C6: an object, an array; the first event of a file stands for it in the totals of files."""
    drop.put("events/one.json", an_event(1))
    drop.put("events/many.json", f"[{an_event(2)}, {an_event(3)}]")

    await drop.source.sweep()

    assert len(drop.intake.events) == 3
    assert sum("folder" in event.data for event in drop.intake.events) == 2
    assert drop.kept("events/done") == ["many.json", "one.json"]


@pytest.mark.parametrize(("owners", "way"), [({os.getuid()}, Way.OWNED_DROP), (set(), Way.DROP)])
async def test_the_way_says_whether_the_owner_is_trusted(drop, p7m, owners, way):
    """B5.5: who may drop what only the product can open is a matter of the file's owner."""
    source = drop.restarted(owners=owners)
    drop.put("tokens/a.p7m", p7m)

    await source.sweep()

    assert drop.intake.events[0].way is way


async def test_two_thousand_files_at_once_are_all_taken_and_none_twice(drop):
    """C6: a burst loses nothing and doubles nothing, and the loop stays free."""
    await drop.source.sweep()
    for number in range(2000):
        (drop.root / f"events/{number}.json").write_text(an_event(number))
    longest = 0.0

    async def watch_the_loop():
        nonlocal longest
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.001)
            longest = max(longest, loop.time() - before)

    gc.collect()
    gc.freeze()  # as a daemon does: what other tests have left in memory is not what is swept here
    watcher = asyncio.create_task(watch_the_loop())
    await drop.source.sweep()
    watcher.cancel()
    gc.unfreeze()

    assert len(drop.intake.events) == drop.intake.submissions == 2000
    assert len(drop.kept("events/done")) == 2000
    assert longest < 0.25


async def test_events_are_handed_in_as_they_arrived(drop):
    """C6: an account that is disabled and enabled again ends enabled, whatever the files are called."""
    for number in (3, 1, 2):
        drop.put(f"events/{number}.json", an_event(number))
        await asyncio.sleep(0.02)

    await drop.source.sweep()

    assert [event.key.split()[1] for event in drop.intake.events] == ["3", "1", "2"]


# --- What is waited for


async def test_a_half_written_file_is_taken_when_it_is_whole(drop, pem):
    """C5: nothing is refused while it is still being written."""
    path = drop.put("certificates/main.pem", pem[:300])
    await drop.source.sweep()
    assert not drop.intake.events

    path.write_bytes(pem)
    await drop.source.sweep()

    assert drop.kept("certificates/done") == ["main.pem"]
    assert not drop.intake.refusals


@pytest.mark.parametrize(
    ("where", "content"),
    [
        ("certificates/main.pem", b"-----BEGIN CERTIFICATE-----\nMIIC"),
        ("certificates/main.der", b"\x30\x82\x03\x00\x30\x82"),
        ("certificates/main.cer", b""),
        ("events/cut.json", b'{"specversion": "1.0", "id": "1"'),
        ("events/empty.json", b"  "),
    ],
)
async def test_a_file_without_its_end_is_refused_when_it_has_stood_still(drop, where, content):
    """C5, C6: refused as cut short, not as something else, and only after a while."""
    folder, name = where.split("/")
    drop.put(where, content)
    await drop.source.sweep()
    assert not drop.intake.refusals

    await drop.sweep_until(lambda: drop.kept(f"{folder}/rejected"))

    assert [finding.code for finding in drop.intake.refusals] == [Code.PARTIAL]
    assert drop.reason(folder, name).startswith("TW104 ")


async def test_a_file_that_keeps_growing_is_waited_for(drop, pem):
    """C5: standing still counts from the last change."""
    path = drop.put("certificates/main.pem", b"")
    for end in range(0, len(pem) - 1, len(pem) // 12):
        path.write_bytes(pem[:end])
        await drop.source.sweep()
        await asyncio.sleep(0.02)
    path.write_bytes(pem)
    await drop.source.sweep()

    assert not drop.intake.refusals
    assert len(drop.intake.events) == 1


async def test_a_cut_envelope_is_left_to_the_intake_once_it_stands_still(drop, p7m):
    """B5.1: what is wrong with a token file is said by whoever can tell."""
    drop.put("tokens/a.p7m", p7m[: len(p7m) // 2])
    await drop.source.sweep()
    assert not drop.intake.submissions

    await drop.sweep_until(lambda: drop.intake.submissions)


@pytest.mark.parametrize("name", [".hidden.json", "a.tmp", "b.PART", ".tmp"])
async def test_names_of_unfinished_files_are_left_alone(drop, name):
    """C6: a sender can write beside and rename."""
    drop.put(f"events/{name}", "not json")

    await drop.source.sweep()
    await asyncio.sleep(0.1)
    await drop.source.sweep()

    assert (drop.root / "events" / name).exists()
    assert not drop.intake.refusals


async def test_while_the_store_cannot_write_files_stay_where_they_are(drop):
    """C6: a full disk delays, it loses nothing."""
    for number in range(5):
        drop.put(f"events/{number}.json", an_event(number))
    drop.put("events/bad.json", '{"specversion": "2.0"}')
    drop.intake.is_full = True
    await drop.source.sweep()
    assert len(list((drop.root / "events").glob("*.json"))) == 6
    assert drop.source.oldest_pending("events") is not None

    drop.intake.is_full = False
    await drop.sweep_until(lambda: drop.kept("events/rejected"))

    assert len(drop.kept("events/done")) == 5
    assert drop.source.oldest_pending("events") is None


async def test_the_store_is_asked_again_without_a_new_file(drop):
    """C6: what waited for the store is taken soon after it works again."""
    drop.intake.is_full = True
    async with running(drop.source):
        drop.put("events/a.json", an_event())
        await asyncio.sleep(0.1)
        drop.intake.is_full = False
        await until(lambda: drop.kept("events/done"))


# --- What is refused


async def test_a_refusal_lies_beside_its_reason(drop, pem):
    """C5: the file is kept under its time, with what is wrong and what to do."""
    drop.intake.judge = lambda event, attachment: NOT_WANTED
    drop.put("certificates/main/own.pem", pem)

    await drop.source.sweep()

    assert [path.name for path in (drop.root / "certificates/rejected").glob("*.pem")] == [f"{STAMP}own.pem"]
    assert drop.reason("certificates", "own.pem") == NOT_WANTED.text()


async def test_a_dropped_private_key_can_be_read_by_nobody_else_afterwards(drop, keypair, pem):
    """C5: a key is exposed once it lies there; it is put where only the daemon's user reads it."""
    key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    drop.intake.judge = lambda event, attachment: NOT_WANTED
    for where in ("certificates/main.pem", "tokens/key.p7m", "events/key.json"):
        drop.put(where, pem + key)

    await drop.source.sweep()

    for folder in ("certificates", "tokens", "events"):
        (path,) = (path for path in (drop.root / folder / "rejected").iterdir() if path.suffix != ".txt")
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(drop.intake.refusals) == 3


async def test_a_certificate_among_the_events_is_sent_to_its_own_folder(drop, pem):
    """C6: who may send events need not be trusted with certificates, so nothing but events is taken there."""
    drop.put("events/main.pem", pem)

    await drop.sweep_until(lambda: drop.kept("events/rejected"))

    assert "certificate" in drop.reason("events", "main.pem")
    assert not drop.intake.events


async def test_every_fault_in_a_file_of_events_is_in_its_reason(drop):
    """C6: what the intake refuses of a batch is listed; the rest of it is taken."""
    drop.intake.judge = lambda event, attachment: None if event.key.endswith(" 2") else NOT_WANTED
    drop.put("events/batch.json", f"[{an_event(1)}, {an_event(2)}, {an_event(3)}]")

    await drop.source.sweep()

    assert len(drop.intake.events) == 1
    assert drop.reason("events", "batch.json").count("TW115") == 2


async def test_the_same_content_dropped_again_is_a_duplicate(drop, pem):
    """B5.1: a new drop of a known file is told so, unlike the same file after a crash."""
    for _ in range(2):
        drop.put("certificates/main.pem", pem)
        await drop.source.sweep()

    assert drop.kept("certificates/done") == ["main.pem"]
    assert "TW117" in drop.reason("certificates", "main.pem")


async def test_a_file_moved_back_from_done_counts_as_dropped_anew(drop, pem):
    """B5.1: it is the same inode, and yet somebody dropped it again."""
    path = drop.put("certificates/main.pem", pem)
    await drop.source.sweep()
    next((drop.root / "certificates/done").iterdir()).rename(path)

    await drop.source.sweep()

    assert drop.kept("certificates/rejected") == ["main.pem"]


async def test_an_event_dropped_again_goes_to_done(drop):
    """C6: a sender may repeat itself."""
    for name in ("a.json", "b.json"):
        drop.put(f"events/{name}", an_event(7))
        await drop.source.sweep()

    assert len(drop.intake.events) == 1
    assert drop.kept("events/done") == ["a.json", "b.json"]
