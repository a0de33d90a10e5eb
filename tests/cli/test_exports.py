import base64
import os
import ssl
import stat

import pytest

from fakes.values import DAY, NOW
from tokenward.cli.exit_codes import Exit
from tokenward.crypto import make_keypair, to_pem

ENVELOPE = b"Content-Type: application/pkcs7-mime\r\n\r\nMIIB \r\n\n"


@pytest.fixture(scope="module")
def pem():
    """A certificate."""
    return to_pem(make_keypair("main", 7, NOW, 365 * DAY).certificate).decode()


@pytest.fixture
def on_record(control, pem):
    """The daemon has a certificate and an envelope of ``main``."""
    control.answers["/v1/services/main/certificate"] = {"service": "main", "fingerprint": "f", "pem": pem}
    content = base64.b64encode(ENVELOPE).decode()
    control.answers["/v1/services/main/envelope"] = {"file_name": "Main_Token.p7m", "content_base64": content}
    return control


def mode(path):
    """Return who may do what with the file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_certificate_goes_to_stdout(cli, on_record, pem):
    """A5: as PEM, and as DER for programs that want it so."""
    assert cli("export-certificate", "main").stdout == pem
    assert cli("export-certificate", "main", "--der").stdout_bytes == ssl.PEM_cert_to_DER_cert(pem)


def test_the_certificate_is_written_for_everybody_to_read(cli, on_record, folder, pem):
    """A5: it is no secret; whatever the umask."""
    before = os.umask(0o077)
    try:
        result = cli("export-certificate", "main", "-o", "main.pem")
    finally:
        os.umask(before)

    assert (folder / "main.pem").read_text() == pem
    assert mode(folder / "main.pem") == 0o644
    assert (result.exit_code, result.stdout) == (Exit.WELL, "")


def test_the_envelope_is_written_for_its_owner_alone_and_as_it_came(cli, on_record, folder):
    """B4.5: Apple's own bytes, line ends and all."""
    cli("export-envelope", "main", "-o", "main.p7m")

    assert (folder / "main.p7m").read_bytes() == ENVELOPE
    assert mode(folder / "main.p7m") == 0o600
    assert cli("export-envelope", "main").stdout_bytes == ENVELOPE


@pytest.mark.parametrize("command", ["export-certificate", "export-envelope"])
def test_what_is_there_is_written_over_with_force_only(cli, on_record, folder, command):
    """4; and nothing half-written is left about."""
    (folder / "x").write_text("mine")

    refused = cli(command, "main", "-o", "x")
    assert refused.exit_code == Exit.REFUSED
    assert (folder / "x").read_text() == "mine"
    assert not any("envelope" in path for path in on_record.asked)

    assert cli(command, "main", "-o", "x", "--force").exit_code == Exit.WELL
    assert (folder / "x").read_bytes() != b"mine"
    assert mode(folder / "x") in {0o600, 0o644}
    assert sorted(path.name for path in folder.iterdir()) == ["var", "x"]


def test_a_place_that_cannot_be_written_is_said(cli, on_record):
    """1, with what to do."""
    result = cli("export-certificate", "main", "-o", "nowhere/x.pem")

    assert result.exit_code == Exit.FAILED
    assert "-o" in result.stderr


@pytest.mark.parametrize("command", ["export-certificate", "export-envelope"])
def test_for_programs_the_daemons_answer_is_printed(cli, on_record, command):
    """With the names beside the content."""
    what = command.removeprefix("export-")

    assert cli.json(command, "main", "--json") == on_record.answers[f"/v1/services/main/{what}"]


@pytest.mark.parametrize("command", ["export-certificate", "export-envelope"])
def test_where_there_is_none_nothing_is_written(cli, control, folder, command):
    """The daemon's words, and its code."""
    result = cli(command, "main", "-o", "x")

    assert result.exit_code == Exit.USED_WRONGLY
    assert result.stderr.startswith("TW114 ")
    assert not (folder / "x").exists()
