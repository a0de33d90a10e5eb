import gzip
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from fakes.stand_in import ANA, KIM

ADVICE_401 = "oauth_problem_adviceUnauthorized"
ADVICE_400 = "oauth_problem_adviceBad Request"


def later(stand_in, **duration: float) -> None:
    """Move the simulator's clock."""
    stand_in.admin("POST", "/clock", {"offset_seconds": timedelta(**duration).total_seconds()})


def stamp(**duration: float) -> str:
    """Return a timestamp that far from now."""
    return str(int((datetime.now(UTC) + timedelta(**duration)).timestamp()))


def test_a_good_signature_gets_a_session_with_realm_or_without(apple):
    """Apple's documentation sends a realm, most clients send none."""
    for realm in ("ADM", None):
        answer = apple.log_in(apple.authorization(realm=realm))

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json;charset=UTF8"
        assert re.fullmatch("[0-9a-f]{47}", answer.json()["auth_session_token"])


def test_the_parameters_may_come_in_any_order_and_without_version(apple):
    """RFC 5849 section 3.5.1."""
    scheme, _, rest = apple.authorization().partition(" ")
    assert apple.log_in(f"{scheme} {','.join(reversed(rest.split(', ')))}").status_code == 200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda header: "",
        lambda header: "Bearer x",
        lambda header: re.sub(r'oauth_nonce="[^"]*", ', "", header),
        lambda header: header + ', oauth_nonce="again"',
        lambda header: header.replace("HMAC-SHA1", "PLAINTEXT"),
        lambda header: header.replace('oauth_version="1.0"', 'oauth_version="2.0"'),
        lambda header: re.sub(r'oauth_timestamp="\d+"', 'oauth_timestamp="now"', header),
        lambda header: re.sub(r'oauth_timestamp="\d+"', f'oauth_timestamp="{"9" * 500}"', header),
    ],
    ids=["none", "bearer", "missing", "twice", "method", "version", "timestamp", "huge-timestamp"],
)
def test_a_request_with_bad_parameters_is_400(spoil, apple):
    """A missing, repeated or unsupported parameter."""
    answer = apple.log_in(spoil(apple.authorization()))
    assert (answer.status_code, answer.text) == (400, ADVICE_400)


@pytest.mark.parametrize(
    ("changes", "verbose"),
    [
        ({"client_key": "CK_unknown"}, "consumer_key_unknown"),
        ({"resource_owner_key": "AT_unknown"}, "consumer_key_unknown"),
        ({"client_secret": "CS_wrong"}, "oauth_problem_advice"),
        ({"resource_owner_secret": "AS_wrong"}, "oauth_problem_advice"),
        ({"url": "http://127.0.0.1:1/session"}, "oauth_problem_advice"),
        ({"url": "http://127.0.0.1/session"}, "oauth_problem_advice"),
        ({"timestamp": -330}, "timestamp_refused"),
        ({"timestamp": 330}, "timestamp_refused"),
    ],
    ids=["key", "token", "consumer-secret", "access-secret", "port", "no-port", "slow-clock", "fast-clock"],
)
def test_what_cannot_be_believed_is_401_with_one_word_for_all(changes, verbose, apple, stand_in):
    """One answer for all; the common words only where a switch asks for them."""
    if "timestamp" in changes:
        changes = {"timestamp": stamp(seconds=changes["timestamp"])}
    answer = apple.log_in(apple.authorization(**changes))
    assert (answer.status_code, answer.text) == (401, ADVICE_401)

    stand_in.admin("POST", "/switches", {"verbose_oauth": True})
    assert apple.log_in(apple.authorization(**changes)).text == f"{verbose}Unauthorized"


def test_a_nonce_is_good_once(apple, stand_in):
    """A repeated request is refused."""
    header = apple.authorization()
    assert apple.log_in(header).status_code == 200
    assert apple.log_in(header).text == ADVICE_401

    stand_in.admin("POST", "/switches", {"verbose_oauth": True})
    assert apple.log_in(header).text == "nonce_usedUnauthorized"


def test_account_says_which_service_it_is_and_who_downloaded_the_token(apple, service, name, stand_in):
    """The dash-less uuid, the downloader, the newest session value, and the last connection."""
    answer = apple.account(session := apple.session())

    assert answer.status_code == 200
    detail = answer.json()
    assert (detail["server_uuid"], detail["server_name"], detail["admin_id"]) == (service, name, KIM)
    assert re.fullmatch("[0-9A-F]{32}", detail["server_uuid"])
    assert {"org_id", "org_id_hash", "org_type", "org_version", "urls"} <= detail.keys()
    assert answer.headers["x-adm-auth-session"] == session
    listed = {item["uuid"]: item for item in stand_in.admin("GET", "/state")["services"]}
    assert listed[service]["last_connected_ip"] == "127.0.0.1"


def test_an_old_protocol_version_gets_fewer_fields(apple):
    """Before version 3 there is nothing about the organisation's id."""
    detail = apple.account(apple.session(), **{"x-server-protocol-version": "2"}).json()
    assert "server_uuid" in detail
    assert not {"org_id", "org_id_hash", "org_type", "org_version", "urls"} & detail.keys()


def test_an_answer_is_compressed_for_who_asks(apple):
    """Accept-Encoding: gzip."""
    headers = {
        "x-adm-auth-session": apple.session(),
        "user-agent": "tokenward/1.0",
        "accept-encoding": "gzip",
    }
    with apple.http.stream("GET", f"{apple.base}/account", headers=headers) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert b"server_uuid" in gzip.decompress(b"".join(answer.iter_raw()))


@pytest.mark.parametrize(
    ("agent", "word"),
    [
        ("", "USER_AGENT_MISSING"),
        ("python-requests/2.32", "USER_AGENT_INVALID"),
        ("python-httpx/0.28", "USER_AGENT_INVALID"),
        ("Go-http-client/1.1", "USER_AGENT_INVALID"),
    ],
)
def test_a_call_must_name_its_product(agent, word, apple):
    """The user agent is checked on calls, not on /session."""
    answer = apple.account(apple.session(), **{"user-agent": agent})
    assert (answer.status_code, answer.text) == (400, word)


def test_a_session_ends(apple, stand_in):
    """401 once its time is over, and a new one helps."""
    session = apple.session()
    assert apple.account(session).status_code == 200

    later(stand_in, seconds=181)
    answer = apple.account(session)

    assert (answer.status_code, answer.text) == (401, "UNAUTHORIZED")
    assert apple.account(None).text == "UNAUTHORIZED"


def test_an_unknown_session_is_401_or_403_in_quotes(apple, stand_in):
    """The switch of Apple's own simulator after a restart."""
    assert apple.account("unknown").status_code == 401

    stand_in.admin("POST", "/switches", {"unknown_session": 403})
    answer = apple.account("unknown")
    assert (answer.status_code, answer.text) == (403, '"FORBIDDEN"')


def test_a_session_value_changes_now_and_then_with_a_short_overlap(apple, stand_in):
    """The newest X-ADM-Auth-Session is to be used; the one before works a moment longer."""
    stand_in.admin("POST", "/switches", {"rotate_session_every": 2})
    first = apple.session()

    seen = [apple.account(first).headers["x-adm-auth-session"] for _ in range(3)]

    assert seen[0] == first
    assert seen[1] == seen[2] != first
    later(stand_in, seconds=11)
    assert apple.account(first).status_code == 401
    assert apple.account(seen[1]).status_code == 200


@pytest.mark.parametrize(("next_user", "word"), [(KIM, "signature_invalid"), (ANA, "token_rejected")])
def test_a_superseded_token_is_dead_at_once_and_says_so_by_who_came_next(next_user, word, apple, new_token, stand_in):
    """403 or 401 by a switch; the new token works."""
    successor = new_token(next_user)

    assert (apple.log_in().status_code, apple.log_in().text) == (403, f"{word}Forbidden")
    stand_in.admin("POST", "/switches", {"superseded_status": 401})
    assert (apple.log_in().status_code, apple.log_in().text) == (401, f"{word}Unauthorized")
    assert successor.account(successor.session()).json()["admin_id"] == next_user


def test_the_same_account_keeps_the_consumer_key_and_another_does_not(apple, new_token):
    """Everything else is new either way."""
    again, other = new_token(KIM), new_token(ANA)

    assert again.secrets["consumer_key"] == apple.secrets["consumer_key"]
    assert other.secrets["consumer_key"] != apple.secrets["consumer_key"]
    for field in ("consumer_secret", "access_token", "access_secret"):
        assert len({client.secrets[field] for client in (apple, again, other)}) == 3


@pytest.mark.parametrize(
    ("switch", "statuses"),
    [("401", (401, 401)), ("403", (403, 403)), ("alive:30", (200, 401))],
)
def test_the_session_of_a_superseded_token_ends_as_the_switch_says(switch, statuses, apple, new_token, stand_in):
    """The trap of a false proof: an old session may live on."""
    stand_in.admin("POST", "/switches", {"superseded_session": switch})
    session = apple.session()
    new_token(KIM)

    at_once = apple.account(session).status_code
    later(stand_in, seconds=31)

    assert (at_once, apple.account(session).status_code) == statuses


def test_a_token_ends_365_days_after_its_issue_second(apple, stand_in):
    """Alive a minute before, token_expired after."""
    issued = int(apple.secrets["access_token"][-13:]) // 1000
    expires_at = datetime.fromisoformat(apple.secrets["access_token_expiry"])
    assert expires_at == datetime.fromtimestamp(issued, UTC) + timedelta(days=365)

    later(stand_in, days=365, minutes=-1)
    assert apple.log_in(apple.authorization(timestamp=stamp(days=365, minutes=-1))).status_code == 200

    later(stand_in, days=365, seconds=1)
    answer = apple.log_in(apple.authorization(timestamp=stamp(days=365)))
    assert (answer.status_code, answer.text) == (403, "token_expiredForbidden")
    assert parsedate_to_datetime(answer.headers["date"]) > expires_at - timedelta(seconds=1)


def test_the_token_of_a_deleted_person_is_forbidden(new_token, person, stand_in):
    """At /session; a call says that the session is over."""
    client = new_token(person)
    session = client.session()

    stand_in.admin("PATCH", f"/users/{person}", {"status": "deleted"})

    assert (client.log_in().status_code, client.log_in().text) == (403, "FORBIDDEN")
    assert client.account(session).status_code == 401


@pytest.mark.parametrize(
    ("switch", "change"),
    [
        ("password_effect", {"password_changed": True}),
        ("role_effect", {"role": "staff"}),
        ("deactivation_effect", {"status": "deactivated"}),
    ],
)
def test_what_befalls_the_downloader_kills_the_token_as_the_switch_says(switch, change, new_token, person, stand_in):
    """Not at all, after a delay, or at once."""
    client = new_token(person)
    stand_in.admin("POST", "/switches", {switch: "none"})
    stand_in.admin("PATCH", f"/users/{person}", change)
    assert client.log_in().status_code == 200

    stand_in.admin("POST", "/switches", {switch: "delay:60"})
    assert client.log_in().status_code == 200
    later(stand_in, seconds=61)
    assert client.log_in().text == "token_rejectedForbidden"
    later(stand_in, seconds=0)
    assert client.log_in().status_code == 200

    stand_in.admin("POST", "/switches", {switch: "at-once"})
    assert client.log_in().text == "token_rejectedForbidden"


def test_a_token_downloaded_after_a_password_change_is_good(new_token, person, stand_in):
    """Only tokens from before the change are hit."""
    stand_in.admin("POST", "/switches", {"password_effect": "at-once"})
    stand_in.admin("PATCH", f"/users/{person}", {"password_changed": True})

    assert new_token(person).log_in().status_code == 200


@pytest.mark.parametrize(("at", "status"), [("session", 403), ("calls", 200)])
def test_unsigned_terms_stop_everything_until_their_acceptance_counts(at, status, apple, stand_in):
    """At /session, or on calls only; accepting them may take its time."""
    session = apple.session()
    stand_in.admin("POST", "/terms", {"accepted": False, "at": at})
    assert apple.log_in().status_code == status
    assert (apple.account(session).status_code, apple.account(session).text) == (403, "T_C_NOT_SIGNED")

    stand_in.admin("POST", "/terms", {"accepted": True, "effective_after_seconds": 60, "at": at})
    assert apple.account(session).text == "T_C_NOT_SIGNED"
    later(stand_in, seconds=61)
    assert apple.account(session).status_code == 200


def test_access_can_be_denied(apple, stand_in):
    """A server that may not."""
    stand_in.admin("POST", "/switches", {"access_denied": True})
    assert (apple.log_in().status_code, apple.log_in().text) == (403, "ACCESS_DENIED")


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"{}", 200, '"devices": []'),
        (b'{"limit": 100}', 200, '"devices": []'),
        (b"[", 400, "MALFORMED_REQUEST_BODY"),
        (b'{"limit": "all"}', 400, "MALFORMED_REQUEST_BODY"),
        (b'{"cursor": "x"}', 400, "INVALID_CURSOR"),
    ],
)
def test_the_device_list_is_empty_and_wants_a_json_object(body, status, text, apple):
    """POST /server/devices."""
    headers = {"x-adm-auth-session": apple.session(), "user-agent": "tokenward/1.0"}
    answer = apple.http.post(f"{apple.base}/server/devices", content=body, headers=headers)
    assert answer.status_code == status
    assert text in answer.text


def test_another_method_is_405(apple):
    """GET only."""
    assert apple.http.post(f"{apple.base}/session").status_code == 405
