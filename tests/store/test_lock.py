import os
import subprocess
import sys

import pytest

from tokenward.model.finding import NeedsOperator
from tokenward.store.lock import LockedByAnother, StateLock

HOLD = """
import sys
from pathlib import Path
from tokenward.store.lock import StateLock
lock = StateLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_and_told_who_holds_the_folder(tmp_path):
    """C9: two daemons on one state directory would do everything twice (exit code 6)."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedByAnother, match=f"Process {holder.pid}") as refused:
            StateLock.acquire(tmp_path)
        assert isinstance(refused.value, NeedsOperator)
        assert refused.value.pid == holder.pid
        holder.kill()
        holder.wait(10)
    with StateLock.acquire(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_was_let_go_can_be_held_again(tmp_path):
    """C9: also within one process."""
    with StateLock.acquire(tmp_path / "state"), pytest.raises(LockedByAnother):
        StateLock.acquire(tmp_path / "state")
    lock = StateLock.acquire(tmp_path / "state")
    lock.release()
    lock.release()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_a_holder_without_a_name_is_another_process(tmp_path):
    """C9: a lock file that says nothing is no reason to go on."""
    with StateLock.acquire(tmp_path):
        (tmp_path / "lock").write_text("")
        with pytest.raises(LockedByAnother, match="Another process"):
            StateLock.acquire(tmp_path)


def test_a_place_that_cannot_be_made_is_a_finding_and_no_fault(tmp_path):
    """Promise 6: whoever starts it reads what is to be mended."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NeedsOperator) as refused:
        StateLock.acquire(tmp_path / "file" / "state")
    assert "enter every folder above it" in refused.value.finding.do
