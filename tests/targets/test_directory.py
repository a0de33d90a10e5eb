"""The directory target, on a real folder."""

import errno
import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from contracts.target_contract import TargetContract
from fakes.apple_envelope import apple_cms, apple_file, apple_message
from fakes.target import a_token
from tokenward.crypto import make_keypair, parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Code, Finding, Retryable
from tokenward.model.target import NOTHING_HELD, BlockReason, Delivery
from tokenward.targets.directory import Directory, Settings, build

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def certificate():
    """Return a certificate to make envelopes for."""
    return make_keypair("main", 7, NOW, timedelta(days=30)).certificate


@pytest.fixture
def envelope(certificate):
    """Return an envelope as Apple's portal writes it."""
    return parse_envelope(apple_file(apple_cms(certificate, apple_message())))


@pytest.fixture
def folder(tmp_path):
    """Return the folder that somebody else reads."""
    folder = tmp_path / "labs"
    folder.mkdir()
    return folder


def a_target(folder):
    """Return the target of the service ``labs`` in *folder*."""
    return build(Settings.model_validate({"kind": "directory", "path": str(folder)}), service="labs")


@pytest.fixture
def full_disk(monkeypatch):
    """Return a function that fills the disk: what is written can't be kept."""

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda: monkeypatch.setattr(os, "fsync", full)


class TestDirectory(TargetContract):
    @pytest.fixture
    def case(self, folder, certificate, full_disk):
        """Return the directory target, and one whose folder is missing."""

        class Case:
            target = a_target(folder)
            nowhere = a_target(folder / "missing")

            async def envelope(self) -> Envelope:
                return parse_envelope(apple_file(apple_cms(certificate, apple_message())))

            async def refused(self) -> Finding:
                full_disk()
                with pytest.raises(Retryable) as refused:
                    await self.target.installer.install(Delivery("main", await self.envelope()))
                return refused.value.finding

        return Case()


async def test_the_file_lies_there_exactly_as_it_came(folder, envelope):
    """A14: whoever reads it meets what Apple's portal gave, under the service's name, and nobody else may read it."""
    await Directory(folder, "labs").install(Delivery("labs", envelope))
    [file] = folder.iterdir()
    assert (file.name, file.read_bytes()) == ("labs.p7m", envelope.original)
    assert file.stat().st_mode & 0o777 == 0o600


async def test_the_five_values_lie_beside_it_where_they_are_known(folder, envelope):
    """A14: under the names that Apple gives them, and nobody else may read them."""
    token = a_token("new", NOW)
    await Directory(folder, "labs").install(Delivery("labs", envelope, token))
    file = folder / "labs.json"
    assert json.loads(file.read_text()) == {
        "consumer_key": token.consumer_key.reveal_text(),
        "consumer_secret": token.consumer_secret.reveal_text(),
        "access_token": token.access_token.reveal_text(),
        "access_secret": token.access_secret.reveal_text(),
        "access_token_expiry": "2026-11-24T00:00:00Z",
    }
    assert file.stat().st_mode & 0o777 == 0o600


async def test_values_of_an_older_token_do_not_stay_beside_a_newer_envelope(folder, envelope):
    """Whoever reads both must not mix them."""
    directory = Directory(folder, "labs")
    await directory.install(Delivery("labs", envelope, a_token("old")))
    await directory.install(Delivery("labs", envelope))
    assert [file.name for file in folder.iterdir()] == ["labs.p7m"]


async def test_the_same_token_in_another_wrapping_is_the_same(folder, envelope):
    """B8.5: what is compared is the content of the file, not its mail headers."""
    (folder / "labs.p7m").write_bytes(envelope.cms)
    assert (await Directory(folder, "labs").read_back()).envelope == envelope.digest


async def test_a_file_that_is_no_envelope_is_present_and_nothing_more(folder):
    """B1.3: unreadable is unknown, not unlinked."""
    (folder / "labs.p7m").write_bytes(b"junk")
    held = await Directory(folder, "labs").read_back()
    assert (held.present, held.envelope) == (True, None)
    assert (await Directory(folder, "labs").prove("", NOW)).rung == 0


async def test_an_empty_folder_holds_nothing_and_a_missing_one_is_unknown(folder):
    """B1.3: a file system that is not mounted is no evidence."""
    assert await Directory(folder, "labs").read_back() == NOTHING_HELD
    with pytest.raises(Retryable) as raised:
        await Directory(folder / "missing", "labs").read_back()
    assert raised.value.finding.code is Code.TARGET_UNREACHABLE


async def test_a_folder_is_not_made(folder, envelope):
    """Nothing is written under a mount point without its file system."""
    with pytest.raises(Retryable):
        await Directory(folder / "missing", "labs").install(Delivery("labs", envelope))
    assert not (folder / "missing").exists()


async def test_the_preflight_leaves_nothing_behind(folder):
    """B8.5: it makes a file and removes it."""
    assert (await Directory(folder, "labs").preflight()).is_clear
    assert list(folder.iterdir()) == []


async def test_a_full_disk_shows_before_anybody_is_asked(folder, full_disk):
    """B4.1: the way is not clear, and the remedy names the folder."""
    full_disk()
    [obstacle] = (await Directory(folder, "labs").preflight()).obstacles
    assert obstacle.reason is BlockReason.TARGET_REFUSED
    assert str(folder) in obstacle.remedy


async def test_a_file_in_place_of_the_folder_is_named(folder):
    """B4.1: a wrong path shows before anybody is asked."""
    (folder / "file").touch()
    [obstacle] = (await Directory(folder / "file", "labs").preflight()).obstacles
    assert obstacle.reason is BlockReason.TARGET_UNREACHABLE


async def test_a_failed_installation_leaves_no_pieces(folder, envelope, full_disk):
    """Promise 6: the disk may fill."""
    full_disk()
    with pytest.raises(Retryable) as raised:
        await Directory(folder, "labs").install(Delivery("labs", envelope))
    assert raised.value.finding.code is Code.TARGET_REFUSED
    assert list(folder.iterdir()) == []


async def test_a_folder_in_place_of_the_file_leaves_no_pieces_either(folder, envelope):
    """Promise 5: whatever stands there, nothing with the token in it is left lying about."""
    (folder / "labs.p7m").mkdir()
    with pytest.raises(Retryable):
        await Directory(folder, "labs").install(Delivery("labs", envelope))
    assert [file.name for file in folder.iterdir()] == ["labs.p7m"]


async def test_what_a_crash_left_beside_goes_with_the_next_attempt(folder, envelope):
    """Promise 1: an installation that was cut off is repeated, and its half-written file does not stay."""
    (folder / ".labs.json.tmp").write_text('{"consumer_key": "half')
    (folder / ".labs.p7m.tmp").write_bytes(envelope.original[:100])
    await Directory(folder, "labs").install(Delivery("labs", envelope))
    assert [file.name for file in folder.iterdir()] == ["labs.p7m"]


async def test_what_points_elsewhere_is_replaced_and_not_followed(folder, envelope, tmp_path):
    """A link in the folder must not make the daemon write somewhere else."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("untouched")
    (folder / "labs.p7m").symlink_to(elsewhere)
    await Directory(folder, "labs").install(Delivery("labs", envelope))
    assert elsewhere.read_text() == "untouched"
    assert not (folder / "labs.p7m").is_symlink()


async def test_nobody_can_tell_how_the_token_is(folder, envelope):
    """B8.5, B10.1: cannot tell, never valid; and no more than rung 2."""
    directory = Directory(folder, "labs")
    await directory.install(Delivery("labs", envelope))
    assert (await directory.health()).verdict is None
    assert (await directory.prove("", NOW)).rung == 2
