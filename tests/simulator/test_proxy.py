from datetime import timedelta

import pytest

from fakes.stand_in import ANA, KIM

AGENT = {"user-agent": "tokenward/1.0"}


@pytest.fixture
def install(stand_in, name):
    """Return a function that downloads a token for a fresh service and installs it by force."""
    auth = ("depserver", stand_in.api_key)
    pem = stand_in.client.get(f"{stand_in.nanodep}/v1/tokenpki/{name}", auth=auth).text
    uuid = stand_in.add_service(name, pem)

    def run(user=KIM, *, installed=True):
        file = stand_in.download_token(uuid, user)
        if installed:
            path = f"/v1/tokenpki/{name}?force=1"
            assert stand_in.client.put(f"{stand_in.nanodep}{path}", content=file, auth=auth).status_code == 200
        return uuid

    return run


@pytest.fixture
def ask(stand_in, name):
    """Return a function that asks Apple through the small device management service."""

    def run(path="account", **headers):
        return stand_in.client.get(
            f"{stand_in.nanodep}/proxy/{name}/{path}",
            auth=("depserver", stand_in.api_key),
            headers={**AGENT, **headers},
        )

    return run


def newest(stand_in) -> int:
    """Return the number of the newest request on record; the record forgets the oldest."""
    return int(stand_in.admin("GET", "/requests")["items"][-1]["number"])


def logins_since(stand_in, number: int) -> int:
    """Return how often somebody asked Apple for a session after that request."""
    items = stand_in.admin("GET", "/requests")["items"]
    return sum(entry["path"] == "/session" for entry in items if entry["number"] > number)


def test_apples_answer_comes_back_with_its_headers(ask, install):
    """The session value shows, as in the real proxy."""
    uuid = install()
    answer = ask()

    assert answer.status_code == 200
    assert answer.json()["server_uuid"] == uuid
    assert answer.headers["content-type"] == "application/json;charset=UTF8"
    assert answer.headers["x-adm-auth-session"]


def test_the_session_is_kept_and_its_newest_value_used(ask, install, stand_in):
    """No login per call; a value that Apple changes is taken over."""
    install()
    stand_in.admin("POST", "/switches", {"rotate_session_every": 1})
    first = ask().headers["x-adm-auth-session"]
    before = newest(stand_in)

    assert ask().headers["x-adm-auth-session"] != first
    assert logins_since(stand_in, before) == 0


def test_an_expired_session_is_renewed_by_a_login(ask, install, stand_in):
    """401 leads to a login and one repetition."""
    install()
    ask()
    before = newest(stand_in)
    stand_in.admin("POST", "/clock", {"offset_seconds": timedelta(minutes=4).total_seconds()})

    assert ask().status_code == 200
    assert logins_since(stand_in, before) == 1


def test_an_unknown_session_in_capitals_leads_to_a_login(ask, install, stand_in):
    """A 403 whose body contains FORBIDDEN."""
    install()
    ask()
    stand_in.admin("POST", "/faults", {"where": "account", "status": 403, "body": '"FORBIDDEN"'})
    assert ask().status_code == 200


def test_any_other_403_is_passed_through_without_a_login(ask, install, stand_in):
    """Then only a restart helps: the old session stays."""
    install()
    ask()
    stand_in.admin("POST", "/switches", {"superseded_session": "403"})
    install()
    before = newest(stand_in)

    answer = ask()

    assert (answer.status_code, answer.text) == (403, "token_rejectedForbidden")
    assert logins_since(stand_in, before) == 0


def test_a_session_that_lives_on_after_a_new_token_gives_a_false_proof(ask, install, stand_in):
    """The answer right after an installation stands on the old token; the session value tells."""
    install(KIM)
    old = ask().headers["x-adm-auth-session"]
    stand_in.admin("POST", "/switches", {"superseded_session": "alive:30"})
    install(ANA)

    answer = ask()
    assert answer.json()["admin_id"] == KIM
    assert answer.headers["x-adm-auth-session"] == old

    stand_in.admin("POST", "/clock", {"offset_seconds": 31})
    answer = ask()
    assert answer.json()["admin_id"] == ANA
    assert answer.headers["x-adm-auth-session"] != old


def test_a_refused_login_is_502_with_apples_words(ask, install):
    """A newer token was downloaded and not installed."""
    install(KIM)
    install(ANA, installed=False)
    assert (ask().status_code, ask().text) == (502, "token_rejectedForbidden")


def test_a_name_without_a_token_is_502_without_words(ask):
    """Nothing to log in with."""
    assert (ask().status_code, ask().text) == (502, "")


def test_an_unreachable_apple_is_502_without_words(ask, install, stand_in, name):
    """Proxy, Apple not reachable; scheme and host of the configuration count."""
    install()
    auth = ("depserver", stand_in.api_key)
    url = f"{stand_in.nanodep}/v1/config/{name}"
    stand_in.client.put(url, json={"base_url": "http://127.0.0.1:9/path"}, auth=auth)
    assert (ask().status_code, ask().text) == (502, "")


def test_the_callers_product_is_passed_on(ask, install):
    """Apple sees the caller's user agent, and refuses what it refuses."""
    install()
    assert ask(**{"user-agent": "python-requests/2"}).text == "USER_AGENT_INVALID"
    assert ask(**{"user-agent": ""}).text == "USER_AGENT_MISSING"


def test_the_protocol_version_is_7_unless_the_caller_says_otherwise(ask, install):
    """Header passed on, else set."""
    install()
    assert "org_id" in ask().json()
    assert "org_id" not in ask(**{"x-server-protocol-version": "2"}).json()
