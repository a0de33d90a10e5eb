import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.values import NOW
from tokenward.model.event import IDENTITY_KINDS, EventKind, Way
from tokenward.model.finding import Code
from tokenward.model.instant import parse_instant
from tokenward.model.person import Subject
from tokenward.schema.cloudevents import BadCloudEvent, Reception, parse_events

RECEPTION = Reception("drop", Way.DROP, NOW)


def a_cloudevent(**words):
    """Return a good event as its sender writes it; words that are None are left out."""
    whole = {
        "specversion": "1.0",
        "id": "hr-42",
        "source": "urn:corp:hr",
        "type": "com.corp.identity.employment.ended",
        "time": "2026-11-24T08:00:00Z",
        "subject": "kim@corp.example",
    }
    return {name: value for name, value in (whole | words).items() if value is not None}


def parsed(value):
    """Return the one event that *value* is."""
    (event,) = parse_events(json.dumps(value).encode(), RECEPTION)
    return event


def refusal(raw):
    """Return the finding for *raw*, bytes or a value to be written as JSON."""
    with pytest.raises(BadCloudEvent) as caught:
        parse_events(raw if isinstance(raw, bytes) else json.dumps(raw).encode(), RECEPTION)
    return caught.value.finding


def test_an_event_says_who_what_and_when():
    """C6: an offboarding event with a prefix of its own is understood, with the date on which it takes effect."""
    event = parsed(a_cloudevent(data={"effective_at": "2026-11-30T23:59:59+01:00", "employee": "E042"}))

    assert event.kind is EventKind.EMPLOYMENT_ENDED
    assert event.subject == Subject("email", "kim@corp.example")
    assert event.occurred_at == parse_instant("2026-11-24T08:00:00Z")
    assert event.effective_at == parse_instant("2026-11-30T22:59:59Z")
    assert (event.source, event.way, event.received_at) == ("drop", Way.DROP, NOW)


@pytest.mark.parametrize("kind", sorted(IDENTITY_KINDS))
@pytest.mark.parametrize("prefix", ["", "com.corp.", "identity.of.identity."])
def test_every_kind_about_people_is_known_by_its_pinned_name(kind, prefix):
    """C6: ``identity.<kind>``, alone or behind a prefix."""
    assert parsed(a_cloudevent(type=f"{prefix}identity.{kind}")).kind is kind


@pytest.mark.parametrize("written", ["identity.passwort.changed", "password.changed", "xidentity.password.changed"])
def test_an_unknown_kind_is_answered_with_the_near_one(written):
    """C6: a typing error gets the right name for an answer."""
    finding = refusal(a_cloudevent(type=written))

    assert finding.code is Code.UNKNOWN_KIND
    assert "password.changed" in finding.do


def test_kinds_of_the_clock_cannot_be_sent():
    """B9.2: only what people do comes in as a CloudEvent."""
    assert refusal(a_cloudevent(type="identity.token.rejected")).code is Code.UNKNOWN_KIND


def test_source_and_id_together_are_the_key():
    """C6: the same id of two senders means two events, and of one sender the same one."""
    first, again = parsed(a_cloudevent()), parsed(a_cloudevent(subject="ana@corp.example"))
    other = parsed(a_cloudevent(source="urn:corp:idp"))

    assert first.key == again.key != other.key


def test_an_array_is_a_batch():
    """C6: several events in one file, in order."""
    batch = [a_cloudevent(id=str(number)) for number in range(3)]

    events = parse_events(json.dumps(batch).encode(), RECEPTION)

    assert [event.key.split()[1] for event in events] == ["0", "1", "2"]


def test_one_bad_event_refuses_its_batch():
    """C6: a batch is taken as a whole or not at all; the finding says which event is wrong."""
    finding = refusal([a_cloudevent(), a_cloudevent(id=None)])

    assert finding.happened.startswith("Event 2 of 2")


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"format": "email", "email": "kim@corp.example"}, Subject("email", "kim@corp.example")),
        ({"format": "account", "uri": "acct:kim@corp.example"}, Subject("account", "kim@corp.example")),
        ({"format": "account", "uri": "acct:kim%2Blee@corp.example"}, Subject("account", "kim+lee@corp.example")),
        ({"format": "opaque", "id": "00u1"}, Subject("opaque", "00u1")),
        ({"format": "employee", "id": "E042"}, Subject("employee", "E042")),
        (
            {"format": "iss_sub", "iss": "https://idp.corp.example", "sub": "7"},
            Subject("iss_sub", "https://idp.corp.example 7"),
        ),
        (
            {
                "format": "aliases",
                "identifiers": [
                    {"format": "phone_number", "phone_number": "+1 555 0100"},
                    {"format": "aliases", "identifiers": []},
                    {"format": "email", "email": "kim@corp.example"},
                ],
            },
            Subject("email", "kim@corp.example"),
        ),
    ],
    ids=["email", "account", "account-escaped", "opaque", "id-space", "iss_sub", "aliases"],
)
def test_a_subject_may_be_an_rfc_9493_identifier(subject, expected):
    """B7.8: identifiers that never change can be sent instead of addresses."""
    assert parsed(a_cloudevent(data={"subject": subject})).subject == expected


@pytest.mark.parametrize(
    "subject",
    [
        {"format": "phone_number", "phone_number": "+1 555 0100"},
        {"format": "aliases", "identifiers": [{"format": "phone_number", "phone_number": "+1 555 0100"}]},
        {"format": "aliases"},
        {"format": "account", "uri": "https://corp.example"},
        {"format": "opaque"},
        {"format": ["email"], "email": "kim@corp.example"},
        "kim@corp.example",
        {},
    ],
)
def test_a_subject_that_names_nobody_is_refused(subject):
    """B7.8: what the configuration could not know is refused, also beside a good address."""
    assert refusal(a_cloudevent(data={"subject": subject})).code is Code.NOT_AN_EVENT


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": 1.0}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": 42}, "id"),
        ({"source": None}, "source is missing"),
        ({"source": "two words"}, "source"),
        ({"subject": None}, "subject is missing"),
        ({"subject": "Kim Lee"}, "subject"),
        ({"time": "2026-11-24T08:00:00"}, "time"),
        ({"time": "yesterday"}, "time"),
        ({"data": {"effective_at": "2026-11-30"}}, "data.effective_at"),
        ({"data": {"occurred_at": 1795492800}}, "data.occurred_at"),
        ({"data": "kim"}, "data"),
        ({"data_base64": "e30="}, "data_base64"),
        ({"Subject": "kim@corp.example"}, "Subject"),
        ({"id": "a\u0000b"}, "id"),
        ({"id": "x" * 600}, "id"),
    ],
)
def test_a_wrong_attribute_is_named(words, fault):
    """C6: the finding says which attribute is wrong and shows a right event."""
    finding = refusal(a_cloudevent(**words))

    assert finding.code is Code.NOT_AN_EVENT
    assert fault in finding.happened
    assert '"specversion": "1.0"' in finding.do


def test_all_faults_are_named_at_once():
    """C6: nobody has to send an event five times to learn of five faults."""
    finding = refusal(a_cloudevent(id=None, time="soon", data={"effective_at": "later"}))

    assert all(word in finding.happened for word in ("id is missing", "time", "data.effective_at"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"[1]",
        b'{"specversion": "1.0"',
        b'{"id": "1", "id": "2"}',
        b'{"n": NaN}',
        b'{"n": 1e999}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b'{"n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        json.dumps([{}] * 1001).encode(),
        json.dumps(a_cloudevent()).encode("utf-16"),
    ],
    ids=lambda raw: raw[:12].decode(errors="replace"),
)
def test_json_that_could_mean_two_things_is_refused(raw):
    """C6: duplicate members, NaN, huge numbers, deep nesting, lone surrogates, other encodings."""
    assert refusal(raw).code is Code.NOT_AN_EVENT


def test_a_byte_order_mark_does_no_harm():
    """C6: editors that write one are met in the wild."""
    assert parse_events(b"\xef\xbb\xbf" + json.dumps(a_cloudevent()).encode(), RECEPTION)


@given(st.integers(0, 300))
def test_a_cut_event_is_known_to_be_cut(length):
    """C6: wherever the transfer broke off, nothing is taken and the end is said to be missing."""
    raw = json.dumps(a_cloudevent()).encode()
    cut = raw[: min(length, len(raw) - 1)]

    with pytest.raises(BadCloudEvent) as caught:
        parse_events(cut, RECEPTION)

    assert caught.value.is_cut_short


@given(st.binary(max_size=200))
def test_garbage_gives_a_finding_and_nothing_else(raw):
    """C6: whatever bytes come, the answer is a finding."""
    with pytest.raises(BadCloudEvent):
        parse_events(raw, RECEPTION)


def taken(raw):
    """Return the events in *raw*, none where it is refused; any other error is the test's failure."""
    try:
        return parse_events(raw, RECEPTION)
    except BadCloudEvent:
        return ()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["specversion", "id", "source", "type", "time", "subject", "data"]), JSON_VALUES, max_size=7
    ),
    st.dictionaries(st.sampled_from(["subject", "effective_at", "occurred_at", "reason"]), JSON_VALUES, max_size=4),
)
def test_an_event_with_any_values_is_taken_or_refused_with_a_finding(words, data):
    """C6: wrong types in any place give findings; what is taken has a subject and aware times."""
    raw = json.dumps(a_cloudevent(data=data) | words).encode()

    for event in taken(raw):
        assert event.subject is not None
        assert event.effective_at is None or event.effective_at.tzinfo is not None
        json.dumps([event.key, dict(event.data)]).encode()
