import os

import pytest

from tokenward.app.secrets import LARGEST, read_secrets
from tokenward.model.secret import Secret
from tokenward.schema.secret_ref import SecretPlace, SecretRef


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file only its owner may read, and returns a reference to it."""

    def write(content: bytes, mode: int = 0o600) -> SecretRef:
        path = tmp_path / "key file"
        path.write_bytes(content)
        path.chmod(mode)
        return SecretRef(SecretPlace.FILE, str(path))

    return write


def test_secrets_are_read_from_credentials_files_and_the_environment(tmp_path, write):
    """The three places."""
    (tmp_path / "seal-key").write_bytes(b"one")
    refs = {
        "a": SecretRef(SecretPlace.CREDENTIAL, "seal-key"),
        "b": write(b"two"),
        "c": SecretRef(SecretPlace.ENV, "KEY"),
    }

    secrets = read_secrets(refs, {"CREDENTIALS_DIRECTORY": str(tmp_path), "KEY": "three"})

    assert secrets.problems == ()
    assert [secrets.reveal(ref) for ref in refs.values()] == [Secret("one"), Secret("two"), Secret("three")]


def test_every_file_of_the_units_own_folder_is_a_credential_by_its_name(tmp_path):
    """systemd.exec(5): of a folder that is loaded as `tokenward`, `seal-key` becomes `tokenward_seal-key`."""
    (tmp_path / "tokenward_seal-key").write_bytes(b"of the folder")
    (tmp_path / "tokenward_other").write_bytes(b"of the folder")
    (tmp_path / "other").write_bytes(b"by a drop-in")
    refs = {name: SecretRef(SecretPlace.CREDENTIAL, name) for name in ("seal-key", "other")}

    secrets = read_secrets(refs, {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert secrets.problems == ()
    assert [secrets.reveal(ref) for ref in refs.values()] == [Secret("of the folder"), Secret("by a drop-in")]


@pytest.mark.parametrize(
    ("content", "secret"),
    [(b"key\n", b"key"), (b"key\r\n", b"key"), (b"key\n\n", b"key\n"), (b" key ", b" key "), (b"\xff\n", b"\xff\n")],
    ids=["newline", "windows", "one newline only", "blanks stay", "no text stays"],
)
def test_the_newline_at_the_end_of_a_text_is_no_part_of_the_secret(write, content, secret):
    """Editors put it there; a key of random bytes may end in one."""
    ref = write(content)

    assert read_secrets({"a": ref}, {}).reveal(ref) == Secret(secret)


def test_a_folder_of_credentials_that_cannot_be_looked_into_is_a_problem():
    """It is said like everything else that is wrong; a name that is too long stands for a folder that is closed."""
    secrets = read_secrets(
        {"daemon.seal_key": SecretRef(SecretPlace.CREDENTIAL, "k")}, {"CREDENTIALS_DIRECTORY": "/x" * 4096}
    )

    (problem,) = secrets.problems
    assert "can't be looked into: File name too long" in problem.wrong


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o700])
def test_a_file_that_others_may_read_is_refused_with_the_command_to_run(write, tmp_path, mode):
    """Only 0600 and 0400 will do."""
    secrets = read_secrets({"daemon.seal_key": write(b"hunter2", mode)}, {})

    (problem,) = secrets.problems
    assert problem.path == "daemon.seal_key"
    assert f"{mode:04o}" in problem.wrong
    assert problem.right == f"run: chmod 600 '{tmp_path}/key file'"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(write):
    """Its owner could put another key there."""
    ref = write(b"hunter2")
    os.chown(ref.name, 12345, 12345)

    (problem,) = read_secrets({"a": ref}, {}).problems

    assert "another user" in problem.wrong


def test_everything_that_is_missing_is_said_at_once(tmp_path, write):
    """One start is enough to learn of all of it, and no message has a secret in it."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    refs = {
        "no folder": SecretRef(SecretPlace.CREDENTIAL, "seal-key"),
        "no file": SecretRef(SecretPlace.FILE, str(tmp_path / "nothing")),
        "a folder": SecretRef(SecretPlace.FILE, str(tmp_path)),
        "a pipe": SecretRef(SecretPlace.FILE, str(fifo)),
        "not set": SecretRef(SecretPlace.ENV, "KEY"),
        "empty": SecretRef(SecretPlace.ENV, "EMPTY"),
        "large": write(b"hunter2" * LARGEST),
    }

    secrets = read_secrets(refs, {"EMPTY": ""})

    assert [problem.path for problem in secrets.problems] == list(refs)
    assert "hunter2" not in "".join(problem.text() for problem in secrets.problems)


def test_an_empty_file_and_a_missing_credential_are_problems(tmp_path, write):
    """An empty secret would match an empty password."""
    refs = {"empty": write(b"\n"), "missing": SecretRef(SecretPlace.CREDENTIAL, "nothing")}

    secrets = read_secrets(refs, {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert [problem.path for problem in secrets.problems] == ["empty", "missing"]
