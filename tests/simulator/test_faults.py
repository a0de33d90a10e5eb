import httpx2
import pytest


def set_fault(stand_in, **fault):
    """Set a fault script."""
    return stand_in.admin("POST", "/faults", fault)


@pytest.mark.parametrize("wait", ["7", "Tue, 24 Nov 2026 06:00:00 GMT"])
def test_a_script_answers_so_many_times_and_then_no_more(apple, stand_in, wait):
    """429 with Retry-After, as seconds and as a date."""
    headers = {"Retry-After": wait}
    set_fault(stand_in, where="session", times=2, status=429, body="TOO_MANY_REQUESTS", headers=headers)

    answers = [apple.log_in() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == wait
    assert answers[0].text == "TOO_MANY_REQUESTS"


def test_a_script_is_for_one_service_where_it_names_one(apple, stand_in, name):
    """Other services are not touched."""
    set_fault(stand_in, where="account", service="Another", status=503)
    session = apple.session()
    assert apple.account(session).status_code == 200

    html = {"Content-Type": "text/html"}
    set_fault(stand_in, where="account", service=name, status=502, body="<html>", headers=html)
    answer = apple.account(session)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")


def test_an_answer_can_be_cut_short_after_the_work_was_done(stand_in, service, apple):
    """The click counts although its file was lost."""
    set_fault(stand_in, where="portal-token", truncate=True)

    with pytest.raises(httpx2.RemoteProtocolError):
        stand_in.download_token(service)

    assert apple.log_in().text == "signature_invalidForbidden"


def test_apples_answer_can_be_cut_short(apple, stand_in):
    """Compressed or not, the end is missing."""
    session = apple.session()
    for encoding in ("gzip", "identity"):
        set_fault(stand_in, where="account", truncate=True)
        with pytest.raises(httpx2.RemoteProtocolError):
            apple.account(session, **{"accept-encoding": encoding})


def test_a_scripted_answer_leaves_the_work_undone_unless_told_otherwise(stand_in, service, apple, pair):
    """503 before the fact, or after it."""
    url = f"{stand_in.portal}/portal/services/{service}/token"
    headers = {"X-Portal-User": "kim@corp.example"}
    set_fault(stand_in, where="portal-token", status=503)
    assert stand_in.client.post(url, headers=headers).status_code == 503
    assert apple.log_in().status_code == 200

    set_fault(stand_in, where="portal-token", status=503, carry_out=True)
    assert stand_in.client.post(url, headers=headers).status_code == 503
    assert apple.log_in().status_code == 403


def test_a_session_token_can_be_empty_and_an_answer_slow(apple, stand_in):
    """An empty auth_session_token; a delay the client's time limit meets."""
    set_fault(stand_in, where="session", status=200, body='{"auth_session_token": ""}')
    assert apple.log_in().json() == {"auth_session_token": ""}

    set_fault(stand_in, where="session", delay_seconds=0.4)
    with pytest.raises(httpx2.ReadTimeout):
        stand_in.client.get(f"{stand_in.apple}/session", headers={"authorization": "x"}, timeout=0.1)


@pytest.mark.parametrize(
    ("where", "method", "path"),
    [
        ("nanodep-get-key", "GET", "/v1/tokenpki/main"),
        ("nanodep-put-key", "PUT", "/v1/tokenpki/main"),
        ("nanodep-tokens", "GET", "/v1/tokens/main"),
        ("nanodep-proxy", "GET", "/proxy/main/account"),
    ],
)
def test_the_small_service_has_its_places_too(stand_in, where, method, path):
    """One place per kind of request."""
    set_fault(stand_in, where=where, service="main", status=418)
    url = f"{stand_in.nanodep}{path}"
    assert stand_in.client.request(method, url, auth=("depserver", stand_in.api_key)).status_code == 418


def test_scripts_can_be_seen_and_forgotten(apple, stand_in):
    """GET and DELETE."""
    set_fault(stand_in, where="devices", times=3, status=500)
    assert stand_in.admin("GET", "/faults")["items"][0]["times"] == 3
    stand_in.admin("DELETE", "/faults")
    assert stand_in.admin("GET", "/faults") == {"items": []}
