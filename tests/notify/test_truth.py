from dataclasses import replace

import pytest

from notify.scene import LABS, LINKS, ROSTER, asked, desk, facts_of, message
from policy.situations import ANA, DAY, HOUR, KIM, NOW, a_roster, a_rotation, a_service, a_token
from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Blocked, State
from tokenward.model.target import BlockReason
from tokenward.model.token import TokenState
from tokenward.notify.truth import is_true, is_urgent, not_before
from tokenward.policy.templates import Template

LEAVES = (PersonState("kim", departs_at=NOW + DAY),)
BLOCKED = Blocked(BlockReason.TARGET_UNREACHABLE, "see whether it runs", None, NOW)
ALONE = a_service(deputies=())
NO_ROLE = (PersonState("ana", Standing.ROLE_LOST, NOW),)
WAITS = a_rotation(id="r-main")
DEAD = replace(asked(), token=a_token(state=TokenState.REJECTED))


def late(**words):
    """Return that the operators are to know that kim has not come to it."""
    return message(Template.LATE, "operators", person="kim", level="moved", **words)


@pytest.mark.parametrize(
    ("said", "facts", "states"),
    [
        (message(Template.ASKED), facts_of(), ()),
        (message(Template.ASKED), asked(actor="ana"), ()),
        (message(Template.REMINDED), asked(state=State.RECEIVED), ()),
        (message(Template.ASKED, service="gone"), asked(), ()),
        (message(Template.REMINDED), asked(remind_at=NOW + HOUR), ()),
        (message(Template.ASKED), asked(remind_at=NOW + HOUR), ()),
        (message(Template.STRAY_DOWNLOAD), asked(), ()),
        (message(Template.STRAY_DOWNLOAD, "operators"), asked(), ()),
        (message(Template.DEPUTY_TOLD, "person:ana", person="kim"), asked(actor="ana"), ()),
        (message(Template.DEPUTY_TOLD, "person:ana", person="kim"), asked(state=State.INSTALLED), ()),
        (message(Template.DEPUTY_TOLD, "person:ana", person="kim"), asked(), NO_ROLE),
        (message(Template.DEPUTY_TOLD, "person:ana", person="kim"), asked(ALONE), ()),
        (message(Template.CONFIRM_ACCESS, "person:ana"), facts_of(), (PersonState("ana", confirmed_at=NOW),)),
        (message(Template.ASKED), asked(), LEAVES),
        (message(Template.ROTATION_DONE), facts_of(), LEAVES),
        (message(Template.LINK), facts_of(), LEAVES),
        (message(Template.TERMS_UNSIGNED, organisation="corp"), facts_of(), LEAVES),
        (message(Template.LINK, "person:gone"), facts_of(), ()),
        (message(Template.LINK, "person:boss"), facts_of(), ()),
        (message(Template.TERMS_UNSIGNED, "person:boss", organisation="corp"), facts_of(), ()),
        (late(), facts_of(), ()),
        (late(), asked(actor="ana"), ()),
        (late(), asked(state=State.PROVEN), ()),
        (message(Template.ALARM, "on-call", why="dead"), facts_of(), ()),
        (message(Template.ALARM, "on-call", why="dead"), asked(), ()),
        (message(Template.NO_DEPUTY, "operators", person="kim"), asked(), ()),
        (message(Template.NOBODY_ELSE, "operators", person="kim"), asked(), ()),
        (message(Template.UNREACHABLE, "operators", person="kim"), asked(), ()),
        (message(Template.ROTATION_BLOCKED, "operators", reason="target_unreachable"), asked(), ()),
        (message(Template.ROTATION_BLOCKED, "operators", reason="terms_unsigned"), asked(blocked=BLOCKED), ()),
        (message(Template.ROTATION_DONE, "operators", service="gone"), facts_of(), ()),
        (message(Template.CUSTODIAN_GONE, "operators", service=None, person="kim"), facts_of(), ()),
    ],
    ids=[
        "cancelled",
        "asked of somebody else",
        "handed over",
        "service removed",
        "not now, they said",
        "not now, before they were even asked",
        "found",
        "found, for the operators",
        "the deputy is asked",
        "handed over before the deputy's turn",
        "the deputy lost the role",
        "a deputy no more",
        "confirmed",
        "leaving",
        "not even thanks",
        "nor a link",
        "nor terms",
        "nobody",
        "no page",
        "terms accepted",
        "done before it was late",
        "late with somebody else",
        "late, and proven",
        "over before the alarm",
        "no alarm any more",
        "there is a deputy",
        "there is another",
        "there is a contact",
        "goes on",
        "stands still for another reason",
        "done, and removed",
        "stays after all",
    ],
)
def test_what_is_no_longer_so_is_not_said(said, facts, states):
    """B7.2, B11.2: looked at when it is sent, however long it waited."""
    assert not is_true(said, desk(facts, states=states))


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        (message(Template.ASKED), asked()),
        (message(Template.REMINDED), asked(remind_at=NOW)),
        (message(Template.REMINDED), asked(remind_at=NOW + HOUR, entered_at=NOW - 9 * DAY, due_at=NOW + DAY)),
        (message(Template.ASKED), replace(DEAD, rotation=replace(WAITS, remind_at=NOW + HOUR))),
        (message(Template.STRAY_DOWNLOAD), asked(recover_until=NOW + HOUR)),
        (message(Template.STRAY_DOWNLOAD, "operators"), asked(recover_until=NOW + HOUR)),
        (message(Template.DEPUTY_TOLD, "person:ana", person="kim"), asked()),
        (message(Template.LINK, "person:ana"), facts_of()),
        (message(Template.TERMS_UNSIGNED, "person:boss", organisation="corp"), DEAD),
        (late(), asked()),
        (message(Template.LATE, "operators", person="", level="on_call"), asked(actor=None)),
        (message(Template.ALARM, "on-call", why="dead"), DEAD),
        (message(Template.ALARM, "on-call", why="dead"), asked(blocked=BLOCKED)),
        (message(Template.NO_DEPUTY, "operators", person="kim"), asked(ALONE)),
        (message(Template.NOBODY_ELSE, "operators", person="kim"), asked(ALONE)),
        (message(Template.ROTATION_BLOCKED, "operators", reason="target_unreachable"), asked(blocked=BLOCKED)),
        (message(Template.IDENTITY_AMBIGUOUS, "operators", service=None), facts_of()),
    ],
    ids=lambda one: one.template if hasattr(one, "template") else "",
)
def test_what_is_still_so_is_said(said, facts):
    """B11.1: to people, and to those who run it."""
    assert is_true(said, desk(facts))


def test_whoever_has_no_contact_is_known_by_it_until_they_have_one():
    """B11.1: the operators are told for as long as it is so."""
    unheard = a_roster(replace(KIM, contact=()), ANA, services=(asked().service, LABS), quiet=ROSTER.quiet)
    said = message(Template.UNREACHABLE, "operators", person="kim")

    assert is_true(said, desk(asked(), roster=unheard))
    assert not is_true(said, desk(asked()))


def test_what_is_to_be_done_about_an_account_waits_for_the_day_itself():
    """B7.4: the order for operators, only when the departure is effective; one that was taken back is never told."""
    said = message(Template.CUSTODIAN_GONE, "operators", service=None, person="kim")
    ahead = desk(facts_of(), states=LEAVES)
    gone = desk(facts_of(), states=(PersonState("kim", Standing.DEPARTED, NOW),))

    assert (is_true(said, ahead), not_before(said, ahead)) == (True, NOW + DAY)
    assert (is_true(said, gone), not_before(said, gone)) == (True, None)
    assert not_before(said, desk(facts_of(), states=LEAVES, now=NOW + DAY)) is None
    assert not_before(message(Template.ASKED), ahead) is None


@pytest.mark.parametrize(
    ("said", "facts", "urgent"),
    [
        (message(Template.ASKED), asked(), False),
        (message(Template.ASKED), DEAD, True),
        (message(Template.ASKED), asked(outage_started_at=NOW), True),
        (message(Template.ASKED), asked(outage_started_at=NOW, outage_ended_at=NOW), False),
        (message(Template.STRAY_DOWNLOAD), asked(recover_until=NOW + HOUR), True),
        (message(Template.LINK), asked(), True),
        (message(Template.ALARM, "on-call"), asked(actor=None), True),
        (message(Template.LATE, "operators", person="kim"), DEAD, False),
        (message(Template.DEPUTY_TOLD, "person:ana", person="kim"), DEAD, False),
        (message(Template.ASKED, service="gone"), asked(), False),
    ],
    ids=["asked", "dead", "outage", "outage over", "stray", "wanted link", "on-call", "operators", "deputy", "removed"],
)
def test_only_what_is_broken_and_what_is_on_calls_waits_for_nothing(said, facts, urgent):
    """B11.1: quiet hours hold all but the last rung; a link is sent when its reader asks for it."""
    assert is_urgent(said, desk(facts)) is urgent


def test_the_scene_has_pages_for_two():
    """So that it is no accident that boss gets no link."""
    assert LINKS.keys() == {"kim", "ana"}
