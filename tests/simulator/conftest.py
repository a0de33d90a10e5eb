"""One simulator for all tests of this room, a fresh service for each, and clients that share no code."""

import base64
import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import oauthlib.oauth1
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from fakes.stand_in import StandIn, running_stand_in

USUAL_SWITCHES = {
    "verbose_oauth": False,
    "session_seconds": 180,
    "rotate_session_every": 0,
    "unknown_session": 401,
    "superseded_status": 403,
    "superseded_session": "401",
    "password_effect": "none",
    "role_effect": "none",
    "deactivation_effect": "at-once",
    "access_denied": False,
    "envelope": [],
    "audience": "https://account.apple.com/auth/oauth2/v2/token",
    "api_page": 1000,
    "api_milliseconds": False,
    "certificate_moves_updated": True,
}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Pair:
    """A private key on disk, and a certificate for it."""

    key_file: Path
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """The certificate as text."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        """The certificate as bytes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def open(self, envelope: bytes) -> bytes:
        """Return what ``openssl cms`` finds inside."""
        certificate_file = self.key_file.with_suffix(".crt")
        certificate_file.write_text(self.pem)
        command = ("openssl", "cms", "-decrypt", "-inform", "SMIME", "-binary", "-inkey", str(self.key_file))
        done = subprocess.run(
            [*command, "-recip", str(certificate_file)],
            input=envelope.lstrip(b"\xef\xbb\xbf"),
            capture_output=True,
            check=True,
            timeout=20,
        )
        return done.stdout

    def secrets(self, envelope: bytes) -> dict[str, str]:
        """Return the five values."""
        content = self.open(envelope).decode()
        values = json.loads(content[content.index("{") : content.rindex("}") + 1])
        assert isinstance(values, dict)
        return values


@pytest.fixture(scope="session")
def make_pair(tmp_path_factory) -> Callable[..., Pair]:
    """Make a self-signed certificate, on a key of its own or on the one given."""

    def make(
        common_name: str = "main", serial: int = 7, key: rsa.RSAPrivateKey | None = None, bits: int = 2048
    ) -> Pair:
        key = key or rsa.generate_private_key(65537, bits)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .serial_number(serial)
            .public_key(key.public_key())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        key_file = tmp_path_factory.mktemp("pair") / "key.pem"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return Pair(key_file, certificate)

    return make


@pytest.fixture(scope="session")
def pair(make_pair: Callable[..., Pair]) -> Pair:
    """Return the certificate that most tests upload."""
    return make_pair()


@pytest.fixture(scope="session")
def other_pair(make_pair: Callable[..., Pair]) -> Pair:
    """Return another certificate, on another key."""
    return make_pair("other", 8)


@pytest.fixture(scope="session")
def one_stand_in(tmp_path_factory) -> Iterator[StandIn]:
    """Run the simulator once."""
    with running_stand_in(tmp_path_factory.mktemp("stand-in") / "simulator") as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(one_stand_in: StandIn) -> StandIn:
    """Return the simulator as it is by default, but for sessions that never get a new value."""
    one_stand_in.admin("POST", "/clock", {"offset_seconds": 0})
    one_stand_in.admin("POST", "/switches", USUAL_SWITCHES)
    one_stand_in.admin("POST", "/terms", {"accepted": True})
    one_stand_in.admin("POST", "/nanodep", {"down": False})
    one_stand_in.admin("DELETE", "/faults")
    return one_stand_in


@pytest.fixture
def name() -> str:
    """Return a service's name that no other test uses."""
    return f"Service {next(_numbers)}"


@pytest.fixture
def person(stand_in: StandIn) -> str:
    """Return the account of somebody whom only this test changes."""
    account = f"person{next(_numbers)}@corp.example"
    stand_in.admin("POST", "/users", {"account": account})
    return account


@pytest.fixture
def service(stand_in: StandIn, name: str, pair: Pair) -> str:
    """Return the uuid of a fresh service with a certificate."""
    return stand_in.add_service(name, pair.pem)


@dataclass(frozen=True)
class AppleClient:
    """Asks Apple's side with one token, signed by a library that the simulator does not know."""

    base: str
    secrets: dict[str, str]
    http: httpx2.Client

    def authorization(self, **changes: str | None) -> str:
        """Return a signed header; *changes* are arguments of the signing client, or another ``url``."""
        url = changes.pop("url", None) or f"{self.base}/session"
        arguments = {
            "client_key": self.secrets["consumer_key"],
            "client_secret": self.secrets["consumer_secret"],
            "resource_owner_key": self.secrets["access_token"],
            "resource_owner_secret": self.secrets["access_secret"],
            "realm": "ADM",
            **changes,
        }
        _, headers, _ = oauthlib.oauth1.Client(**arguments).sign(url)
        return str(headers["Authorization"])

    def log_in(self, authorization: str | None = None) -> httpx2.Response:
        """Ask for a session, with a good signature unless another header is given."""
        header = self.authorization() if authorization is None else authorization
        return self.http.get(f"{self.base}/session", headers={"authorization": header})

    def session(self) -> str:
        """Return a session value."""
        answer = self.log_in()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["auth_session_token"])

    def account(self, session: str | None, **headers: str) -> httpx2.Response:
        """Ask for the account detail."""
        sent = {"user-agent": "tokenward/1.0", "x-server-protocol-version": "10", **headers}
        if session is not None:
            sent["x-adm-auth-session"] = session
        return self.http.get(f"{self.base}/account", headers=sent)


@pytest.fixture
def new_token(stand_in: StandIn, service: str, pair: Pair) -> Callable[..., AppleClient]:
    """Download a token of the service, by whom the argument says; return a client that uses it."""

    def download(user: str = "kim@corp.example") -> AppleClient:
        secrets = pair.secrets(stand_in.download_token(service, user))
        return AppleClient(stand_in.apple, secrets, stand_in.client)

    return download


@pytest.fixture
def apple(new_token) -> AppleClient:
    """Return a client with a fresh token that kim downloaded."""
    client = new_token()
    assert isinstance(client, AppleClient)
    return client


AUDIENCE = "https://account.apple.com/auth/oauth2/v2/token"


@dataclass(frozen=True)
class ApiCaller:
    """Asks Apple's Business or School Manager API as one client."""

    stand_in: StandIn
    client_id: str
    key_id: str
    key: ec.EllipticCurvePrivateKey
    base: str
    scope: str

    @staticmethod
    def encoded(data: bytes) -> str:
        """Return *data* as it stands in a JWT."""
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def assertion(self, *, header: dict[str, object] | None = None, **claims: object) -> str:
        """Return a signed assertion; *header* and *claims* change what stands in it, None takes it away."""
        now = int(time.time())
        usual = {"iss": self.client_id, "sub": self.client_id, "aud": AUDIENCE, "iat": now, "exp": now + 600}
        head = {"alg": "ES256", "kid": self.key_id, "typ": "JWT", **(header or {})}
        kept = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        signed = f"{self.encoded(json.dumps(head).encode())}.{self.encoded(json.dumps(kept).encode())}"
        return f"{signed}.{self.encoded(self.signature(signed))}"

    def signature(self, signed: str) -> bytes:
        """Return r and s, one behind the other."""
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def ask_for_token(
        self, path: str = "/auth/oauth2/token", assertion: str | None = None, **changes: str | None
    ) -> httpx2.Response:
        """Ask for an access token; *changes* are other form fields, None takes one away."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion or self.assertion(),
            "scope": self.scope,
            **changes,
        }
        sent = {name: value for name, value in form.items() if value is not None}
        return self.stand_in.client.post(f"{self.stand_in.business}{path}", data=sent)

    def token(self) -> str:
        """Return an access token."""
        answer = self.ask_for_token()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def ask(self, method: str, path: str, token: str | None = None, **arguments) -> httpx2.Response:
        """Ask the API with a fresh access token, or with the one given."""
        headers = {"authorization": f"Bearer {token or self.token()}"}
        return self.stand_in.client.request(method, f"{self.base}{path}", headers=headers, **arguments)


def an_api_caller(stand_in: StandIn, role: str = "administrator", product: str = "business") -> ApiCaller:
    """Make an API client and return who asks as it."""
    made = stand_in.add_api_client(role, product)
    key = serialization.load_pem_private_key(made["private_key"].encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    base = f"{stand_in.business}{'/school' if product == 'school' else ''}/v1"
    return ApiCaller(stand_in, made["client_id"], made["key_id"], key, base, f"{product}.api")


@pytest.fixture(scope="session")
def one_caller(one_stand_in: StandIn) -> ApiCaller:
    """Make the API client of most tests once: an administrator's, in Apple Business."""
    return an_api_caller(one_stand_in)


@pytest.fixture(scope="session")
def one_school_caller(one_stand_in: StandIn) -> ApiCaller:
    """Make a client of the School Manager API once."""
    return an_api_caller(one_stand_in, product="school")


@pytest.fixture
def caller(stand_in: StandIn, one_caller: ApiCaller) -> ApiCaller:
    """Return the usual API client of a simulator in its usual state."""
    return one_caller


@pytest.fixture
def school_caller(stand_in: StandIn, one_school_caller: ApiCaller) -> ApiCaller:
    """Return the usual client of the School Manager API."""
    return one_school_caller


@pytest.fixture
def new_caller(stand_in: StandIn) -> Callable[[str], ApiCaller]:
    """Make another client of the Business API, with the role that the argument names."""
    return lambda role: an_api_caller(stand_in, role)
