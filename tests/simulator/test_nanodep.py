"""The recorded answers of NanoDEP's ``depserver``, row by row."""

import base64
import itertools
import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from cryptography import x509

from fakes.stand_in import ANA, StandIn

TEXT = "text/plain; charset=utf-8"
_numbers = itertools.count(1)
SECRETS = {
    "consumer_key": "CK_1111",
    "consumer_secret": "CS_1111",
    "access_token": "AT_1111",
    "access_secret": "AS_1111",
    "access_token_expiry": "2027-03-01T09:00:00Z",
}


@dataclass(frozen=True)
class Dep:
    """One DEP name, asked with the API key."""

    stand_in: StandIn
    name: str

    def ask(self, method: str, path: str, **arguments) -> httpx2.Response:
        """Ask with the right credentials."""
        url = f"{self.stand_in.nanodep}{path}"
        return self.stand_in.client.request(method, url, auth=("depserver", self.stand_in.api_key), **arguments)

    def key(self, query: str = "") -> str:
        """Return a new certificate."""
        answer = self.ask("GET", f"/v1/tokenpki/{self.name}{query}")
        assert answer.status_code == 200
        return answer.text

    def put(self, file: bytes, query: str = "") -> httpx2.Response:
        """Hand over an envelope."""
        return self.ask("PUT", f"/v1/tokenpki/{self.name}{query}", content=file)

    def tokens(self) -> httpx2.Response:
        """Read the token back."""
        return self.ask("GET", f"/v1/tokens/{self.name}")


@pytest.fixture
def dep(stand_in) -> Dep:
    """Return a DEP name that no other test uses."""
    return Dep(stand_in, f"name-{next(_numbers)}")


@pytest.fixture
def encrypt(tmp_path):
    """Make envelopes with OpenSSL, as the recording did."""

    def make(certificate: str, secrets=SECRETS, cipher=("-aes128",), key_options=(), *, markers=True) -> bytes:
        (tmp_path / "recipient.pem").write_text(certificate)
        line = json.dumps(secrets, separators=(",", ":"))
        if markers:
            line = f"-----BEGIN MESSAGE-----\n{line}\n-----END MESSAGE-----"
        content = f"Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{line}\n"
        command = ["openssl", "cms", "-encrypt", "-binary", "-outform", "SMIME", *cipher]
        done = subprocess.run(
            [*command, "-recip", str(tmp_path / "recipient.pem"), *key_options],
            input=content.encode(),
            capture_output=True,
            check=True,
            timeout=20,
        )
        return done.stdout

    return make


def is_error(answer: httpx2.Response, text: str) -> bool:
    """Return whether the answer is NanoDEP's error with this text."""
    return (answer.status_code, answer.headers["content-type"], answer.json()) == (
        500,
        "application/json",
        {"error": text},
    )


def is_refused(answer: httpx2.Response, status: int, body: str) -> bool:
    """Return whether the answer is plain text with this body and a newline."""
    return (answer.status_code, answer.headers["content-type"], answer.text) == (status, TEXT, f"{body}\n")


@pytest.mark.parametrize("credentials", [None, ("depserver", "wrong"), ("other", "")])
def test_without_the_key_everything_but_the_version_is_401(stand_in, credentials):
    """No credentials; wrong ones."""
    answer = stand_in.client.get(f"{stand_in.nanodep}/v1/dep_names", auth=credentials)

    assert is_refused(answer, 401, "Unauthorized")
    assert answer.headers["www-authenticate"] == 'Basic realm="depserver"'
    version = stand_in.client.get(f"{stand_in.nanodep}/version")
    assert (version.status_code, version.headers["content-type"], version.text) == (
        200,
        "application/json",
        '{"version":"unknown"}',
    )


def test_names_are_those_with_a_staged_key(dep):
    """None yet; one staged. Indented with tabs."""
    unknown = dep.ask("GET", f"/v1/dep_names?dep_name={dep.name}")
    assert unknown.text == '{\n\t"dep_names": null\n}\n'

    dep.key()
    assert dep.ask("GET", f"/v1/dep_names?dep_name={dep.name}").json() == {"dep_names": [dep.name]}
    assert dep.name in dep.ask("GET", "/v1/dep_names").json()["dep_names"]


def test_an_unknown_name_has_neither_token_nor_key(dep):
    """Token of an unknown name; put before any key."""
    missing = "resource not found: txn rolled back: getting {0}.{1}: key not found: {0}.{1}"
    assert is_error(dep.tokens(), missing.format("consumer_key", dep.name))
    assert is_error(dep.put(b"junk"), missing.format("cert_staging", dep.name))


def test_every_get_makes_another_key_with_serial_number_1(dep):
    """First key; second key, another one."""
    answer = dep.ask("GET", f"/v1/tokenpki/{dep.name}")
    assert answer.headers["content-type"] == "application/x-pem-file"
    assert answer.headers["content-disposition"] == f'attachment; filename="{dep.name}.pem"'

    first = x509.load_pem_x509_certificate(answer.content)
    second = x509.load_pem_x509_certificate(dep.key("?cn=ade-main-b&validity_days=30").encode())

    now = datetime.now(UTC)
    for certificate, subject, days in ((first, "depserver", 1), (second, "ade-main-b", 30)):
        assert certificate.subject.rfc4514_string() == f"CN={subject}" == certificate.issuer.rfc4514_string()
        assert certificate.serial_number == 1
        assert abs(certificate.not_valid_before_utc - (now - timedelta(minutes=10))) < timedelta(minutes=1)
        assert abs(certificate.not_valid_after_utc - (now + timedelta(days=days))) < timedelta(minutes=1)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.digital_signature
        assert usage.value.key_encipherment
    assert first.public_key() != second.public_key()


def test_a_validity_that_is_no_number_is_400(dep):
    """Validity not a number; none at all is granted."""
    assert is_refused(dep.ask("GET", f"/v1/tokenpki/{dep.name}?validity_days=x"), 400, "Bad Request")
    assert dep.ask("GET", f"/v1/tokenpki/{dep.name}?validity_days=0").status_code == 200


def test_what_is_no_token_file_is_refused_in_gos_words(dep, encrypt):
    """Junk body; raw DER or BER without headers; a BOM; a cut file."""
    certificate = dep.key()
    file = encrypt(certificate)
    der = base64.b64decode(b"".join(file.split(b"\n\n", 1)[1].split()))

    assert is_error(dep.put(b"junk"), 'malformed MIME header: missing colon: "junk"')
    assert dep.put(der).json()["error"].startswith("malformed MIME header")
    assert dep.put(b"\xef\xbb\xbf" + file).json()["error"].startswith("malformed MIME header line")
    assert is_error(dep.put(b""), "EOF")
    assert is_error(dep.put(b"A: b\n\n"), "pkcs7: input data is empty")
    assert dep.put(file[: len(file) // 2]).status_code == 500
    assert dep.tokens().status_code == 500


def test_a_token_for_an_overwritten_key_finds_no_recipient(dep, encrypt):
    """Token for the first, overwritten key; a new key, then a token for the key in use."""
    old = dep.key("?cn=ade-main-a")
    dep.key("?cn=ade-main-b")
    no_recipient = "pkcs7: no enveloped recipient for provided certificate"
    assert is_error(dep.put(encrypt(old)), no_recipient)

    used = dep.key("?cn=ade-main-c")
    assert dep.put(encrypt(used)).status_code == 200
    dep.key("?cn=ade-main-d")
    assert is_error(dep.put(encrypt(used)), no_recipient)


def test_a_token_for_another_key_of_the_same_name_does_not_decrypt(dep, encrypt):
    """The serial number is always 1, so the recipient cannot tell the keys apart."""
    old = dep.key()
    dep.key()
    assert is_error(dep.put(encrypt(old)), "crypto/rsa: decryption error")


@pytest.mark.parametrize("missing", ["consumer_key", "consumer_secret", "access_token", "access_secret"])
def test_a_value_missing_inside_is_400(dep, encrypt, missing):
    """A value missing inside; the expiry alone may be."""
    certificate = dep.key()
    assert is_refused(dep.put(encrypt(certificate, {**SECRETS, missing: ""})), 400, "Bad Request")
    without_expiry = {name: value for name, value in SECRETS.items() if name != "access_token_expiry"}
    answer = dep.put(encrypt(certificate, without_expiry))
    assert answer.json()["access_token_expiry"] == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("cipher", "key_options"),
    [
        (("-aes128", "-stream"), ()),
        (("-aes128",), ()),
        (("-aes256",), ()),
        (("-des3",), ()),
        (("-aes128",), ("-keyopt", "rsa_padding_mode:oaep")),
        (("-aes128",), ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")),
    ],
    ids=["ber", "der", "aes256", "3des", "oaep", "oaep-sha256"],
)
def test_a_good_token_is_taken_in_every_known_encoding(dep, encrypt, cipher, key_options):
    """BER and DER; AES-128, AES-256, 3DES; the five values come back, on one line; the same file again."""
    file = encrypt(dep.key(), SECRETS, cipher, key_options)
    answer = dep.put(file)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == json.dumps(SECRETS, separators=(",", ":")) + "\n"
    assert dep.put(file).status_code == 200
    assert dep.tokens().json() == SECRETS


def test_an_expired_token_and_one_without_markers_are_taken(dep, encrypt):
    """Nothing looks at the date; the markers may be missing."""
    certificate = dep.key()
    expired = {**SECRETS, "access_token_expiry": "2020-01-01T00:00:00Z"}
    assert dep.put(encrypt(certificate, expired, markers=False)).json() == expired


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (
            "aes192",
            "pkcs7: cannot decrypt data: only RSA, DES, DES-EDE3, AES-256-CBC and AES-128-GCM supported",
        ),
        ("gcm", "pkcs7: cannot parse data: unimplemented content type"),
        ("key_id_recipient", "asn1: structure error: tags don't match"),
        ("wrong_key_same_recipient", "crypto/rsa: decryption error"),
    ],
)
def test_what_nanodep_cannot_open_it_refuses(dep, name, encoding, text):
    """Its library knows these ciphers and recipients, and no more."""
    uuid = dep.stand_in.add_service(name, dep.key())
    dep.stand_in.admin("POST", "/switches", {"envelope": [encoding]})
    assert is_error(dep.put(dep.stand_in.download_token(uuid)), text)


@pytest.mark.parametrize(
    "encoding", ["crlf", "no_markers", "der", "aes256", "3des", "oaep", "chunks", "second_recipient"]
)
def test_what_the_portal_can_write_nanodep_opens(dep, name, encoding):
    """The odd encodings that its library takes."""
    uuid = dep.stand_in.add_service(name, dep.key())
    dep.stand_in.admin("POST", "/switches", {"envelope": [encoding]})
    assert dep.put(dep.stand_in.download_token(uuid)).status_code == 200


def test_another_consumer_key_needs_force_and_moves_the_key_on_anyway(dep, name):
    """Other consumer key; the same with force=1, and with nothing but exactly that."""
    stand_in = dep.stand_in
    uuid = stand_in.add_service(name, dep.key("?cn=one"))
    first = dep.put(stand_in.download_token(uuid)).json()
    stand_in.put_certificate(uuid, dep.key("?cn=two"))
    file = stand_in.download_token(uuid, ANA)

    assert is_error(dep.put(file), "mismatched consumer key")
    assert is_error(dep.put(file, "?force=true"), "mismatched consumer key")
    assert dep.tokens().json() == first
    held = stand_in.admin("GET", "/state")["nanodep"]["names"][dep.name]
    assert held["current"]["subject"] == held["staging"]["subject"] == "CN=two"
    assert held["is_newest_token"] is False

    assert dep.put(file, "?force=1").status_code == 200
    assert dep.tokens().json()["consumer_key"] != first["consumer_key"]
    assert stand_in.admin("GET", "/state")["nanodep"]["names"][dep.name]["is_newest_token"] is True


def test_the_five_values_can_be_put_as_json(dep):
    """PUT /v1/tokens: good, bad JSON, a value missing, another consumer key."""
    path = f"/v1/tokens/{dep.name}"
    assert is_error(dep.ask("PUT", path, content=b"{"), "unexpected EOF")
    assert is_error(dep.ask("PUT", path, content=b"junk"), "invalid character 'j' looking for beginning of value")
    assert is_refused(dep.ask("PUT", path, json={"consumer_key": "CK"}), 400, "Bad Request")
    assert dep.ask("PUT", path, json=SECRETS).json() == SECRETS
    other = {**SECRETS, "consumer_key": "CK_2222"}
    assert is_error(dep.ask("PUT", path, json=other), "mismatched consumer key")
    assert dep.ask("PUT", f"{path}?force=1", json=other).json() == other


def test_the_configuration_is_null_until_it_is_set(dep):
    """Configuration, none; configuration set; an empty address."""
    path = f"/v1/config/{dep.name}"
    none = dep.ask("GET", path)
    assert (none.headers["content-type"], none.text) == ("application/json", "null\n")

    answer = dep.ask("PUT", path, json={"base_url": "http://127.0.0.1:9"})
    assert answer.text == '{"base_url":"http://127.0.0.1:9"}\n'
    assert dep.ask("GET", path).json() == {"base_url": "http://127.0.0.1:9"}
    assert dep.ask("PUT", path, json={"base_url": ""}).status_code == 500


def test_wrong_methods_and_paths_are_go_s_plain_text(dep):
    """Wrong method; unknown path; an empty name."""
    assert is_refused(dep.ask("DELETE", f"/v1/tokens/{dep.name}"), 405, "Method Not Allowed")
    assert is_refused(dep.ask("GET", "/v1/nothing"), 404, "404 page not found")
    assert is_refused(dep.ask("GET", "/v1/tokens/"), 400, "Bad Request")


def test_a_service_that_is_down_answers_503(dep):
    """The switch of the control plane; nothing is made meanwhile."""
    dep.stand_in.admin("POST", "/nanodep", {"down": True})
    assert dep.ask("GET", f"/v1/tokenpki/{dep.name}").status_code == 503
    assert dep.stand_in.client.get(f"{dep.stand_in.nanodep}/version").status_code == 503
    assert dep.name not in dep.stand_in.admin("GET", "/state")["nanodep"]["names"]
