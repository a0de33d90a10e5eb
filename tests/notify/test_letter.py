from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from notify.scene import AWAKE, LABS, LINKS, MAIN, ROSTER, asked, desk, facts_of, message, situation
from policy.situations import DAY, HOUR, KIM, NOW, a_token
from tokenward.model.person import PersonState
from tokenward.model.quiet import QuietHours
from tokenward.model.rotation import Cause, State
from tokenward.model.token import Basis, Expiry, TokenState
from tokenward.notify.letter import compose, family, is_alarm, is_true
from tokenward.policy.templates import Template


def letter(*messages, of):
    """Return the letter that *messages* are."""
    found = compose(messages, of)
    assert found is not None
    return found


def test_whoever_is_asked_reads_what_by_when_what_otherwise_and_one_link():
    """B11.1: and a subject that says how long it takes."""
    found = letter(message(Template.ASKED), of=desk(asked(causes=(Cause.PASSWORD,))))

    assert found.subject == "[Action by 30 Nov] Renew the Apple token of “Main MDM” – 10 minutes"
    assert "Monday 30 November 2026, 09:30 UTC (in 6 days)" in found.body
    assert "The password of the account that downloaded the token has changed." in found.body
    assert "stop enrolling, at the latest on 16 August 2027; enrolled ones keep working" in found.body
    assert found.body.count("https://") == 1
    assert LINKS["kim"] in found.body
    assert found.reference in found.body


def test_several_services_are_one_letter_that_lists_them():
    """B11.1: one per person, not per service, whatever each row was about."""
    messages = (message(Template.ASKED), message(Template.REMINDED, service="labs"))
    found = letter(*messages, of=desk(asked(), asked(LABS)))

    assert family(messages[0]) == family(messages[1])
    assert found.subject == "[Action by 30 Nov] Renew 2 Apple tokens – 10 minutes each"
    assert "“Main MDM”" in found.body
    assert "“Labs MDM”" in found.body


def test_letters_to_two_people_are_two_letters():
    """B11.1: each reads what is theirs."""
    assert family(message(Template.ASKED)) != family(message(Template.ASKED, "person:ana"))
    assert family(message(Template.LATE, "operators")) != family(message(Template.LATE, "operators", "labs"))


def test_times_are_those_of_the_readers_own_zone():
    """B11.1: date, weekday, local time."""
    quiet = QuietHours(zone=ZoneInfo("Europe/Berlin"))
    roster = situation(asked()).roster
    roster = type(roster)(roster.organisations, roster.people, roster.services, quiet=quiet)
    found = letter(message(Template.ASKED), of=desk(asked(), roster=roster))

    assert "Monday 30 November 2026, 10:30 CET (in 6 days)" in found.body


def test_a_dead_token_is_said_at_once_and_does_not_wait_for_the_morning():
    """B11.1: a dead token; new devices don't enrol."""
    dead = asked()
    dead = facts_of(rotation=dead.rotation, token=a_token(state=TokenState.EXPIRED))
    found = letter(message(Template.ASKED), of=desk(dead))

    assert found.subject == "[Action now] The Apple token of “Main MDM” no longer works"
    assert is_alarm(message(Template.ASKED), situation(dead))
    assert not is_alarm(message(Template.ASKED), situation(asked()))


def test_an_estimate_is_called_one():
    """B1.2: the basis stands beside the date everywhere."""
    token = a_token(expiry=Expiry(NOW + 40 * DAY, Basis.ESTIMATED))
    found = letter(message(Template.ASKED), of=desk(facts_of(rotation=asked().rotation, token=token)))

    assert "3 January 2027 (estimated)" in found.body


def test_in_recovery_nobody_is_asked_to_download():
    """B4.4: did you download one? Don't download again."""
    found = letter(message(Template.STRAY_DOWNLOAD), of=desk(asked(recover_until=NOW + HOUR)))

    assert "Did you download" in found.subject
    assert "don't download another one" in found.body


def test_the_closing_letter_thanks_and_says_how_long_it_took():
    """B4.3, B6.5: new expiry, outage, nothing left to do."""
    found = letter(message(Template.ROTATION_DONE, outage_seconds="95", rung="3"), of=desk(facts_of()))

    assert "good until 16 August 2027. Between download and proof 1 min 35 s passed." in found.body
    assert "Nothing is left to do" in found.body


def test_a_planned_change_of_custodian_is_all_that_a_deputy_reads():
    """B7.2: neither the date nor the reason."""
    leaving = (PersonState("kim", departs_at=NOW + 9 * DAY),)
    found = letter(
        message(Template.ASKED, "person:ana"), of=desk(asked(causes=(Cause.CUSTODIAN,), actor="ana"), states=leaving)
    )

    assert "A change of custodian is planned." in found.body
    assert "3 December" not in found.body
    assert "kim" not in found.body.lower()


@pytest.mark.parametrize(
    ("said", "facts", "states"),
    [
        (message(Template.ASKED), facts_of(), ()),
        (message(Template.ASKED), asked(actor="ana"), ()),
        (message(Template.REMINDED), asked(state=State.RECEIVED), ()),
        (message(Template.STRAY_DOWNLOAD), asked(), ()),
        (message(Template.DEPUTY_TOLD, "person:ana"), asked(actor="ana"), ()),
        (message(Template.CONFIRM_ACCESS, "person:ana"), facts_of(), (PersonState("ana", confirmed_at=NOW),)),
        (message(Template.ASKED), asked(), (PersonState("kim", departs_at=NOW + DAY),)),
        (message(Template.ROTATION_DONE), facts_of(), (PersonState("kim", departs_at=NOW + DAY),)),
        (message(Template.LINK, "person:gone"), facts_of(), ()),
    ],
    ids=[
        "cancelled",
        "moved",
        "handed over",
        "found",
        "asked herself",
        "confirmed",
        "leaving",
        "not even thanks",
        "nobody",
    ],
)
def test_what_is_no_longer_so_is_not_said(said, facts, states):
    """B7.2, B11.2: looked at when it is sent, however long it waited."""
    assert not is_true(said, situation(facts, states=states))


def test_what_is_still_so_is_said():
    """B11.1: to people, and to those who run it."""
    now = situation(asked())

    assert is_true(message(Template.ASKED), now)
    assert is_true(message(Template.DEPUTY_TOLD, "person:ana"), now)
    assert is_true(message(Template.ROTATION_BLOCKED, "operators"), now)


def test_a_link_is_sent_only_where_there_is_one():
    """B6.1: to whoever has nothing open, nothing is sent."""
    assert compose((message(Template.LINK, "person:boss"),), desk(facts_of())) is None
    assert LINKS["ana"] in letter(message(Template.LINK, "person:ana"), of=desk(facts_of())).body


@pytest.mark.parametrize("template", Template)
def test_every_kind_can_be_said_to_whoever_it_is_for(template):
    """B11.1: no text lacks a word when it comes to it."""
    everything = {
        "person": "kim",
        "people": "kim, ana",
        "level": "moved",
        "moves_at": "2026-12-01T08:00:00Z",
        "due_at": "2026-12-01T08:00:00Z",
        "service": "main",
        "organisation": "corp",
        "until": "2026-12-01T08:00:00Z",
        **dict.fromkeys(
            ("why", "reason", "remedy", "cause", "source", "name", "trusted", "difference", "account"), "x"
        ),
    }
    words = {"recover_until": NOW + HOUR} if template is Template.STRAY_DOWNLOAD else {}
    audience = "person:ana" if template in {Template.CONFIRM_ACCESS, Template.LINK} else "person:kim"

    found = letter(message(template, audience, **everything), of=desk(asked(**words)))

    assert "{" not in found.subject + found.body
    assert len(found.subject) < 120


def test_names_are_those_that_people_are_called_by():
    """B11.1: not the ids of the configuration."""
    called = type(KIM)(**{**{name: getattr(KIM, name) for name in KIM.__slots__}, "name": "Kim Lee"})
    roster = type(ROSTER)(ROSTER.organisations, {**ROSTER.people, "kim": called}, ROSTER.services, quiet=AWAKE)
    found = letter(message(Template.ASKED), of=desk(asked(), roster=roster))

    assert found.body.startswith("Hello Kim Lee,")


def test_a_date_that_has_passed_is_told_as_such():
    """B11.1: by when, and how far off."""
    late = asked(due_at=NOW - timedelta(days=2))
    assert "(2 days ago)" in letter(message(Template.REMINDED), of=desk(late)).body
    assert MAIN.name in letter(message(Template.LATE, "operators", person="kim", level="moved"), of=desk(late)).subject
