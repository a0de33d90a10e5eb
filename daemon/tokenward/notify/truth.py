"""Whether a message that waits still says what is so, and whether it can wait for the morning. Pure.

A message is kept with its reason, and sent when its time has come. What has changed meanwhile makes it wrong, and then
it is not sent: what is no longer asked, what is mended, what concerns somebody who is to hear nothing.
"""

from datetime import datetime
from typing import Final

from tokenward.model.rotation import Rotation, State
from tokenward.model.token import DEAD, TokenState
from tokenward.notify.desk import Desk
from tokenward.policy.asking import Part
from tokenward.policy.audience import ON_CALL, person_of
from tokenward.policy.decision import Facts
from tokenward.policy.succession import next_actor
from tokenward.policy.templates import Template
from tokenward.rotation.announce import is_alarm
from tokenward.rotation.record import Message

ASKING: Final = frozenset({Template.ASKED, Template.REMINDED})
LEADING: Final = frozenset({*ASKING, Template.STRAY_DOWNLOAD, Template.CONFIRM_ACCESS})
"""Messages to people that lead to their page."""
_OF_SERVICE: Final = frozenset(
    {
        Template.PORTAL_DIFFERS,
        Template.ROTATION_NEEDED,
        Template.ROTATION_DONE,
        Template.CUSTODIAN_CHANGE,
        Template.DOWNLOADER_UNEXPECTED,
    }
)
"""Messages about a service that stay true for as long as there is the service."""

RECURRING: Final = frozenset({Template.ROTATION_BLOCKED, Template.ALARM, Template.NO_DEPUTY, Template.UNREACHABLE})
"""Messages about a state that can come again for the same reason; one that was over unsaid is told then."""


def is_true(message: Message, desk: Desk) -> bool:
    """Return whether *message* still says what is so, and may be said to whom it is for (B7.2, B11.2)."""
    person = person_of(message.audience)
    if person is not None and not desk.situation.may_be_told(person):
        return False
    match Template(message.template):
        case Template.ASKED | Template.REMINDED:
            return person is not None and _is_asked(message, person, Part.DOWNLOAD, desk)
        case Template.STRAY_DOWNLOAD:
            return _is_recovering(message, desk) and (person is None or _is_asked(message, person, Part.FIND, desk))
        case Template.CONFIRM_ACCESS:
            return person is not None and desk.situation.owes_confirmation(person)
        case Template.LINK:
            return person in desk.links
        case Template.TERMS_UNSIGNED:
            return _are_terms_unsigned((message.words or {}).get("organisation", ""), desk)
        case Template.CUSTODIAN_GONE:
            return desk.state_of((message.words or {}).get("person", "")).is_leaving()
        case template:
            facts = desk.facts_of(message)
            if template in _OF_SERVICE:
                return facts is not None
            rotation = facts.rotation if facts else None
            return template not in _OF_ROTATION or (
                facts is not None and rotation is not None and _is_true_of(template, message, facts, rotation)
            )


def is_urgent(message: Message, desk: Desk) -> bool:
    """Return whether *message* must neither wait for others nor for the morning.

    That is on-call's business, a token that no longer works, and a page that its reader has just asked for.
    """
    if message.audience == ON_CALL or message.template in {Template.STRAY_DOWNLOAD, Template.LINK}:
        return True
    facts = desk.facts_of(message)
    return message.template in ASKING and facts is not None and is_broken(facts)


def is_broken(facts: Facts) -> bool:
    """Return whether new devices can't enrol now: the token in use is dead, or was replaced and is not yet."""
    if facts.token is not None and facts.token.state in DEAD:
        return True
    return facts.rotation is not None and facts.rotation.has_running_outage


def not_before(message: Message, desk: Desk) -> datetime | None:
    """Return until when nobody may know what *message* says: a departure, before it takes effect (B7.2)."""
    if message.template != Template.CUSTODIAN_GONE:
        return None
    state = desk.state_of((message.words or {}).get("person", ""))
    return None if state.has_left(desk.situation.now) else state.departs_at


_OF_ROTATION: Final = frozenset(
    {
        Template.DEPUTY_TOLD,
        Template.LATE,
        Template.NO_DEPUTY,
        Template.NOBODY_ELSE,
        Template.UNREACHABLE,
        Template.ROTATION_BLOCKED,
        Template.ALARM,
    }
)
"""Messages about an open rotation."""


def _is_true_of(template: Template, message: Message, facts: Facts, rotation: Rotation) -> bool:
    asked = (message.words or {}).get("person", "")
    is_with_them = not rotation.is_after_click and (rotation.actor or "") == asked
    match template:
        case Template.DEPUTY_TOLD:
            return is_with_them and person_of(message.audience) == next_actor(facts)
        case Template.LATE:
            return is_with_them and rotation.state is State.AWAITING_TOKEN
        case Template.NO_DEPUTY:
            return is_with_them and next_actor(facts) is None
        case Template.NOBODY_ELSE:  # also where they are asked no more, and nobody is
            return not rotation.is_after_click and next_actor(facts) is None
        case Template.UNREACHABLE:
            known = facts.roster.people.get(asked)
            return is_with_them and (known is None or not known.contact)
        case Template.ROTATION_BLOCKED:
            blocked = rotation.blocked
            return blocked is not None and blocked.reason.value == (message.words or {}).get("reason")
        case Template.ALARM:
            return rotation.blocked is not None or is_alarm(rotation, facts)
        case _:
            return is_with_them


def _is_asked(message: Message, person: str, part: Part, desk: Desk) -> bool:
    return any(ask.service.id == message.service for ask in desk.asks(person, part))


def _is_recovering(message: Message, desk: Desk) -> bool:
    facts = desk.facts_of(message)
    return facts is not None and facts.rotation is not None and facts.rotation.recover_until is not None


def _are_terms_unsigned(organisation: str, desk: Desk) -> bool:
    """Return whether some token of *organisation* is not seen to work: a single one that is tells of signed terms."""
    of_it = [facts for facts in desk.situation.services if facts.service.organisation == organisation]
    return any(facts.token is not None and facts.token.state is not TokenState.VALID for facts in of_it)
