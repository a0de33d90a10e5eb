import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.values import NOW
from tokenward.model.finding import Code, Finding
from tokenward.sources.drop.entry import LARGEST_FILE, Entry, Folder, Unusable
from tokenward.sources.drop.folder import DropFolder, Modes, _content, _directory

REASON = Finding(Code.DUPLICATE, "The very same file again.", "It was not used.", "Nothing.")


@pytest.fixture
def folder(tmp_path):
    """Return the folder for tokens, made, with a subfolder for ``main``."""
    folder = DropFolder(tmp_path, Folder.TOKENS, ("main",), Modes())
    folder.make()
    return folder


@pytest.fixture
def path(tmp_path):
    """Return where the folder is."""
    return tmp_path / "tokens"


def listed(folder):
    """Return the one entry."""
    (entry,) = folder.entries()
    return entry


def kept(path):
    """Return name and content of everything in ``done/`` and ``rejected/``."""
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in path.glob("[dr]*/*") if one.is_file()}


def a_link(path):
    """Make a link to a file that should not be read."""
    secret = path.parents[1] / "secret"
    secret.write_bytes(b"secret")
    path.symlink_to(secret)


def a_socket(path):
    """Make a socket; its path must be short."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def a_device(path):
    """Make a device, where the system lets us."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


def a_full_directory(path):
    """Make a directory with something in it."""
    path.mkdir()
    (path / "inside").write_bytes(b"x")


@pytest.mark.parametrize("make", [a_link, os.mkfifo, a_socket, a_device, a_full_directory])
def test_what_is_no_file_is_refused_without_being_opened(folder, path, make):
    """C5: links are not followed, pipes not waited for, devices not touched; each lies in ``rejected/`` afterwards."""
    make(path / "thing.p7m")

    found = folder.read(listed(folder))
    assert isinstance(found, Unusable)
    assert folder.put_away(listed(folder), NOW, (found.finding,))

    assert found.finding.code is Code.NOT_REGULAR
    assert found.may_change is (make is a_full_directory)
    assert not list(folder.entries())
    assert os.path.lexists(path / "rejected/20261124T093000Z-thing.p7m")
    assert b"secret" not in kept(path)["rejected/20261124T093000Z-thing.p7m.reason.txt"]


def test_a_dangling_link_is_refused_too(folder, path):
    """C5: nothing depends on where a link leads."""
    (path / "a.p7m").symlink_to("/nowhere")

    assert folder.put_away(listed(folder), NOW, (REASON,))


def test_a_file_that_becomes_a_link_after_the_listing_is_not_followed(folder, path):
    """C5: what was listed and what is opened can differ."""
    (path / "a.p7m").write_bytes(b"x")
    entry = listed(folder)
    (path / "a.p7m").unlink()
    a_link(path / "a.p7m")

    found = folder.read(entry)

    assert isinstance(found, Unusable)
    assert found.finding.code is Code.NOT_REGULAR


@pytest.mark.parametrize(
    ("flaw", "code"),
    [
        (lambda path: path.chmod(0o666), Code.OWNER),
        (lambda path: os.link(path, path.with_name(".other")), Code.NOT_REGULAR),
    ],
    ids=["world-writable", "hard-link"],
)
def test_what_may_be_put_right_in_a_moment_is_said_to_be_so(folder, path, flaw, code):
    """C5: a sender may set the mode, or remove the first name, after the last one is there."""
    (path / "a.p7m").write_bytes(b"x")
    flaw(path / "a.p7m")

    found = folder.read(listed(folder))

    assert isinstance(found, Unusable)
    assert (found.finding.code, found.may_change) == (code, True)


@pytest.mark.parametrize(("size", "is_read"), [(LARGEST_FILE, True), (LARGEST_FILE + 1, False), (1 << 40, False)])
def test_a_file_is_read_up_to_a_limit(folder, path, size, is_read):
    """C5: an oversized file, be it a terabyte of nothing, costs no memory."""
    with (path / "a.p7m").open("wb") as file:
        file.truncate(size)

    found = folder.read(listed(folder))

    assert isinstance(found, bytes) is is_read
    if isinstance(found, Unusable):
        assert found.finding.code is Code.SIZE


def test_a_file_that_changed_since_it_was_listed_is_read_later(folder, path):
    """C5: half of an old file and half of a new one is no file."""
    (path / "a.p7m").write_bytes(b"old")
    entry = listed(folder)
    (path / "a.p7m").write_bytes(b"newer")

    found = folder.read(entry)

    assert isinstance(found, Unusable)
    assert found.may_change


def test_a_file_that_is_gone_is_no_error(folder, path):
    """C5: senders may take a file back."""
    (path / "a.p7m").write_bytes(b"x")
    entry = listed(folder)
    (path / "a.p7m").unlink()

    assert folder.read(entry) is None
    assert not folder.put_away(entry, NOW)


def test_a_file_that_took_another_ones_place_stays_to_be_read(folder, path):
    """C5: only what was read is put away."""
    (path / "a.p7m").write_bytes(b"read")
    entry = listed(folder)
    (path / ".next").write_bytes(b"not read")
    (path / ".next").rename(path / "a.p7m")

    assert not folder.put_away(entry, NOW, (REASON,))

    assert (path / "a.p7m").read_bytes() == b"not read"
    assert not kept(path)


@pytest.mark.parametrize("is_name_taken", [False, True])
def test_a_file_that_is_replaced_in_the_very_last_moment_comes_back(folder, path, monkeypatch, is_name_taken):
    """C5: between the last look and the move another file gets the name: it is not lost either."""
    (path / "a.p7m").write_bytes(b"read")
    entry = listed(folder)
    rename = os.rename

    def replaced_first(source, target, **words):
        monkeypatch.setattr(os, "rename", rename)
        (path / ".next").write_bytes(b"second")
        (path / ".next").rename(path / "a.p7m")
        rename(source, target, **words)
        if is_name_taken:
            (path / "a.p7m").write_bytes(b"third")

    monkeypatch.setattr(os, "rename", replaced_first)

    assert not folder.put_away(entry, NOW, (REASON,))

    contents = {(path / one.name).read_bytes() for one in folder.entries()}
    assert contents == ({b"second", b"third"} if is_name_taken else {b"second"})
    assert not kept(path)


def test_nothing_that_was_put_away_is_written_over(folder, path):
    """C5: the same name in the same second, from the folder and a subfolder."""
    for content in (b"1", b"2", b"3"):
        (path / "a.p7m").write_bytes(content)
        folder.put_away(listed(folder), NOW)
    (path / "main/a.p7m").write_bytes(b"4")
    folder.put_away(listed(folder), NOW)

    assert sorted(kept(path).values()) == [b"1", b"2", b"3", b"4"]
    assert "done/20261124T093000Z-a.p7m" in kept(path)


NAMES = ["two words.p7m", "line\nbreak.p7m", "b\udcff\udcfe.p7m", "x" * 255, "ü" * 127, "-rf", "a.reason.txt", "$(id)"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_can_be_put_away_and_shown(folder, path, name):
    """C5: blanks, line breaks, bytes that are no UTF-8, the longest names of all."""
    (path / name).write_bytes(b"content")
    entry = listed(folder)

    assert folder.read(entry) == b"content"
    assert folder.put_away(entry, NOW, (REASON,))

    entry.shown_name.encode()
    assert entry.shown_name.isprintable()
    assert sorted(kept(path).values()) == sorted([b"content", REASON.text().encode()])


@given(st.binary(min_size=1, max_size=255).filter(lambda name: not {0, 0x2F} & set(name) and name not in {b".", b".."}))
def test_every_name_can_be_shown(name):
    """C5: no byte of a name breaks a log line or a record."""
    state = os.stat_result((0o100600, 1, 1, 1, 0, 0, 0, 0, 0, 0))

    shown = Entry.of(Folder.TOKENS, None, os.fsdecode(name), state).shown_name

    shown.encode()
    assert shown.isprintable()


def test_folders_are_private_unless_the_configuration_says_otherwise(tmp_path):
    """C5: by default nobody else may enter; a group of uploaders may, with the bits that keep them apart."""
    DropFolder(tmp_path / "own", Folder.TOKENS, ("main",), Modes()).make()
    DropFolder(tmp_path / "shared", Folder.TOKENS, ("main",), Modes(dropped_into=0o3730)).make()

    modes = {
        place: stat.S_IMODE((tmp_path / place).stat().st_mode)
        for place in (
            "own/tokens",
            "own/tokens/main",
            "own/tokens/done",
            "shared/tokens/main",
            "shared/tokens/rejected",
        )
    }

    assert modes == {
        "own/tokens": 0o700,
        "own/tokens/main": 0o700,
        "own/tokens/done": 0o700,
        "shared/tokens/main": 0o3730,
        "shared/tokens/rejected": 0o700,
    }


def test_permissions_that_somebody_set_are_kept(folder, path):
    """C5: making what is missing changes nothing that is there."""
    path.chmod(0o750)

    folder.make()

    assert stat.S_IMODE(path.stat().st_mode) == 0o750


def test_a_failed_move_leaves_no_reason_behind(folder, path, monkeypatch):
    """C5: a reason without its file would puzzle people."""
    (path / "a.p7m").write_bytes(b"x")

    def fail(*arguments, **words):
        raise PermissionError

    monkeypatch.setattr(os, "rename", fail)
    with suppress(PermissionError):
        folder.put_away(listed(folder), NOW, (REASON,))

    assert not kept(path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_file_that_the_daemon_may_not_read_is_said_to_be_so(folder, path):
    """C5: the uploader's 0600 is named, with the mode that is needed."""
    (path / "a.p7m").write_bytes(b"x")
    (path / "a.p7m").chmod(0o600)
    path.chmod(0o755)
    entry = listed(folder)
    with _directory(path) as where:  # opened before: that user may not enter pytest's own folders
        os.seteuid(65534)
        try:
            found = _content(entry, where)
        finally:
            os.seteuid(0)

    assert isinstance(found, Unusable)
    assert (found.finding.code, found.may_change) == (Code.OWNER, True)
    assert "0600" in found.finding.happened
