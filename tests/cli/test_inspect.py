import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.calling import GOLDEN
from cli.inspected_files import APPLE_NAME, CONTENT_TOKEN, make_files
from fakes.apple_envelope import VALUES, apple_cms, apple_file, apple_message
from fakes.values import NOW, a_stored_certificate
from tokenward.cli.exit_codes import Exit
from tokenward.cli.file_advice import ADVICE
from tokenward.cli.inspecting import inspected
from tokenward.crypto import FileKind, make_keypair, parse_seal_key
from tokenward.crypto.sealing import Sealer
from tokenward.rotation.keys import certificate_place
from tokenward.store.connection import open_for_writing
from tokenward.store.transaction import Transaction

RENEW = "TOKENWARD_RENEW_GOLDEN"
YEAR = timedelta(days=365)
SEAL_KEY = "c2VhbCBrZXkgb2YgMzIgYnl0ZXMsIGZvciB0ZXN0cyE="
SECRETS = [value for name, value in VALUES.items() if name != "access_token_expiry"]
_MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\dT?[\d: -]*(?: UTC|Z)"), "DATE"),
    (re.compile(r"days left: -?[\d.]+"), "days left: N"),
    (re.compile(r"\b[0-9a-f]{40,64}\b"), "HEX"),
)


@pytest.fixture(scope="session")
def keypair():
    """The keypair that the files are made around; its certificate is valid now, whenever that is."""
    return make_keypair("Main MDM", 4711, datetime.now(UTC) - timedelta(days=1), 2 * YEAR)


@pytest.fixture(scope="session")
def files(keypair, tmp_path_factory):
    """A file of every kind."""
    second = make_keypair("second", 2, NOW, YEAR)
    return make_files(tmp_path_factory.mktemp("files"), keypair, second)


def masked(text, folder):
    """Return *text* without what is another time another."""
    text = text.replace(f"{folder}/", "")
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return text


@pytest.fixture
def on_record(config, keypair):
    """A record with the certificate of ``main`` and, sealed, its key."""
    (config.parent / "seal-key").write_text(SEAL_KEY)
    sealer = Sealer(parse_seal_key(SEAL_KEY), os.urandom)
    place = certificate_place(keypair.certificate.fingerprint)
    stored = a_stored_certificate(
        certificate=keypair.certificate, origin="made", sealed_key=sealer.seal(keypair.private_key, place)
    )
    connection = open_for_writing(config.parent / "state" / "tokenward.db")
    Transaction.on(connection).certificates.add(stored)
    connection.close()
    return config


def one(cli, *arguments):
    """Return the one object that is printed for a file."""
    return json.loads(cli("inspect", "--json", *map(str, arguments)).stdout)


def test_every_kind_of_file_is_said_as_it_was_reviewed(cli, files):
    """A3, A5, A9, B5.1: one text to judge them all; the variable TOKENWARD_RENEW_GOLDEN renews it."""
    folder = next(iter(files.values())).parent
    text = masked("\n".join(cli("inspect", str(path)).stdout for path in files.values()), folder)
    file = GOLDEN / "inspect.txt"
    if os.environ.get(RENEW):
        file.write_text(text)

    assert text == file.read_text()


def test_there_is_advice_for_every_kind():
    """B5.1: each with its own sentence."""
    assert set(ADVICE) == set(FileKind)
    assert len(set(ADVICE.values())) > len(FileKind) - 3


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["text", "JSON"])
def test_nothing_secret_is_printed(cli, on_record, files, arguments):
    """Promise 4: not even where the file holds it in the open, or a key of ours opens it."""
    text = cli("inspect", *arguments, *map(str, files.values())).output

    assert not any(secret in text for secret in [*SECRETS, CONTENT_TOKEN["token"], "CK_secret"])
    assert "PRIVATE KEY-" not in text


def test_an_envelope_names_the_certificate_that_it_was_made_for(cli, files):
    """A3: issuer and serial number, which is a decimal string; without configuration or daemon."""
    found = one(cli, files[APPLE_NAME])

    assert found["kind"] == "envelope"
    assert found["recipients"] == [{"issuer": "CN=Main MDM", "serial_number": "4711"}]
    assert found["algorithms"] == ["aes128_cbc", "rsaes_pkcs1v15"]
    assert (found["expires_at"], found["findings"], found["services"]) == (None, [], [])


def test_a_refused_certificate_is_told_by_its_subject(cli, files):
    """A5: which one it is and until when it lives, beside why it won't do."""
    chain, taken = one(cli, files["chain.pem"]), one(cli, files["certificate.pem"])

    assert [finding["code"] for finding in chain["findings"]] == ["TW112"]
    assert [refused["subject"] for refused in chain["refused"]] == ["CN=Main MDM", "CN=second"]
    assert chain["refused"][0]["not_after"] == taken["certificate"]["not_after"]
    assert (chain["certificate"], taken["refused"]) == (None, [])


def test_a_recipient_by_key_is_named_so(cli, files, keypair):
    """A3: lower-case hexadecimal."""
    found = one(cli, files["envelope-keyid.p7m"])

    assert found["recipients"] == [{"key_identifier": keypair.certificate.key_identifier.hex()}]


def test_several_files_are_one_object_a_line(cli, files):
    """Pinned: for programs."""
    paths = [str(files[name]) for name in ("certificate.pem", "event.json", APPLE_NAME)]

    lines = cli("inspect", "--json", *paths).stdout.splitlines()

    assert [json.loads(line)["kind"] for line in lines] == ["certificate", "event", "envelope"]
    assert [json.loads(line)["file"] for line in lines] == paths


def test_where_our_key_opens_it_the_end_is_known(cli, on_record, files):
    """A9, B1.2: as decrypted; and whose it is."""
    found = one(cli, files[APPLE_NAME])

    assert (found["opened"], found["services"]) == (True, ["main"])
    assert found["expires_at"] == VALUES["access_token_expiry"]
    assert one(cli, files["certificate.der"])["services"] == ["main"]


def test_where_the_seal_key_may_not_be_read_it_is_still_said_whose_it_is(cli, on_record, files):
    """B1.2: unknown is a state."""
    (on_record.parent / "seal-key").chmod(0o644)

    found = one(cli, files[APPLE_NAME])

    assert (found["services"], found["opened"], found["expires_at"]) == (["main"], False, None)


def test_an_envelope_that_our_key_should_open_and_does_not_is_said_to_be_so(cli, on_record, keypair, folder):
    """B5.1: the same name, another key."""
    namesake = make_keypair("Main MDM", 4711, NOW, YEAR)
    (folder / "x.p7m").write_bytes(apple_file(apple_cms(namesake.certificate, apple_message())))

    found = one(cli, "x.p7m")

    assert [finding["code"] for finding in found["findings"]] == ["TW204"]
    assert found["opened"] is False


def test_the_certificate_of_another_is_not_said_to_be_ours(cli, on_record, folder):
    """A3: issuer and serial number alone are no proof."""
    namesake = make_keypair("Main MDM", 4711, NOW, YEAR)
    (folder / "x.der").write_bytes(namesake.certificate.der)

    assert one(cli, "x.der")["services"] == []


def test_standard_input_is_read_as_a_dash(cli, files):
    """As every such program."""
    ran = subprocess.run(
        [sys.executable, "-m", "tokenward", "inspect", "-", "--json"],
        input=files["certificate.pem"].read_bytes(),
        capture_output=True,
        check=True,
        timeout=30,
    )

    assert json.loads(ran.stdout)["kind"] == "certificate"
    assert json.loads(ran.stdout)["file"] == "standard input"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("certificate.pem", Exit.WELL),
        ("pair.p12", Exit.WELL),
        ("envelope-damaged.p7m", Exit.WELL),
        ("note.txt", Exit.FAILED),
        ("empty.p7m", Exit.FAILED),
        ("picture.png", Exit.FAILED),
        ("missing", Exit.USED_WRONGLY),
    ],
)
def test_the_exit_code_says_whether_it_is_anything_that_has_a_name(cli, files, name, code):
    """Pinned: 0 if recognised."""
    path = files["certificate.pem"].with_name(name)

    assert cli("inspect", str(path), str(files["certificate.pem"])).exit_code == code


def test_a_file_that_cannot_be_read_does_not_hide_the_others(cli, files):
    """Said, and gone on."""
    result = cli("inspect", "missing", ".", str(files["event.json"]))

    assert "missing can't be read: No such file or directory." in result.stderr
    assert "identity" not in result.stderr
    assert "password.changed about kim@corp.example" in result.stdout


def test_a_named_configuration_that_is_not_there_is_a_mistake(cli, files):
    """A guess is not looked up instead; without --config it is not needed."""
    result = cli("--config", "nowhere.toml", "inspect", str(files["event.json"]))

    assert result.exit_code == Exit.CONFIGURATION


def test_a_broken_configuration_that_nobody_named_is_in_nobodys_way(cli, config, files):
    """It is said, and the file is looked at."""
    config.write_text("[daemon\n")

    result = cli("inspect", str(files["event.json"]))

    assert result.exit_code == Exit.WELL
    assert "configuration" in result.stderr


def test_values_are_revealed_to_no_pipe_and_no_file(cli, on_record, files):
    """Promise 4: they would stay there."""
    result = cli("inspect", "--reveal", str(files[APPLE_NAME]))

    assert result.exit_code == Exit.REFUSED
    assert result.stdout == ""


def test_on_a_terminal_values_are_revealed_when_asked_for(on_record, files, folder):
    """A3: where our key opens it; in the form that import-token takes."""
    read, write = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tokenward", "--config", str(on_record), "inspect", "--reveal", str(files[APPLE_NAME])],
        stdout=write,
    ) as process:
        os.close(write)
        shown = b""
        while chunk := _read(read):
            shown += chunk
    os.close(read)

    assert process.returncode == 0
    assert json.loads(shown[shown.index(b"{") :]) == dict(VALUES)


def _read(terminal):
    """Return what came over the *terminal*; nothing once its other end is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


@given(raw=st.one_of(st.binary(max_size=400), st.text().map(str.encode)), name=st.text(max_size=20))
def test_any_file_is_inspected(raw, name):
    """Promise 5: telling never fails."""
    assert inspected(name, raw, NOW).kind in FileKind


@given(at=st.integers(0, 1200), byte=st.integers(0, 255))
def test_an_altered_envelope_is_inspected(keypair, at, byte):
    """Promise 5: whatever was changed in it."""
    raw = bytearray(apple_cms(keypair.certificate, apple_message(), content_key=b"k" * 16))
    raw[at % len(raw)] = byte

    assert inspected("x.p7m", bytes(raw), NOW).kind in FileKind
