"""Whatever is wrong with a dropped file: it is put away with a reason, counted, and nothing else changes."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from end_to_end.scene import a_certificate, linked_quickstart, tokens
from fakes.apple_envelope import apple_cms, apple_file, apple_message
from fakes.running import Running, a_cloudevent, short_folder
from tokenward.crypto.certificate import parse_certificate
from tokenward.model.finding import Code
from tokenward.sources.drop.entry import LARGEST_FILE

Make = Callable[[Path, Running], None]


@pytest.fixture(scope="module")
def daemon():
    """A daemon whose services are both linked; the tests here leave it as it is."""
    with short_folder() as root, linked_quickstart(root / "var") as daemon:
        yield daemon


@dataclass(frozen=True)
class Bad:
    """A file that must be refused."""

    what: str
    folder: str
    name: str
    code: Code
    make: Make


def holding(content: Callable[[Running], bytes]) -> Make:
    """Return what writes a file with this content."""

    def make(path: Path, daemon: Running) -> None:
        temporary = path.with_name(f"{path.name}.tmp")
        temporary.write_bytes(content(daemon))
        temporary.rename(path)

    return make


def installed(daemon: Running) -> bytes:
    """Return the envelope that labs works with."""
    return (daemon.folder / "targets" / "labs" / "labs.p7m").read_bytes()


def for_nobodys_key(_: Running) -> bytes:
    """Return a token file that was made for a certificate of somebody else."""
    certificate = parse_certificate(a_certificate("elsewhere")[0], datetime.now(UTC))
    return apple_file(apple_cms(certificate, apple_message()))


def cut_in_half(content: bytes) -> bytes:
    """Return the first half of *content*."""
    return content[: len(content) // 2]


def link_to_seal_key(path: Path, daemon: Running) -> None:
    """Make a link to what nobody may read."""
    path.symlink_to(daemon.folder / "seal-key")


def fifo(path: Path, _: Running) -> None:
    """Make a pipe that nobody writes to: to open it would be to wait for ever."""
    os.mkfifo(path)


BAD = (
    Bad("no certificate", "certificates", "labs.pem", Code.NOT_A_CERTIFICATE, holding(lambda _: b"hello\n")),
    Bad("a private key", "certificates", "labs.pem", Code.PRIVATE_KEY, holding(lambda _: a_certificate("labs")[1])),
    Bad(
        "a chain",
        "certificates",
        "labs.pem",
        Code.CHAIN,
        holding(lambda _: a_certificate("labs")[0] + a_certificate("authority")[0]),
    ),
    Bad("a weak key", "certificates", "labs.pem", Code.WEAK, holding(lambda _: a_certificate("labs", 1024)[0])),
    Bad("too large", "certificates", "labs.pem", Code.SIZE, holding(lambda _: bytes(LARGEST_FILE + 1))),
    Bad(
        "half written",
        "certificates",
        "labs.pem",
        Code.PARTIAL,
        holding(lambda _: cut_in_half(a_certificate("labs")[0])),
    ),
    Bad("a link", "certificates", "labs.pem", Code.NOT_REGULAR, link_to_seal_key),
    Bad("a pipe", "certificates", "labs.pem", Code.NOT_REGULAR, fifo),
    Bad(
        "an unknown service",
        "certificates",
        "nobody.pem",
        Code.UNKNOWN_SERVICE,
        holding(lambda _: a_certificate("nobody")[0]),
    ),
    Bad("for a key nobody has", "tokens", "token.p7m", Code.NO_KEY, holding(for_nobodys_key)),
    Bad("damaged", "tokens", "token.p7m", Code.DAMAGED, holding(lambda daemon: cut_in_half(installed(daemon)))),
    Bad("the same again", "tokens", "token.p7m", Code.DUPLICATE, holding(installed)),
    Bad("no CloudEvent", "events", "event.json", Code.NOT_AN_EVENT, holding(lambda _: b'{"hello": "world"}')),
    Bad("no JSON", "events", "event.json", Code.NOT_AN_EVENT, holding(lambda _: b"hello")),
    Bad(
        "an unknown type",
        "events",
        "event.json",
        Code.UNKNOWN_KIND,
        holding(lambda _: a_cloudevent("moon.risen", "kim@corp.example")),
    ),
)


def standing(daemon: Running) -> object:
    """Return how everything stands, but for the time that passes."""
    services = [daemon.service(name) for name in ("main", "labs")]
    return [{word: what for word, what in one.items() if word != "days_until_expiry"} for one in services]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.what)
def test_a_bad_file_is_refused_with_a_reason_and_changes_nothing_else(daemon, bad):
    """C5, A5: it ends in rejected/ beside what to do about it, is counted once, and both services stand as before."""
    rejected = daemon.folder / "drop" / bad.folder / "rejected"
    counter = {"folder": bad.folder, "outcome": "rejected", "reason": bad.code.reason}
    before, counted = standing(daemon), daemon.metric("tokenward_drop_files_total", **counter)
    issued, kept, target = tokens(daemon.folder), set(rejected.iterdir()), installed(daemon)

    dropped = daemon.folder / "drop" / bad.folder / bad.name
    bad.make(dropped, daemon)
    daemon.until(lambda: not dropped.is_symlink() and not dropped.exists(), "the file is put away", seconds=10)

    reason, file = sorted(set(rejected.iterdir()) - kept, key=lambda path: not path.name.endswith(".reason.txt"))
    assert file.name.endswith(f"-{bad.name}")
    assert reason.name == f"{file.name}.reason.txt"
    assert reason.read_text().startswith(f"{bad.code.number} ")
    assert "\n  Do     " in reason.read_text()
    assert daemon.metric("tokenward_drop_files_total", **counter) == counted + 1
    assert (standing(daemon), tokens(daemon.folder), installed(daemon)) == (before, issued, target)
    assert not daemon.metric("tokenward_internal_errors_total")


def test_after_all_of_them_a_good_file_is_still_taken(daemon):
    """C5, A6: bad input holds nothing up."""
    daemon.drop("certificates", "labs.pem", a_certificate("labs")[0])

    done = {"service": "labs", "outcome": "done"}
    daemon.until(lambda: daemon.metric("tokenward_rotations_total", **done) >= 2, "labs has another token")
    daemon.until(lambda: daemon.is_settled("labs"), "and is at rest")
