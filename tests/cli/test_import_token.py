import pytest

from fakes.apple_envelope import VALUES, one_line_of_json
from tokenward.cli.exit_codes import Exit
from tokenward.model.event import AttachmentRole, EventKind
from tokenward.model.finding import Code, Finding


@pytest.fixture
def file(folder):
    """The values of a token, as a product prints them."""
    path = folder / "token.json"
    path.write_bytes(one_line_of_json())
    return path


def test_the_values_go_over_the_socket_as_a_file(cli, control, file):
    """B1.3: with the role that says what they are; nothing of them is printed."""
    result = cli("import-token", "main", "token.json")

    (event,), (attachment,) = control.intake.events, control.intake.attachments
    assert (event.kind, event.service) == (EventKind.IMPORT_TOKEN, "main")
    assert (attachment.role, attachment.name) == (AttachmentRole.TOKEN, "token.json")
    assert attachment.body == file.read_bytes()
    assert result.exit_code == Exit.WELL
    assert not any(value in result.output for value in VALUES.values())
    assert file.exists()


def test_a_dry_run_shows_name_and_size_only(cli, config, file):
    """Promise 4."""
    shown = cli.json("import-token", "main", "token.json", "--dry-run")

    assert shown == {
        "kind": "token.import",
        "service": "main",
        "file": {"name": "token.json", "bytes": file.stat().st_size},
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Code.EXPIRED, Exit.REFUSED),
        (Code.OLDER, Exit.REFUSED),
        (Code.TOO_LATE, Exit.REFUSED),
        (Code.WRONG_SERVER, Exit.REFUSED),
        (Code.VALUE_MISSING, Exit.REFUSED),
        (Code.DUPLICATE, Exit.WELL),
    ],
)
def test_a_refusal_is_said_in_the_daemons_words(cli, control, file, code, expected):
    """B1.3, B5.1: 4; what is known already is nothing to do."""
    control.intake.judge = lambda *_: Finding(code, "So it is.", "That.", "This.")

    result = cli("import-token", "main", "token.json")

    assert result.exit_code == expected
    assert result.stderr == f"{code.number} So it is.\n  Means  That.\n  Do     This.\n"


def test_a_file_that_is_not_there_is_used_wrongly(cli, control):
    """2, and nothing was asked."""
    assert cli("import-token", "main", "missing").exit_code == Exit.USED_WRONGLY
    assert control.intake.submissions == 0
