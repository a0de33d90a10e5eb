import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.scene import EVERY_WORD, LABS, LINKS, MAIN, ROSTER, asked, desk, facts_of, message
from policy.situations import DAY, HOUR, KIM, NOW, a_token
from tokenward.model.person import PersonState
from tokenward.model.quiet import QuietHours
from tokenward.model.rotation import Cause
from tokenward.model.token import Basis, Expiry, TokenState
from tokenward.notify.letter import compose
from tokenward.policy.templates import Template

DEAD = a_token(state=TokenState.EXPIRED)


def letter(*messages, of):
    """Return the letter that *messages* are."""
    found = compose(messages, of)
    assert found is not None
    return found


def with_people(*people, quiet=ROSTER.quiet):
    """Return the roster with *people* in place of those of the same ids."""
    return replace(ROSTER, people={**ROSTER.people, **{one.id: one for one in people}}, quiet=quiet)


# --- what a custodian reads


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


def test_whoever_links_a_service_for_the_first_time_reads_of_no_token_in_use():
    """B11.1: there is none that a download could end."""
    first = asked(causes=(Cause.UNLINKED,))
    found = letter(message(Template.ASKED), of=desk(replace(first, token=None)))

    assert "the token in use" not in found.body
    assert "with the download any token in use stops working" in found.body


@pytest.mark.parametrize(
    ("said", "words"),
    [(Template.ASKED, {}), (Template.REMINDED, {}), (Template.STRAY_DOWNLOAD, {"recover_until": NOW + HOUR})],
    ids=["asked", "reminded", "in recovery"],
)
def test_a_letter_that_asks_is_short(said, words):
    """Operating conventions: under 200 words, all told; a reminder is shorter."""
    count = len(letter(message(said), of=desk(asked(causes=tuple(Cause)[:1], **words))).body.split())

    assert count < (200 if said is Template.ASKED else 120)


def test_several_services_are_one_letter_that_lists_them():
    """B11.1: one per person, not per service, whatever each row was about."""
    messages = (message(Template.ASKED), message(Template.REMINDED, service="labs"))
    found = letter(*messages, of=desk(asked(), asked(LABS)))

    assert found.subject == "[Action by 30 Nov] Renew 2 Apple tokens – 10 minutes each"
    assert "“Main MDM”" in found.body
    assert "“Labs MDM”" in found.body
    assert found.body.count("Hello") == found.body.count("https://") == 1


def test_the_subject_names_the_earliest_date_whatever_was_queued_first():
    """B11.1: by when is the date of the service that is due first."""
    later, sooner = asked(), asked(LABS, due_at=NOW + 2 * DAY)
    found = letter(message(Template.ASKED), message(Template.ASKED, service="labs"), of=desk(later, sooner))

    assert found.subject.startswith("[Action by 26 Nov]")


def test_the_subject_names_the_service_whose_token_is_dead():
    """B11.1: among several it is the one that can't wait."""
    dead = replace(asked(LABS), token=replace(DEAD, service="labs"))
    found = letter(message(Template.ASKED), message(Template.ASKED, service="labs"), of=desk(asked(), dead))

    assert found.subject == "[Action now] The Apple token of “Labs MDM” no longer works"


def test_what_waits_for_one_reader_is_one_letter_whatever_it_is():
    """B11.1: what waits for one person at one moment; the most pressing gives it its name, and the link stands once."""
    deputy = asked(LABS, actor="ana")
    messages = (
        message(Template.ROTATION_DONE),
        message(Template.DEPUTY_TOLD, service="labs", person="ana", moves_at="2026-12-01T08:00:00Z"),
        message(Template.ASKED),
        message(Template.LINK),
    )
    found = letter(*messages, of=desk(asked(), deputy))

    assert found.subject == "[Action by 30 Nov] Renew the Apple token of “Main MDM” – 10 minutes (and 2 more)"
    assert found.body.count("Hello") == found.body.count("https://") == found.body.count("Reference") == 1
    assert found.body.index("Please download") < found.body.index("— Done: “Main MDM”") < found.body.index("— You may")


def test_of_two_steps_up_the_ladder_operators_read_the_last():
    """B11.1: what was held for the morning does not tell the same thing twice."""
    levels = [message(Template.LATE, "operators", person="kim", level=level) for level in ("deputy_told", "moved")]
    found = letter(*levels, of=desk(asked()))

    assert "The date has passed" in found.body
    assert "Three quarters" not in found.body


def test_times_are_those_of_the_readers_own_zone():
    """B11.1: date, weekday, local time."""
    roster = with_people(quiet=QuietHours(zone=ZoneInfo("Europe/Berlin")))
    found = letter(message(Template.ASKED), of=desk(asked(), roster=roster))

    assert "Monday 30 November 2026, 10:30 CET (in 6 days)" in found.body


def test_a_dead_token_is_said_in_the_subject():
    """B11.1: new devices don't enrol, so there is no date to wait for."""
    found = letter(message(Template.ASKED), of=desk(replace(asked(), token=DEAD)))

    assert found.subject == "[Action now] The Apple token of “Main MDM” no longer works"
    assert "as soon as you can" in found.body


@pytest.mark.parametrize(
    ("basis", "said"), [(Basis.ESTIMATED, "(estimated)"), (Basis.STATED, "(as was stated)"), (Basis.READ_BACK, ";")]
)
def test_how_an_expiry_is_known_stands_beside_it(basis, said):
    """B1.2: an estimate is called one."""
    token = a_token(expiry=Expiry(NOW + 40 * DAY, basis))
    found = letter(message(Template.ASKED), of=desk(replace(asked(), token=token)))

    assert re.search(rf"3 January 2027 ?{re.escape(said)}", found.body)


def test_a_date_that_has_passed_is_not_what_will_happen():
    """B11.1, B1.2: an estimate that has run out says nothing of when enrolling stops."""
    token = a_token(expiry=Expiry(NOW - DAY, Basis.ESTIMATED))
    body = letter(message(Template.ASKED), of=desk(replace(asked(), token=token))).body

    assert "Otherwise new devices can't enrol; enrolled ones keep working." in body
    assert "23 November" not in body


def test_what_somebody_wanted_silence_about_is_in_no_letter_about_something_else():
    """B11.2: until the day that they named."""
    found = letter(message(Template.ASKED, service="labs"), of=desk(asked(remind_at=NOW + DAY), asked(LABS)))

    assert found.subject == "[Action by 30 Nov] Renew the Apple token of “Labs MDM” – 10 minutes"
    assert "Main MDM" not in found.body


def test_in_recovery_nobody_is_asked_to_download():
    """B4.4: did you download one? Don't download again."""
    found = letter(message(Template.STRAY_DOWNLOAD), of=desk(asked(recover_until=NOW + HOUR)))

    assert "Did you download" in found.subject
    assert "don't download another one" in found.body


def test_where_nobody_can_be_asked_for_a_stray_file_the_operators_look_for_it():
    """B4.4, B7.1: nobody with portal rights is left; operators have no page."""
    found = letter(message(Template.STRAY_DOWNLOAD, "operators"), of=desk(asked(recover_until=NOW + HOUR)))

    assert "“Main MDM”" in found.body
    assert "drop folder" in found.body
    assert "your page" not in found.body


def test_the_closing_letter_thanks_and_says_how_long_it_took():
    """B4.3, B6.5: new expiry, outage, nothing left to do."""
    found = letter(message(Template.ROTATION_DONE, outage_seconds="95", rung="3"), of=desk(facts_of()))

    assert "good until 16 August 2027. New devices could not enrol for 1 min 35 s." in found.body
    assert "Nothing is left to do. Thank you." in found.body


@pytest.mark.parametrize(
    ("seconds", "said"), [("0", "0 s"), ("59", "59 s"), ("7260", "2 h 1 min"), ("-3", "0 s")], ids=str
)
def test_an_outage_is_told_in_units_that_fit(seconds, said):
    """B4.3: seconds, minutes or hours."""
    found = letter(message(Template.ROTATION_DONE, outage_seconds=seconds), of=desk(facts_of()))

    assert f"for {said}." in found.body


def test_a_planned_change_of_custodian_is_all_that_a_deputy_reads():
    """B7.2: neither the date nor the reason."""
    leaving = (PersonState("kim", departs_at=NOW + 9 * DAY),)
    found = letter(
        message(Template.ASKED, "person:ana"), of=desk(asked(causes=(Cause.CUSTODIAN,), actor="ana"), states=leaving)
    )

    assert "A change of custodian is planned." in found.body
    assert "3 December" not in found.body
    assert "kim" not in found.body.lower()


def test_operators_who_are_only_warned_read_no_more_than_that_before_the_day():
    """B7.2, B7.4: what is to be done about the account would tell why."""
    found = letter(message(Template.CUSTODIAN_CHANGE, "operators", why="planned change of custodian"), of=desk(asked()))

    assert "planned change of custodian" in found.body
    assert not re.search("deactivate|revoke|role|hostile", found.body)


def test_names_are_those_that_people_are_called_by():
    """B11.1: not the ids of the configuration."""
    found = letter(message(Template.ASKED), of=desk(asked(), roster=with_people(replace(KIM, name="Kim Lee"))))

    assert found.body.startswith("Hello Kim Lee,\n")


def test_a_link_is_all_that_a_wanted_link_says():
    """B6.1: without one there is nothing to send."""
    assert compose((message(Template.LINK, "person:boss"),), desk(facts_of())) is None
    assert LINKS["ana"] in letter(message(Template.LINK, "person:ana"), of=desk(facts_of())).body


def test_a_date_that_has_passed_is_told_as_such():
    """B11.1: by when, and how far off."""
    assert "(2 days ago)" in letter(message(Template.REMINDED), of=desk(asked(due_at=NOW - 2 * DAY))).body
    assert "(yesterday)" in letter(message(Template.REMINDED), of=desk(asked(due_at=NOW - DAY))).body
    assert "(today)" in letter(message(Template.REMINDED), of=desk(asked(due_at=NOW + HOUR))).body


# --- what those who run it read


def test_nobody_left_is_told_as_such():
    """B7.1: a person who is not there has not come to nothing."""
    found = letter(message(Template.LATE, "operators", person="", level="on_call"), of=desk(asked(actor=None)))

    assert found.subject == "Main MDM: nobody is left to ask for the new token"
    assert "waits for" not in found.body


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (
            replace(asked(), token=DEAD),
            ("no longer works, and kim is asked", "New devices don't enrol", "Do:  see that kim knows"),
        ),
        (asked(actor=None), ("nobody is left to ask", "The token in use still works", "Do:  name a custodian")),
        (replace(asked(recover_until=NOW + HOUR), token=DEAD), ("Do:  see that nobody downloads another",)),
    ],
    ids=["dead", "nobody left", "in recovery"],
)
def test_an_alarm_says_what_is_broken_and_what_is_not(facts, says):
    """B11.1: a page at night must be exact."""
    body = letter(message(Template.ALARM, "on-call", level="on_call"), of=desk(facts)).body

    assert all(one in body for one in says)


def test_an_alarm_about_what_stands_still_says_that_first_and_then_what_to_do():
    """B11.1, B2.1: a remedy is no subject."""
    words = {"reason": "install_failed", "remedy": "Look at the product's log."}
    found = letter(message(Template.ALARM, "on-call", **words), of=desk(asked(outage_started_at=NOW)))

    assert found.subject == "ALARM Main MDM: the installation fails"
    assert "Do:  Look at the product's log." in found.body


def test_operators_read_the_remedy_and_what_to_type():
    """B2.1: a remedy is a sentence; and the command that shows the rest."""
    words = {"reason": "target_unreachable", "remedy": "See whether the service runs."}
    body = letter(message(Template.ROTATION_BLOCKED, "operators", **words), of=desk(asked())).body

    assert "stands still: the target can't be reached." in body
    assert "Do:  See whether the service runs." in body
    assert "tokenward show main" in body
    assert "Hello" not in body


# --- whatever the words are


@pytest.mark.parametrize("template", Template)
def test_every_kind_can_be_said_to_whoever_it_is_for(template):
    """B11.1: no text lacks a word when it comes to it."""
    words = {"recover_until": NOW + HOUR} if template is Template.STRAY_DOWNLOAD else {}
    audience = "person:ana" if template in {Template.CONFIRM_ACCESS, Template.LINK} else "person:kim"

    found = letter(message(template, audience, **EVERY_WORD), of=desk(asked(**words)))

    assert "{" not in found.subject + found.body
    assert len(found.subject) < 120


@pytest.mark.parametrize("template", Template)
@given(word=st.text(max_size=700))
def test_what_comes_from_outside_makes_no_lines_of_its_own(template, word):
    """B11.1: names and answers of others stay within their sentence, whatever is in them, and headers stay whole."""
    words = {"recover_until": NOW + HOUR} if template is Template.STRAY_DOWNLOAD else {}
    named, service = replace(KIM, name=word or "x"), replace(MAIN, name=word or "x")
    facts = replace(asked(service, **words), roster=ROSTER)
    audience = "person:ana" if template in {Template.CONFIRM_ACCESS, Template.LINK} else "person:kim"
    own = {**dict.fromkeys(EVERY_WORD, word), "service": "main", "level": "moved"}
    roster = replace(with_people(named), services={"main": service})
    plain = letter(message(template, audience, **EVERY_WORD), of=desk(asked(**words)))

    found = letter(message(template, audience, **own), of=desk(facts, roster=roster))

    assert found.subject.isprintable()
    assert len(found.subject) <= 150
    assert found.body.count("\n") <= plain.body.count("\n")
    assert all(line.isprintable() for line in found.body.splitlines())


def test_a_letter_to_somebody_with_braces_in_the_name_is_no_template():
    """Promise 5: what stands in a configuration or an answer is only ever text."""
    service = replace(MAIN, name="{link} %s {0.__class__}")
    found = letter(message(Template.ASKED), of=desk(asked(service)))

    assert "“{link} %s {0.__class__}”" in found.subject


def test_a_later_letter_about_the_same_has_another_reference():
    """B11.1: it can be told by its reference, which follows from its reason and so is the same when sent again."""
    first, second = message(Template.ASKED), message(Template.REMINDED)
    references = [letter(one, of=desk(asked())).reference for one in (first, first, second)]

    assert references[0] == references[1] != references[2]
    assert re.fullmatch(r"TW-[0-9A-F]{4}-[0-9A-F]{4}", references[0])


def test_days_ahead_are_days_on_the_readers_calendar():
    """B11.1: shortly before midnight the next morning is tomorrow."""
    evening = NOW.replace(hour=23, minute=30)
    found = letter(message(Template.ASKED), of=desk(asked(due_at=evening + timedelta(hours=1)), now=evening))

    assert "(tomorrow)" in found.body
