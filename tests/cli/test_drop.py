import json

import pytest

from fakes.values import DAY, NOW
from tokenward.cli.exit_codes import Exit
from tokenward.cli.files import LARGEST
from tokenward.crypto import make_keypair, to_pem
from tokenward.model.event import AttachmentRole, EventKind
from tokenward.model.finding import Code, Finding
from tokenward.model.person import Subject

EVENT = {
    "specversion": "1.0",
    "id": "hr-42",
    "source": "urn:corp:hr",
    "type": "identity.employment.ending",
    "subject": "kim@corp.example",
    "data": {"effective_at": "2026-12-30T18:00:00Z"},
}
ENVELOPE = b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIIB\r\n"
PRIVATE_KEY = b"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"


@pytest.fixture(scope="module")
def certificate():
    """A certificate as an operator exports it."""
    return to_pem(make_keypair("labs", 7, NOW, 365 * DAY).certificate)


def test_a_certificate_goes_to_the_service_that_it_is_named_after(cli, control, folder, certificate):
    """As in the drop folder."""
    (folder / "labs.pem").write_bytes(certificate)

    result = cli("drop", "labs.pem")

    assert result.exit_code == Exit.WELL
    (event,) = control.intake.events
    (attachment,) = control.intake.attachments
    assert (event.kind, event.service) == (EventKind.CERTIFICATE_NEW, "labs")
    assert (attachment.role, attachment.name, attachment.body) == (AttachmentRole.CERTIFICATE, "labs.pem", certificate)
    assert (folder / "labs.pem").exists()


def test_a_token_is_told_by_its_content_whatever_it_is_called(cli, control, folder):
    """Without a service it is matched by its recipient."""
    (folder / "download").write_bytes(ENVELOPE)

    assert cli("drop", "download").exit_code == Exit.WELL
    (event,) = control.intake.events
    assert (event.kind, event.service) == (EventKind.TOKEN_SUPPLIED, None)
    assert control.intake.attachments[0].role is AttachmentRole.ENVELOPE


def test_a_service_can_be_named(cli, control, folder, certificate):
    """It goes before the file's name."""
    (folder / "new.pem").write_bytes(certificate)

    cli("drop", "new.pem", "--service", "main")

    assert control.intake.events[0].service == "main"


@pytest.mark.parametrize(
    ("name", "role", "kind"),
    [
        ("x.p7m", [], EventKind.TOKEN_SUPPLIED),
        ("x.pem", [], EventKind.CERTIFICATE_NEW),
        ("x.bin", ["--as", "token"], EventKind.TOKEN_SUPPLIED),
        ("x.p7m", ["--as", "certificate"], EventKind.CERTIFICATE_NEW),
    ],
)
def test_what_the_content_does_not_say_is_said_by_word_or_extension(cli, control, folder, name, role, kind):
    """The daemon then says what is wrong with it."""
    (folder / name).write_bytes(b"no idea")

    cli("drop", name, *role)

    assert control.intake.events[0].kind is kind


def test_an_event_is_understood_here_and_asked_as_such(cli, control, folder):
    """A CloudEvent, with its subject and its dates."""
    (folder / "departure.json").write_text(json.dumps(EVENT))

    assert cli("drop", "departure.json").exit_code == Exit.WELL
    (event,) = control.intake.events
    assert (event.kind, event.subject) == (EventKind.EMPLOYMENT_ENDING, Subject("email", "kim@corp.example"))
    assert f"{event.effective_at:%Y-%m-%dT%H:%M}" == "2026-12-30T18:00"


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ({"format": "email", "email": "kim@corp.example"}, Subject("email", "kim@corp.example")),
        ({"format": "account", "uri": "acct:kim@corp.example"}, Subject("account", "kim@corp.example")),
        (
            {"format": "iss_sub", "iss": "https://id.corp.example", "sub": "7"},
            Subject("iss_sub", "https://id.corp.example 7"),
        ),
        ({"format": "employee", "id": "E042"}, Subject("employee", "E042")),
    ],
    ids=lambda value: value.format if isinstance(value, Subject) else "",
)
def test_every_form_of_subject_survives_the_way(cli, control, folder, written, understood):
    """What is said to the daemon means whom the file meant."""
    event = {name: value for name, value in EVENT.items() if name != "subject"}
    (folder / "e.json").write_text(json.dumps({**event, "data": {"subject": written, "reason": "why"}}))

    cli("drop", "e.json")

    (taken,) = control.intake.events
    assert taken.subject == understood
    assert taken.data["reason"] == "why"


def test_an_array_of_events_is_handed_over_one_by_one(cli, control, folder):
    """As in batch mode."""
    (folder / "e.json").write_text(json.dumps([EVENT, {**EVENT, "id": "hr-43"}]))

    assert cli("drop", "e.json", "--as", "event").exit_code == Exit.WELL
    assert len(control.intake.events) == 2


def test_a_bad_event_is_refused_with_everything_that_is_wrong(cli, control, folder):
    """4, and nothing of it was asked."""
    (folder / "e.json").write_text(json.dumps({**EVENT, "specversion": "2.0", "subject": "Kim Lee"}))

    result = cli("drop", "e.json")

    assert result.exit_code == Exit.REFUSED
    assert "specversion" in result.stderr
    assert "subject" in result.stderr
    assert control.intake.submissions == 0


@pytest.mark.parametrize("role", [[], ["--as", "certificate"]], ids=" ".join)
def test_a_private_key_stays_where_it_is(cli, control, folder, role):
    """It is not sent anywhere, whatever it is said to be."""
    (folder / "labs.pem").write_bytes(PRIVATE_KEY)

    result = cli("drop", "labs.pem", *role)

    assert result.exit_code == Exit.REFUSED
    assert result.stderr.startswith("TW111 ")
    assert "MIIE" not in result.output
    assert control.intake.submissions == 0


def test_a_file_that_is_far_too_large_is_not_read_to_its_end(cli, control, folder):
    """256 KiB; nothing of it is sent."""
    (folder / "x.p7m").write_bytes(b"x" * (LARGEST + 1))

    result = cli("drop", "x.p7m")

    assert result.exit_code == Exit.REFUSED
    assert "256 KiB" in result.stderr
    assert control.intake.submissions == 0


def test_a_file_that_nobody_takes_is_called_what_it_is(cli, control, folder):
    """A web page that was saved instead of the token."""
    (folder / "token").write_text("<!doctype html><title>Sign in</title>")

    result = cli("drop", "token")

    assert result.exit_code == Exit.REFUSED
    assert "token is a web page." in result.stderr


@pytest.mark.parametrize("name", ["missing.pem", "."])
def test_what_is_no_file_is_used_wrongly(cli, control, name):
    """2."""
    assert cli("drop", name).exit_code == Exit.USED_WRONGLY


def test_a_refusal_is_said_in_the_daemons_words(cli, control, folder, certificate):
    """B3: where the key is held by us, a certificate is refused."""
    (folder / "labs.pem").write_bytes(certificate)
    control.intake.judge = lambda *_: Finding(Code.KEYHOLDER, "Not wanted.", "Ours.", "Change keyholder.")

    result = cli("drop", "labs.pem")

    assert result.exit_code == Exit.REFUSED
    assert result.stderr == "TW115 Not wanted.\n  Means  Ours.\n  Do     Change keyholder.\n"


def test_the_very_same_file_again_is_nothing_to_do(cli, control, folder, certificate):
    """B5.1: said, and no failure."""
    (folder / "labs.pem").write_bytes(certificate)
    cli("drop", "labs.pem")

    result = cli("drop", "labs.pem")

    assert result.exit_code == Exit.WELL
    assert "TW117" in result.stderr


def test_a_dry_run_shows_name_and_size_but_no_content(cli, config, folder):
    """Nothing of a file is printed."""
    (folder / "x.p7m").write_bytes(ENVELOPE)

    assert cli.json("drop", "x.p7m", "-n")["file"] == {"name": "x.p7m", "bytes": len(ENVELOPE)}
