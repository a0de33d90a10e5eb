import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from fakes.intake import FakeIntake
from fakes.values import NOW
from tokenward.model.event import AttachmentRole, EventKind, Way
from tokenward.model.finding import Code, Finding
from tokenward.model.instant import parse_instant
from tokenward.model.person import Subject
from tokenward.rotation.record import Settlement
from tokenward.sources.control import LARGEST_FILE, ControlSource, SentEvent


class Counting:
    """Clock, chance and settlements of a daemon that settles everything at once."""

    def __init__(self):
        self.keys = 0
        self.waited = []
        self.settlement = Settlement("accepted", ("rotation opened",))

    def now(self):
        """Return the same moment each time."""
        return NOW

    def token(self):
        """Return a key that is not given out twice."""
        self.keys += 1
        return f"key{self.keys}"

    async def settled(self, event_id, timeout_seconds):
        """Return the settlement, and remember that it was asked for."""
        self.waited.append((event_id, timeout_seconds))
        return self.settlement


@pytest.fixture
def daemon():
    """Return what stands behind the socket."""
    return Counting()


@pytest.fixture
def intake():
    """Return an intake that takes everything."""
    return FakeIntake()


@pytest.fixture
def client(intake, daemon):
    """Return a client of the control socket."""
    source = ControlSource(intake, daemon, daemon, daemon)
    with TestClient(Starlette(routes=list(source.routes()))) as client:
        yield client


def a_file(body=b"content", **words):
    """Return a file as it is sent."""
    return {"name": "token.p7m", "content_base64": base64.b64encode(body).decode()} | words


def test_a_request_is_an_event(client, intake, daemon):
    """C7: rotate, retry, cancel, adopt and claim are events like all others."""
    answer = client.post(
        "/v1/events", json={"kind": "rotate", "service": "main", "data": {"reason": "a drill", "new_key": "yes"}}
    )

    (event,) = intake.events
    assert (event.source, event.key, event.way) == ("control", "key1", Way.CONTROL)
    assert (event.kind, event.service) == (EventKind.ROTATE, "main")
    assert event.data == {"reason": "a drill", "new_key": "yes"}
    assert answer.status_code == 202
    assert answer.json() == {"event_id": 1, "verdict": "taken", "warnings": [], "settlement": None}
    assert not daemon.waited


def test_asking_twice_is_two_events(client, intake):
    """C7: a person who asks again means it."""
    for _ in range(2):
        client.post("/v1/events", json={"kind": "retry", "service": "main"})

    assert len(intake.events) == 2


def test_the_answer_can_wait_for_what_becomes_of_it(client, daemon):
    """C7: the command line prints the decision, not only that it was heard."""
    answer = client.post("/v1/events", json={"kind": "rotate", "service": "main", "wait_seconds": 5})

    assert answer.json()["settlement"] == {"outcome": "accepted", "lines": ["rotation opened"], "code": None}
    assert daemon.waited == [(1, 5.0)]


def test_what_is_not_settled_in_time_is_taken_all_the_same(client, daemon):
    """C7: waiting is for the person, the event is durable before it."""
    daemon.settlement = None

    answer = client.post("/v1/events", json={"kind": "rotate", "service": "main", "wait_seconds": 0.1})

    assert (answer.status_code, answer.json()["settlement"]) == (202, None)


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        ({"subject": "kim@corp.example"}, Subject("email", "kim@corp.example")),
        ({"subject": {"format": "employee", "id": "E042"}}, Subject("employee", "E042")),
        ({"person": "kim"}, Subject("person", "kim")),
    ],
)
def test_what_happened_to_a_person_can_be_reported(client, intake, words, subject):
    """C6: by address, by an identifier, or by the id in the configuration; with the date where one is known."""
    data = {"effective_at": "2026-12-01T18:00:00+01:00", "reason": "told by HR"}
    answer = client.post("/v1/events", json={"kind": "employment.ending", "data": data} | words)

    (event,) = intake.events
    assert answer.status_code == 202
    assert event.subject == subject
    assert event.effective_at == parse_instant("2026-12-01T17:00:00Z")
    assert "effective_at" not in event.data


@pytest.mark.parametrize(
    ("kind", "role"),
    [("token.supplied", AttachmentRole.ENVELOPE), ("certificate.new", AttachmentRole.CERTIFICATE)],
)
def test_a_file_comes_with_its_event(client, intake, kind, role):
    """B5.5: a file over the control socket is trusted, and is named without its folders."""
    client.post("/v1/events", json={"kind": kind, "person": "kim", "file": a_file(name="/home/kim/token.p7m")})

    (event,), (attachment,) = intake.events, intake.attachments
    assert (attachment.role, attachment.name, attachment.body) == (role, "token.p7m", b"content")
    assert event.data == {"person": "kim", "file_name": "token.p7m"}


def test_a_refusal_is_answered_with_its_finding(client, intake):
    """C7: what is wrong, what that means, what to do."""
    intake.judge = lambda event, attachment: Finding(Code.KEYHOLDER, "No.", "It was not used.", "Drop it elsewhere.")

    answer = client.post("/v1/events", json={"kind": "certificate.new", "service": "main", "file": a_file()})

    assert answer.status_code == 409
    assert answer.json() == {
        "code": "TW115",
        "happened": "No.",
        "means": "It was not used.",
        "do": "Drop it elsewhere.",
    }


def test_a_store_that_cannot_write_is_said_to_be_so(client, intake):
    """C7: the caller tries again; nothing was taken."""
    intake.is_full = True

    assert client.post("/v1/events", json={"kind": "rotate", "service": "main"}).status_code == 503


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"service": "main"}, "kind"),
        ({"kind": "rotates", "service": "main"}, '"rotate"'),
        ({"kind": "rotate", "wait_seconds": 21}, "wait_seconds"),
        ({"kind": "rotate", "surprise": 1}, "surprise"),
        ({"kind": "rotate", "data": {"attachment": "digest"}}, "attachment"),
        ({"kind": "rotate", "data": {"folder": "tokens"}}, "folder"),
        ({"kind": "rotate", "data": {"n": 1}}, "data.n"),
        ({"kind": "rotate", "file": a_file()}, "takes no file"),
        ({"kind": "token.supplied", "service": "main"}, "needs a file"),
        ({"kind": "token.supplied", "file": a_file(content_base64="*")}, "base64"),
        ({"kind": "token.supplied", "file": a_file(b"x" * (LARGEST_FILE + 1))}, "bytes"),
        ({"kind": "employment.ending", "person": "kim", "data": {"effective_at": "2026-12-01"}}, "effective_at"),
        ({"kind": "password.changed", "subject": {"format": "phone_number"}}, "subject"),
        ([], "the body"),
    ],
)
def test_a_request_that_cannot_be_understood_is_answered_with_what_is_wrong(client, intake, body, word):
    """C7: and nothing of it is taken."""
    answer = client.post("/v1/events", json=body)

    assert answer.status_code == 422
    assert word in answer.json()["happened"] + answer.json()["do"]
    assert not intake.submissions


def test_an_answer_never_repeats_what_was_sent(client):
    """C7: a misplaced file or secret stays out of answers."""
    answer = client.post("/v1/events", json={"kind": "rotate", "file": "AS_secret", "wait_seconds": "AS_secret"})

    assert "AS_secret" not in answer.text


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_without_end_is_cut_off(client, intake, is_announced):
    """C7: memory has a limit, whatever is sent."""
    content = b" " * (1 << 20)
    body = content if is_announced else iter([content] * 4)

    assert client.post("/v1/events", content=body).status_code == 413
    assert not intake.submissions


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_garbage_is_misshapen_and_nothing_else(raw):
    """C7: no body brings the parser down."""
    with pytest.raises(ValidationError):
        SentEvent.model_validate_json(raw)


def test_the_values_of_a_token_come_as_a_file(client, intake):
    """B1.3: never as words of the event, which are kept."""
    answer = client.post("/v1/events", json={"kind": "token.import", "service": "main", "file": a_file(role="token")})

    assert answer.status_code == 202
    assert intake.attachments[0].role is AttachmentRole.TOKEN
    assert set(intake.events[0].data) == {"file_name"}


@pytest.mark.parametrize(
    ("kind", "role"), [("certificate.new", "token"), ("token.supplied", "token"), ("token.import", "certificate")]
)
def test_the_values_of_a_token_are_never_taken_for_something_else(client, intake, kind, role):
    """B1.3: nor anything else for them."""
    answer = client.post("/v1/events", json={"kind": kind, "service": "main", "file": a_file(role=role)})

    assert answer.status_code == 422
    assert role in answer.json()["happened"]
    assert intake.submissions == 0
