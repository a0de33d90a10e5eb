import json

import pytest


def post(stand_in, path, body):
    """Ask the control plane for something that may be refused."""
    return stand_in.client.post(f"{stand_in.portal}/admin{path}", json=body)


def test_the_clock_moves_everything(stand_in, service):
    """One offset for issue times, sessions and the Date header."""
    stand_in.admin("POST", "/clock", {"offset_seconds": 86400})
    clock = stand_in.admin("GET", "/clock")
    assert clock["offset_seconds"] == 86400
    stand_in.download_token(service)

    shown = stand_in.admin("GET", "/state")
    token = next(item for item in shown["services"] if item["uuid"] == service)["tokens"][-1]
    assert token["issued_at"][:10] == clock["now"][:10]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/switches", {"session_second": 3}),
        ("/switches", {"superseded_session": "sometimes"}),
        ("/switches", {"password_effect": "delay:soon"}),
        ("/switches", {"envelope": ["aes512"]}),
        ("/faults", {"where": "nowhere"}),
        ("/faults", {"where": "session", "state": 500}),
        ("/terms", {}),
        ("/users", {"account": "kim@corp.example"}),
    ],
)
def test_a_misspelt_wish_is_refused_with_its_place(stand_in, path, body):
    """A test must not pass because its switch was never set."""
    answer = post(stand_in, path, body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_an_unknown_person_is_404(stand_in):
    """PATCH changes people, POST makes them."""
    url = f"{stand_in.portal}/admin/users/nobody@corp.example"
    assert stand_in.client.patch(url, json={"status": "deleted"}).status_code == 404


def test_nothing_secret_is_shown(apple, stand_in):
    """Neither in the overview nor in the record of requests."""
    session = apple.session()
    apple.account(session)

    shown = json.dumps([stand_in.admin("GET", path) for path in ("/state", "/requests", "/faults")])

    for secret in (*apple.secrets.values(), session, stand_in.api_key):
        if not secret.startswith("20"):  # the expiry is no secret
            assert secret not in shown


def test_a_token_that_no_longer_works_says_why(stand_in, service, apple):
    """The overview shows what /session would answer."""
    stand_in.download_token(service)
    shown = stand_in.admin("GET", "/state")["services"]
    tokens = next(item for item in shown if item["uuid"] == service)["tokens"]
    assert [token["refused_with"] for token in tokens] == ["signature_invalidForbidden", None]


def test_a_huge_body_is_413(stand_in):
    """Bad input is bounded."""
    answer = stand_in.client.post(f"{stand_in.portal}/portal/services", content=b"x" * 300_000)
    assert answer.status_code == 413
