"""``mdmServers`` of Apple's Business and School Manager APIs."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ALL = (
    "serverName,serverType,status,deviceCount,enableMdmDisownFlag,defaultProductFamilies,"
    "lastConnectedDateTime,lastConnectedIp,createdDateTime,updatedDateTime"
)


def document(key=None, **attributes):
    """Return the body of a write."""
    data = {"type": "mdmServers", "attributes": attributes}
    return {"data": data if key is None else {**data, "id": key}}


def a_file(der: bytes) -> dict[str, str]:
    """Return the attribute that carries a certificate."""
    return {"name": "main.der", "data": base64.b64encode(der).decode()}


def attributes(caller, key):
    """Return all ten attributes of one service."""
    answer = caller.ask("GET", f"/mdmServers/{key}", params={"fields[mdmServers]": ALL})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["attributes"]


def the_error(answer, status):
    """Return the one error object of a refusal."""
    assert answer.status_code == status, answer.text
    [error] = answer.json()["errors"]
    assert error["status"] == str(status)
    assert error.keys() >= {"id", "code", "title", "detail"}
    return error


def test_a_service_shows_four_attributes_unless_more_are_asked_for(caller, service, name):
    """A13: who does not ask for the release flag and the last connection by name does not get them."""
    sparse = caller.ask("GET", f"/mdmServers/{service}").json()["data"]
    assert sparse["attributes"].keys() == {"serverName", "serverType", "createdDateTime", "updatedDateTime"}
    assert (sparse["type"], sparse["id"]) == ("mdmServers", service)

    full = attributes(caller, service)
    assert full.keys() == set(ALL.split(","))
    assert (full["serverName"], full["serverType"], full["status"]) == (name, "MDM", "ACTIVE")
    assert full["enableMdmDisownFlag"] is False
    assert full["lastConnectedDateTime"] is None


def test_links_are_absolute_to_the_address_that_was_asked(caller, service):
    """A11: a client can follow them."""
    answer = caller.ask("GET", f"/mdmServers/{service}").json()
    own = f"{caller.base}/mdmServers/{service}"
    assert answer["links"]["self"] == own
    assert answer["data"]["relationships"]["devices"]["links"]["self"] == f"{own}/relationships/devices"


def test_the_release_box_is_the_flag(caller, stand_in, name, pair):
    """A13: what was ticked in the portal."""
    body = {"name": name, "certificate": pair.pem, "release_devices": True}
    made = stand_in.client.post(
        f"{stand_in.portal}/portal/services", json=body, headers={"X-Portal-User": "kim@corp.example"}
    )
    assert attributes(caller, made.json()["uuid"])["enableMdmDisownFlag"] is True


def test_a_login_moves_the_last_connection(caller, service, apple):
    """A11: the witness of the token in use."""
    apple.session()
    shown = attributes(caller, service)
    assert shown["lastConnectedIp"] == "127.0.0.1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown["lastConnectedDateTime"])


def test_instants_can_have_milliseconds(caller, service, stand_in):
    """A11: Apple writes them either way."""
    stand_in.admin("POST", "/switches", {"api_milliseconds": True})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", attributes(caller, service)["createdDateTime"])


def test_small_pages_lead_to_all_services_and_the_last_has_no_cursor(caller, stand_in, name):
    """A15: whatever limit is asked for."""
    made = {stand_in.add_service(f"{name} {letter}") for letter in "abc"}
    stand_in.admin("POST", "/switches", {"api_page": 2})
    url, found, paging = f"{caller.base}/mdmServers?limit=1000&fields%5BmdmServers%5D=serverName", [], {}
    pages = 0
    while url:
        assert url.startswith(caller.base)
        answer = caller.ask("GET", url.removeprefix(caller.base)).json()
        found += [item["id"] for item in answer["data"]]
        assert all(item["attributes"].keys() == {"serverName"} for item in answer["data"])
        paging, url = answer["meta"]["paging"], answer["links"].get("next")
        assert (paging["limit"], "nextCursor" in paging) == (2, url is not None)
        if url:
            assert parse_qs(urlsplit(url).query)["cursor"] == [paging["nextCursor"]]
        pages += 1

    assert made <= set(found)
    assert len(found) == len(set(found)) == paging["total"]
    assert pages == -(-len(found) // 2)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=" + "9" * 60, "limit"),
        ("limit=%C2%B2", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=YWZ0ZXI6dW5rbm93bg%3D%3D", "cursor"),
        ("fields[mdmServers]=serverName,serverCertificate", "fields[mdmServers]"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(query, parameter, caller):
    """A3: 400; the certificate is no field that could be asked for."""
    error = the_error(caller.ask("GET", f"/mdmServers?{query}"), 400)
    assert (error["code"], error["source"]) == ("PARAMETER_ERROR.INVALID", {"parameter": parameter})


def test_a_replaced_certificate_leaves_the_token_alive_and_takes_the_next_one(
    caller, service, apple, other_pair, stand_in
):
    """A3: the change shows in updatedDateTime alone; the certificate can never be read."""
    before = attributes(caller, service)
    stand_in.admin("POST", "/clock", {"offset_seconds": 30})
    body = document(service, serverCertificate=a_file(other_pair.der))
    answer = caller.ask("PATCH", f"/mdmServers/{service}", json=body)

    assert answer.status_code == 200
    assert body["data"]["attributes"]["serverCertificate"]["data"][:60] not in answer.text
    after = attributes_with(caller, service, answer)
    assert {key for key in before if before[key] != after[key]} == {"updatedDateTime"}
    assert after["updatedDateTime"] > before["updatedDateTime"]
    assert apple.log_in().status_code == 200
    assert other_pair.secrets(stand_in.download_token(service))


def attributes_with(caller, service, answer):
    """Return what the answer to a write shows; it is what a read shows."""
    shown = answer.json()["data"]["attributes"]
    assert shown == attributes(caller, service)
    return shown


def test_a_replaced_certificate_need_not_move_the_time(caller, service, other_pair, stand_in):
    """A3: whether it does at Apple is not known, so a client can be shown both."""
    stand_in.admin("POST", "/switches", {"certificate_moves_updated": False})
    before = attributes(caller, service)
    stand_in.admin("POST", "/clock", {"offset_seconds": 30})
    body = document(service, serverCertificate=a_file(other_pair.der))
    assert caller.ask("PATCH", f"/mdmServers/{service}", json=body).status_code == 200
    assert attributes(caller, service) == before


def test_what_is_not_a_certificate_is_refused(caller, service, pair):
    """A3, A5: base64 of DER with an RSA key; no PEM in any wrapping, no elliptic curve."""
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = curve.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for data in (pair.pem, base64.b64encode(pair.pem.encode()).decode(), base64.b64encode(public).decode(), "", "???"):
        body = document(service, serverCertificate={"name": "x", "data": data})
        error = the_error(caller.ask("PATCH", f"/mdmServers/{service}", json=body), 400)
        assert error["code"] == "PARAMETER_ERROR.INVALID"
        assert error["source"]["pointer"].startswith("/data/attributes/serverCertificate")


def test_a_service_can_be_made_changed_and_removed(caller, name, pair, stand_in):
    """A12, A13: only what is sent changes; a service in use as a default is not removed."""
    answer = caller.ask("POST", "/mdmServers", json=document(serverName=name, serverCertificate=a_file(pair.der)))
    assert answer.status_code == 201
    key = answer.json()["data"]["id"]
    assert pair.secrets(stand_in.download_token(key))

    changes = {"serverName": f"{name} (new)", "enableMdmDisownFlag": True, "defaultProductFamilies": ["MAC", "IPAD"]}
    assert caller.ask("PATCH", f"/mdmServers/{key}", json=document(key, **changes)).status_code == 200
    shown = attributes(caller, key)
    assert (shown["serverName"], shown["enableMdmDisownFlag"]) == (f"{name} (new)", True)
    assert shown["defaultProductFamilies"] == ["IPAD", "MAC"]

    assert the_error(caller.ask("DELETE", f"/mdmServers/{key}"), 409)["code"].startswith("ENTITY_ERROR")
    caller.ask("PATCH", f"/mdmServers/{key}", json=document(key, defaultProductFamilies=[]))
    stand_in.admin("POST", "/devices", {"service": key, "serial_numbers": ["C02XYZ"]})
    assert attributes(caller, key)["deviceCount"] == 1
    assert the_error(caller.ask("DELETE", f"/mdmServers/{key}"), 409)["code"].startswith("ENTITY_ERROR")
    stand_in.admin("POST", "/devices", {"service": key, "serial_numbers": []})

    gone = caller.ask("DELETE", f"/mdmServers/{key}")
    assert (gone.status_code, gone.content) == (204, b"")
    the_error(caller.ask("GET", f"/mdmServers/{key}"), 404)


def test_a_family_has_one_service(caller, stand_in, name):
    """A15: what becomes the default of one is no longer that of another."""
    first, second = stand_in.add_service(f"{name} a"), stand_in.add_service(f"{name} b")
    for key in (first, second):
        body = document(key, defaultProductFamilies=["VISION"])
        assert caller.ask("PATCH", f"/mdmServers/{key}", json=body).status_code == 200
    assert attributes(caller, first)["defaultProductFamilies"] == []
    assert attributes(caller, second)["defaultProductFamilies"] == ["VISION"]
    caller.ask("PATCH", f"/mdmServers/{second}", json=document(second, defaultProductFamilies=[]))


def test_a_token_of_a_removed_service_is_unknown(caller, service, apple):
    """A2: nothing of it is left, and nothing breaks."""
    session = apple.session()
    assert caller.ask("DELETE", f"/mdmServers/{service}").status_code == 204
    assert apple.log_in().status_code == 401
    assert apple.account(session).status_code == 401


@pytest.mark.parametrize("taken", ["Unassigned", " reassigned ", "", "{own}"])
def test_a_name_that_cannot_be_had_is_409(taken, caller, service, name, pair):
    """A4: reserved, empty, or taken by another service; its own name a service may keep."""
    wanted = taken.format(own=name.upper())
    body = document(serverName=wanted, serverCertificate=a_file(pair.der))
    error = the_error(caller.ask("POST", "/mdmServers", json=body), 409)
    assert error["code"] == "ENTITY_ERROR.ATTRIBUTE.INVALID"
    assert error["source"] == {"pointer": "/data/attributes/serverName"}
    assert caller.ask("PATCH", f"/mdmServers/{service}", json=document(service, serverName=name)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"data": {"type": "mdmServers", "attributes": {"serverNames": "x"}}}', 400),
        (b'{"data": {"type": "devices", "attributes": {"serverName": "x"}}}', 409),
        (b'{"data": {"type": "mdmServers", "attributes": {"serverName": "x"}}}', 409),
        (b'{"data": {"type": "mdmServers"}}', 409),
    ],
)
def test_a_body_of_another_shape_is_refused_with_its_place(body, status, caller):
    """A5: what is missing or misspelt is named; a new service needs a certificate."""
    assert the_error(caller.ask("POST", "/mdmServers", content=body), status)["source"]["pointer"]


def test_a_body_for_another_service_is_refused(caller, service):
    """A2: the id stands in the address and in the body."""
    the_error(caller.ask("PATCH", f"/mdmServers/{service}", json=document("A" * 32, serverName="x")), 409)
    the_error(caller.ask("PATCH", f"/mdmServers/{'A' * 32}", json=document("A" * 32, serverName="x")), 404)


def test_the_role_of_the_client_limits_it(new_caller, service):
    """A11: services only for who may manage them; people may be read by everybody."""
    staff = new_caller("staff")
    for method, path in (("GET", "/mdmServers"), ("PATCH", f"/mdmServers/{service}"), ("GET", "/auditEvents")):
        error = the_error(staff.ask(method, path, json=document(service, serverName="x")), 403)
        assert error["code"] == "FORBIDDEN_ERROR"
    assert staff.ask("GET", "/users").status_code == 200
    assert new_caller("device-enrolment-manager").ask("GET", "/mdmServers").status_code == 200


def test_the_school_api_lists_services_and_changes_none(school_caller, service):
    """A3: schools replace a certificate by hand."""
    base = "/mdmServers"
    assert school_caller.ask("GET", base).status_code == 200
    assert school_caller.ask("GET", f"{base}/{service}").json()["links"]["self"].startswith(school_caller.base)
    for method, path in (("POST", base), ("PATCH", f"{base}/{service}"), ("DELETE", f"{base}/{service}")):
        error = the_error(school_caller.ask(method, path, json=document(service, serverName="x")), 403)
        assert error["code"] == "FORBIDDEN_ERROR"
        assert "Allowed operations are: GET_" in error["detail"]
    the_error(school_caller.ask("GET", "/users"), 404)


def test_a_token_of_the_other_product_is_no_token(caller, school_caller):
    """A11: 401, as without one."""
    the_error(caller.ask("GET", "/mdmServers", school_caller.token()), 401)
    the_error(school_caller.ask("GET", "/mdmServers", caller.token()), 401)
    the_error(caller.ask("GET", "/mdmServers", "unknown"), 401)
    the_error(caller.stand_in.client.get(f"{caller.base}/mdmServers"), 401)


def test_an_operation_that_is_not_offered_is_403(caller, service):
    """A12: the detail says which are."""
    error = the_error(caller.ask("PUT", f"/mdmServers/{service}"), 403)
    assert error["detail"].endswith("Allowed operations are: GET_INSTANCE, UPDATE, DELETE")


@pytest.mark.parametrize("wait", ["7", "Tue, 24 Nov 2026 06:00:00 GMT"])
def test_too_many_requests_look_like_apples(caller, stand_in, service, name, wait):
    """A15: 429 with Retry-After as seconds or date and an error object; one service's script is for it alone."""
    fault = {"where": "mdm-servers", "status": 429, "headers": {"Retry-After": wait}, "service": name}
    stand_in.admin("POST", "/faults", fault)
    assert caller.ask("GET", "/mdmServers").status_code == 200
    answer = caller.ask("GET", f"/mdmServers/{service}")
    assert answer.headers["retry-after"] == wait
    assert the_error(answer, 429)["code"] == "TOO_MANY_REQUESTS"


def test_an_answer_can_get_lost_after_the_certificate_was_taken(caller, stand_in, service, other_pair):
    """A3: 502 in HTML, and yet the next token is for the new certificate."""
    html = {"Content-Type": "text/html"}
    fault = {"where": "mdm-servers", "status": 502, "body": "<html>", "headers": html, "carry_out": True}
    stand_in.admin("POST", "/faults", fault)
    body = document(service, serverCertificate=a_file(other_pair.der))
    assert caller.ask("PATCH", f"/mdmServers/{service}", json=body).status_code == 502
    assert other_pair.secrets(stand_in.download_token(service))
