"""``users`` and ``auditEvents`` of Apple's Business API."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

START, END = "filter[startTimestamp]", "filter[endTimestamp]"


def a_day(**more):
    """Return parameters that reach from yesterday until tomorrow."""
    now = datetime.now(UTC)
    return {START: (now - timedelta(days=1)).isoformat(), END: (now + timedelta(days=1)).isoformat(), **more}


def events(caller, **more):
    """Return the attributes of today's events."""
    answer = caller.ask("GET", "/auditEvents", params={**a_day(), **more})
    assert answer.status_code == 200, answer.text
    return [item["attributes"] for item in answer.json()["data"]]


def about(caller, subject_name):
    """Return the types of the events about one subject."""
    return [event["type"] for event in events(caller) if event["subjectName"] == subject_name]


def member(caller, account):
    """Return one person of the list, by account."""
    people = caller.ask("GET", "/users").json()["data"]
    return next((item for item in people if item["attributes"]["managedAppleAccount"] == account), None)


def test_a_person_is_shown_with_role_and_state(caller, person):
    """A11: the only direct reading of who may renew and who has left."""
    shown = member(caller, person)
    attributes = shown["attributes"]
    assert (attributes["status"], attributes["email"], attributes["isExternalUser"]) == ("ACTIVE", person, False)
    assert [role["roleName"] for role in attributes["roleOuList"]] == ["Device Enrollment Manager"]
    one = caller.ask("GET", f"/users/{shown['id']}").json()
    assert one["data"] == shown
    assert one["links"]["self"] == f"{caller.base}/users/{shown['id']}"


@pytest.mark.parametrize(
    ("status", "shown"), [("deactivated", "DEACTIVATED"), ("locked", "LOCKED"), ("active", "ACTIVE")]
)
def test_a_state_has_apples_word(status, shown, caller, stand_in, person):
    """A8: deactivation shows here, and only here."""
    stand_in.admin("PATCH", f"/users/{person}", {"status": status})
    assert member(caller, person)["attributes"]["status"] == shown


def test_who_was_deleted_is_not_there_any_more(caller, stand_in, person):
    """A8: neither in the list nor by id."""
    key = member(caller, person)["id"]
    stand_in.admin("PATCH", f"/users/{person}", {"status": "deleted"})
    assert member(caller, person) is None
    answer = caller.ask("GET", f"/users/{key}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "NOT_FOUND")


def test_a_deletion_and_a_lost_role_are_in_the_log(caller, stand_in, person):
    """A8, A11: with the event's own data under the name that the event gives."""
    stand_in.admin("PATCH", f"/users/{person}", {"role": "staff"})
    stand_in.admin("PATCH", f"/users/{person}", {"status": "deleted"})
    mine = [event for event in events(caller) if event["subjectName"] == person]

    assert [event["type"] for event in mine] == ["ACCOUNT_ADDED", "ACCOUNT_ROLE_LOCATION_CHANGED", "ACCOUNT_DELETED"]
    assert all(event["outcome"] == "SUCCESS" and event["subjectType"] == "USER" for event in mine)
    [role] = mine[1][mine[1]["eventDataPropertyKey"]]["accountRoleLocationList"]
    assert (role["roleName"], bool(role["locationUniqueIdentifier"])) == ("Staff", True)
    assert mine[2]["eventDataPropertyKey"] == "eventDataAccountDeleted"
    assert mine[2]["eventDataAccountDeleted"] == {}


def test_a_password_a_deactivation_a_lock_and_a_download_are_not_in_the_log(caller, stand_in, person, service):
    """A7: Apple has no event for them; that is a blind spot."""
    stand_in.download_token(service, person)
    stand_in.admin("PATCH", f"/users/{person}", {"password_changed": True})
    stand_in.admin("PATCH", f"/users/{person}", {"status": "locked"})
    stand_in.admin("PATCH", f"/users/{person}", {"status": "deactivated"})
    assert about(caller, person) == ["ACCOUNT_ADDED"]
    assert {event["type"] for event in events(caller)} <= {
        "ACCOUNT_ADDED",
        "ACCOUNT_DELETED",
        "ACCOUNT_ROLE_LOCATION_CHANGED",
        "API_ACCOUNT_KEY_GENERATED",
        "DEVICE_ASSIGNED_TO_SERVER",
        "DEVICE_UNASSIGNED_FROM_SERVER",
    }


def test_a_locked_person_keeps_a_token_and_cannot_sign_in(caller, stand_in, person, new_token):
    """A8: a lockout is not a departure."""
    apple = new_token(person)
    stand_in.admin("PATCH", f"/users/{person}", {"status": "locked"})
    assert apple.log_in().status_code == 200
    url = f"{stand_in.portal}/portal/services"
    assert stand_in.client.get(url, headers={"X-Portal-User": person}).status_code == 403


def test_a_new_key_of_an_api_client_is_in_the_log(new_caller, caller):
    """A11: so that a daemon can watch its own key."""
    made = new_caller("staff")
    [event] = [event for event in events(caller) if event["subjectId"] == made.client_id]
    assert event[event["eventDataPropertyKey"]] == {"keyId": made.key_id}


def test_a_device_that_moves_is_in_the_log_and_in_the_list_of_its_service(caller, stand_in, service, name, new_token):
    """A1: a device belongs to one service."""
    apple = new_token()
    other = stand_in.add_service(f"{name} b")
    serials = [f"C02{service[:6]}{number}" for number in range(3)]
    stand_in.admin("POST", "/devices", {"service": service, "serial_numbers": serials})
    session, headers = apple.session(), {"user-agent": "tokenward/1.0"}

    def page(body):
        sent = {**headers, "x-adm-auth-session": session}
        return apple.http.post(f"{apple.base}/server/devices", json=body, headers=sent)

    first = page({"limit": 2}).json()
    assert ([device["serial_number"] for device in first["devices"]], first["more_to_follow"]) == (serials[:2], True)
    last = page({"limit": 2, "cursor": first["cursor"]}).json()
    assert ([device["serial_number"] for device in last["devices"]], last["more_to_follow"]) == (serials[2:], False)
    assert page({"cursor": last["cursor"]}).text == "EXHAUSTED_CURSOR"

    stand_in.admin("POST", "/devices", {"service": other, "serial_numbers": serials[:1]})
    assert [device["serial_number"] for device in page({}).json()["devices"]] == serials[1:]
    assert sorted(about(caller, serials[0])) == [
        "DEVICE_ASSIGNED_TO_SERVER",
        "DEVICE_ASSIGNED_TO_SERVER",
        "DEVICE_UNASSIGNED_FROM_SERVER",
    ]
    unknown = stand_in.client.post(f"{stand_in.portal}/admin/devices", json={"service": "A" * 32, "serial_numbers": []})
    assert unknown.status_code == 404


@pytest.mark.parametrize("missing", [START, END])
def test_both_instants_are_required(missing, caller):
    """A8: 400 with the name of the one that is missing."""
    parameters = {name: value for name, value in a_day().items() if name != missing}
    answer = caller.ask("GET", "/auditEvents", params=parameters)
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["code"], error["source"]) == ("PARAMETER_ERROR.REQUIRED", {"parameter": missing})


@pytest.mark.parametrize("instant", ["yesterday", "2026-11-24T06:00:00"])
def test_what_is_no_instant_is_refused(instant, caller):
    """A8: ISO 8601 with a time zone."""
    answer = caller.ask("GET", "/auditEvents", params=a_day(**{END: instant}))
    assert answer.json()["errors"][0]["code"] == "PARAMETER_ERROR.INVALID"


def test_events_are_found_by_time_type_and_subject_with_brackets_encoded_or_not(caller, stand_in, person):
    """A8: and a page leads to the next."""
    stand_in.admin("PATCH", f"/users/{person}", {"role": "staff"})
    [subject] = {event["subjectId"] for event in events(caller) if event["subjectName"] == person}
    mine = a_day(**{"filter[subjectId]": subject})
    for query in (urlencode(mine), urlencode(mine, safe="[]")):
        found = caller.ask("GET", f"/auditEvents?{query}").json()["data"]
        assert [item["attributes"]["type"] for item in found] == ["ACCOUNT_ADDED", "ACCOUNT_ROLE_LOCATION_CHANGED"]
    assert len(events(caller, **{"filter[subjectId]": subject, "filter[type]": "ACCOUNT_ADDED"})) == 1
    assert events(caller, **{"filter[actorId]": "nobody"}) == []
    assert events(caller, **{END: a_day()[START]}) == []

    stand_in.admin("POST", "/switches", {"api_page": 1})
    first = caller.ask("GET", "/auditEvents", params=mine).json()
    assert "total" not in first["meta"]["paging"]
    second = caller.ask("GET", first["links"]["next"].removeprefix(caller.base)).json()
    assert [item["attributes"]["type"] for item in second["data"]] == ["ACCOUNT_ROLE_LOCATION_CHANGED"]
    assert "next" not in second["links"]


def test_the_log_needs_a_role(new_caller):
    """A11: 403 for a device enrolment manager's client."""
    answer = new_caller("device-enrolment-manager").ask("GET", "/auditEvents", params=a_day())
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "FORBIDDEN_ERROR")


@pytest.mark.parametrize(("where", "path"), [("users", "/users"), ("audit-events", "/auditEvents")])
def test_both_lists_have_their_place_for_faults(where, path, caller, stand_in):
    """A8: an outage is an outage, and not an empty list."""
    stand_in.admin("POST", "/faults", {"where": where, "status": 503})
    assert caller.ask("GET", path, params=a_day()).status_code == 503
    assert caller.ask("GET", path, params=a_day()).status_code == 200
