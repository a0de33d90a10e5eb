"""The operator's own program."""

import asyncio
import os
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from tokenward.crypto import make_keypair, to_pem
from tokenward.issuers.command import CommandIssuer, Settings, build
from tokenward.model.finding import Code, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.target import IssueOrder

CERTIFICATE = make_keypair("main", 7, datetime(2026, 11, 24, tzinfo=UTC), timedelta(days=30)).certificate
ORDER = IssueOrder("main", "Main {account} MDM", CERTIFICATE, "kim@corp.example", release_devices=False)


@pytest.fixture
def program(tmp_path):
    """Return a function that makes an issuer of a Python program."""

    def issuer(text, *arguments, timeout="20s") -> CommandIssuer:
        path = tmp_path / "fetch-token"
        path.write_text(f"#!{sys.executable} -I\n{text}")
        path.chmod(stat.S_IRWXU)
        command = [str(path), *(arguments or ("{certificate}",))]
        return CommandIssuer(Settings.model_validate({"kind": "command", "command": command, "timeout": timeout}))

    return issuer


async def test_what_the_program_writes_is_the_file(program):
    """B4.7: no person is needed; the file goes the way of every other."""
    file = await program("import sys; sys.stdout.buffer.write(b'\\x30\\x80 the file')").issue(ORDER)
    assert (file.name, file.body.reveal()) == ("main.p7m", b"\x30\x80 the file")


async def test_the_program_is_given_the_certificate_and_the_names(program):
    """A name that looks like a placeholder stays a name, and nothing passes through a shell."""
    echo = "import sys; print(open(sys.argv[1]).read(), '|'.join(sys.argv[2:]), sep='|')"
    arguments = ("{certificate}", "{service}", "--name={name}", "{account}", "{release}", "{unknown}", "$HOME;")
    written = (await program(echo, *arguments).issue(ORDER)).body.reveal_text()
    pem, *names = written.rstrip("\n").split("|")
    assert pem.encode().split() == to_pem(CERTIFICATE).split()
    assert names == ["main", "--name=Main {account} MDM", "kim@corp.example", "no", "{unknown}", "$HOME;"]


async def test_the_certificates_file_is_nobody_elses_and_does_not_stay(program):
    """Promise 4's habit: files are 0600, and gone afterwards."""
    show = "import os, sys; print(sys.argv[1], oct(os.stat(sys.argv[1]).st_mode & 0o777))"
    path, mode = (await program(show).issue(ORDER)).body.reveal_text().split()
    assert mode == "0o600"
    assert not Path(path).exists()


async def test_the_daemons_environment_stays_with_the_daemon(program, monkeypatch):
    """Promise 4: secrets can stand there."""
    monkeypatch.setenv("TOKENWARD_SECRET", "s3cret")
    written = (await program("import os; print(dict(os.environ))").issue(ORDER)).body.reveal_text()
    assert "s3cret" not in written
    assert "PATH" in written


async def test_a_program_that_fails_is_shown_with_its_last_words(program):
    """B2.1: ``issuer_failed``, with what the program said."""
    fail = "import sys; print('\\n'.join(f'line {n}\\x1b[31m' for n in range(9)), file=sys.stderr); sys.exit(3)"
    with pytest.raises(NeedsOperator) as raised:
        await program(fail).issue(ORDER)
    finding = raised.value.finding
    assert finding.code is Code.ISSUER_FAILED
    assert "status 3" in finding.happened
    assert "line 4" in finding.do
    assert "line 8" in finding.do
    assert "line 3" not in finding.do
    assert "\x1b" not in finding.do


async def test_a_program_may_say_that_it_is_to_be_tried_again(program):
    """Status 75 is what mail systems mean by it: nothing happened."""
    with pytest.raises(Retryable):
        await program("raise SystemExit(75)").issue(ORDER)


async def test_a_program_that_writes_nothing_has_failed(program):
    """An empty file is no envelope."""
    with pytest.raises(NeedsOperator, match="wrote no file"):
        await program("").issue(ORDER)


async def test_a_program_that_writes_without_end_is_ended(program):
    """Promise 5: nothing grows memory without bound."""
    with pytest.raises(NeedsOperator, match="more than"):
        await program("import sys\nwhile True: sys.stdout.write('x' * 65536)").issue(ORDER)


async def test_a_program_that_is_too_slow_is_ended_with_all_that_it_started(program, tmp_path):
    """B4.7: whether it has downloaded is not known."""
    noted = tmp_path / "pid"
    text = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(['/bin/sleep', '60'])\n"
        f"open({str(noted)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    with pytest.raises(OutcomeUnknown):
        await program(text, timeout="1s").issue(ORDER)
    await _is_gone(int(noted.read_text()))


async def test_a_program_is_ended_with_the_daemon(program, tmp_path):
    """A task that is cancelled leaves nothing running."""
    noted = tmp_path / "pid"
    text = f"import os, time; open({str(noted)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    task = asyncio.create_task(program(text).issue(ORDER))
    async with asyncio.timeout(10):
        while not (noted.exists() and noted.read_text()):
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _is_gone(int(noted.read_text()))


async def test_a_program_that_is_missing_is_named():
    """B2.1: the operator can mend it."""
    settings = Settings.model_validate({"kind": "command", "command": ["/no/such/program", "{certificate}"]})
    issue = build(settings).issue
    assert issue is not None
    with pytest.raises(NeedsOperator, match="can't be started"):
        await issue.issue(ORDER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"command": []},
        {"command": ["fetch-token", "{certificate}"]},
        {"command": ["/usr/bin/fetch-token"]},
        {"timeout": "2h"},
    ],
)
def test_a_command_that_cannot_work_is_refused_by_the_configuration(wrong):
    """``config check`` says so before anything happens."""
    right = {"kind": "command", "command": ["/usr/bin/fetch-token", "{certificate}"]}
    assert Settings.model_validate(right)
    with pytest.raises(ValidationError):
        Settings.model_validate(right | wrong)


async def _is_gone(pid: int) -> None:
    """Wait until no process has this id, or only its parent has not yet looked at its end."""
    async with asyncio.timeout(10):
        while _runs(pid):
            await asyncio.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"
