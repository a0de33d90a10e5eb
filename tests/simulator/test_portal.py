import base64
import re
from datetime import UTC, datetime, timedelta

import pytest

from fakes.stand_in import ANA, KIM

FILE_NAME = r'attachment; filename="(?P<service>.+)_Token_(?P<at>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)_smime\.p7m"'


def ask(stand_in, method, path, user=KIM, **arguments):
    """Ask the portal as somebody who is signed in."""
    headers = {} if user is None else {"X-Portal-User": user}
    return stand_in.client.request(method, f"{stand_in.portal}/portal{path}", headers=headers, **arguments)


def listed(stand_in, uuid):
    """Return the portal's line about one service."""
    return next(item for item in ask(stand_in, "GET", "/services").json() if item["uuid"] == uuid)


def test_a_new_service_is_listed_with_what_a_person_sees(stand_in, name, pair):
    """Adding a device management service."""
    answer = ask(stand_in, "POST", "/services", json={"name": name, "certificate": pair.pem})

    assert answer.status_code == 201
    uuid = answer.json()["uuid"]
    assert re.fullmatch("[0-9A-F]{32}", uuid)
    assert listed(stand_in, uuid) == {
        "uuid": uuid,
        "name": name,
        "has_certificate": True,
        "release_devices": False,
        "last_connected_at": None,
        "last_connected_ip": None,
        "devices": 0,
    }


def test_a_certificate_may_come_as_base64_of_der(stand_in, name, pair):
    """What a .der upload is on the wire."""
    body = {"name": name, "certificate": base64.b64encode(pair.der).decode(), "release_devices": True}
    answer = ask(stand_in, "POST", "/services", json=body)
    assert answer.status_code == 201
    assert answer.json()["release_devices"] is True


@pytest.mark.parametrize("reserved", ["Unassigned", " reassigned ", "", "   ", "a\nb", "x" * 201])
def test_a_name_that_cannot_be_is_refused(stand_in, reserved):
    """Reserved and unusable names."""
    answer = ask(stand_in, "POST", "/services", json={"name": reserved})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_name_is_unique_whatever_its_case_and_blanks(stand_in, service, name):
    """Unique in the organisation."""
    assert ask(stand_in, "POST", "/services", json={"name": f"  {name.upper()} "}).status_code == 409


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"name": 7}'])
def test_a_body_of_another_shape_is_refused(stand_in, body):
    """Bad input is answered with a clear error."""
    answer = ask(stand_in, "POST", "/services", content=body)
    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}


def test_a_private_key_is_refused(stand_in, service, pair):
    """The portal takes a certificate alone."""
    body = {"certificate": pair.pem + pair.key_file.read_text()}
    answer = ask(stand_in, "PUT", f"/services/{service}/certificate", json=body)
    assert answer.status_code == 400
    assert "private key" in answer.json()["error"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"status": "deactivated"}, 403),
        ({"status": "deleted"}, 401),
        ({"role": "staff"}, 403),
    ],
)
def test_who_may_not_is_refused_everywhere(stand_in, person, service, pair, change, status):
    """Signed in, active, and with a fitting role."""
    assert ask(stand_in, "GET", "/services", person).status_code == 200
    stand_in.admin("PATCH", f"/users/{person}", change)

    for method, path in (("GET", "/services"), ("POST", f"/services/{service}/token")):
        answer = ask(stand_in, method, path, person)
        assert answer.status_code == status
        assert answer.json()["error"]


@pytest.mark.parametrize("user", [None, "nobody@corp.example"])
def test_nobody_is_asked_to_sign_in(stand_in, user):
    """401 without a known person."""
    assert ask(stand_in, "GET", "/services", user).status_code == 401


def test_a_download_is_a_file_with_apples_name_encrypted_to_the_saved_certificate(stand_in, service, name, pair):
    """Content type, name and issue time agree with what is inside."""
    answer = ask(stand_in, "POST", f"/services/{service}/token")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pkcs7-mime"
    found = re.fullmatch(FILE_NAME, answer.headers["content-disposition"])
    assert found is not None
    assert found["service"] == name
    issued_at = datetime.strptime(found["at"], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
    secrets = pair.secrets(answer.content)
    assert datetime.fromisoformat(secrets["access_token_expiry"]) == issued_at + timedelta(days=365)
    assert re.fullmatch(r"AT_O\d{9,11}O[0-9a-f]{40}O\d{13}", secrets["access_token"])
    assert re.fullmatch("CK_[0-9a-f]{96}", secrets["consumer_key"])
    assert re.fullmatch("CS_[0-9a-f]{40}", secrets["consumer_secret"])
    assert re.fullmatch("AS_[0-9a-f]{40}", secrets["access_secret"])


def test_a_name_beyond_ascii_survives_the_download(stand_in, name, pair):
    """RFC 6266 section 4.3."""
    uuid = stand_in.add_service(f'Gerät "{name}"', pair.pem)
    disposition = ask(stand_in, "POST", f"/services/{uuid}/token").headers["content-disposition"]
    assert "filename*=UTF-8''Ger%C3%A4t%20%22" in disposition


def test_a_replaced_certificate_leaves_the_token_alive_and_takes_the_next_one(stand_in, service, apple, other_pair):
    """Certificate first, then token; a uuid may be written with dashes."""
    dashed = re.sub("(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", service).lower()
    stand_in.put_certificate(dashed, other_pair.pem, ANA)

    assert apple.log_in().status_code == 200
    assert other_pair.secrets(stand_in.download_token(service))["access_token"] != apple.secrets["access_token"]
    assert apple.log_in().status_code == 403


def test_there_is_no_token_before_a_certificate(stand_in, name):
    """409."""
    uuid = stand_in.add_service(name)
    assert listed(stand_in, uuid)["has_certificate"] is False
    assert ask(stand_in, "POST", f"/services/{uuid}/token").status_code == 409


def test_an_unknown_service_is_404(stand_in, pair):
    """Neither a certificate nor a token."""
    assert ask(stand_in, "POST", "/services/unknown/token").status_code == 404
    assert ask(stand_in, "GET", "/nothing").json() == {"error": "Not Found"}
    assert ask(stand_in, "PUT", "/services/unknown/certificate", json={"certificate": pair.pem}).status_code == 404


def test_a_wrong_key_under_the_right_name_gives_no_secrets(stand_in, service, pair):
    """Same issuer and serial number, other key: whatever comes out, it is no token."""
    stand_in.admin("POST", "/switches", {"envelope": ["wrong_key_same_recipient"]})
    file = stand_in.download_token(service)

    try:
        content = pair.open(file)
    except Exception:  # noqa: BLE001 - OpenSSL mostly notices, and once in some hundred times does not
        content = b""

    assert b"access_token" not in content
