"""What somebody has to look at, in the order in which they should: what the board says first. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from tokenward.model.instant import days_between
from tokenward.model.token import DEAD, TokenState
from tokenward.policy.decision import Facts
from tokenward.policy.succession import is_usable, line
from tokenward.web.board.rotation import somebody
from tokenward.web.board.view import (
    SOON_DAYS,
    BlindSpot,
    Need,
    OrganisationView,
    RotationView,
    ServiceView,
    Turn,
    Urgency,
)
from tokenward.web.board.words import BLOCKS, TOKEN_MEANINGS, TOKEN_STATES
from tokenward.web.overview import Overview
from tokenward.web.vitals import SourceHealth, Vitals
from tokenward.web.wording import days_words

DUE_SOON: Final = timedelta(days=7)
"""From here on before its due date a rotation that waits for a person is worth a look (B11.3)."""


def in_order(needs: Iterable[Need]) -> tuple[Need, ...]:
    """Return *needs*, the most pressing first; those alike the longest first."""
    return tuple(sorted(needs, key=lambda need: (need.urgency.rank, need.since is None, need.since)))


def needs_of(view: ServiceView, facts: Facts, overview: Overview) -> Iterator[Need]:
    """Yield what of a service somebody has to look at: how it stands, then what is not known, then who is lacking."""
    pressing = _pressing(view, overview)
    if pressing is not None:
        yield pressing
    if view.expires_at is None and view.rotation is None:
        yield _about(view, Urgency.UNKNOWN_END, "Nobody knows when its token ends", _how_to_state(view))
    if _lacks_people(facts) and pressing is None:
        do = "Name a custodian or deputy with a fitting role and an account in this organisation."
        yield _about(view, Urgency.NOBODY, "Nobody could be asked for a new token", do)


def needs_of_organisation(view: OrganisationView, needs: Iterable[Need]) -> Iterator[Need]:
    """Yield that no device can be assigned, where nothing that is said of its services says so already (A1)."""
    if view.linked or any(need.urgency.is_pressing for need in needs):
        return
    do = "Link one of its services." if view.services else "Add a [[service]] of it to the configuration."
    yield Need(Urgency.NOT_LINKED, view.name, None, "No service is known to be linked and working", do)


def needs_of_process(vitals: Vitals) -> Iterator[Need]:
    """Yield what is wrong with the daemon itself, and with the ways in."""
    for missing in vitals.readiness.missing:
        yield Need(Urgency.NOT_READY, "Tokenward", None, f"Not ready: {missing}", "Look into the log of the daemon.")
    if not vitals.configuration.is_loaded:
        what = "The configuration has a mistake; the one before is in force"
        yield Need(Urgency.CONFIGURATION, "Tokenward", None, what, "Run `tokenward config check`.")
    for source in vitals.sources:
        if source.is_up is False:
            yield Need(Urgency.SOURCE, source.source, None, "This source is down", "Look into the log of the daemon.")
        elif is_silent(source, vitals):
            do = "See whether it is still connected."
            yield Need(Urgency.SOURCE, source.source, None, "Nothing came from this source for long", do)


def is_silent(source: SourceHealth, vitals: Vitals) -> bool:
    """Return whether *source* has given no sign of life for longer than it should."""
    alive_at = max((at for at in (source.last_success_at, source.last_event_at) if at), default=None)
    if source.silence_limit is None or alive_at is None:
        return False
    return vitals.now - alive_at > source.silence_limit


def blind_spots_of(view: ServiceView, facts: Facts, overview: Overview) -> Iterator[BlindSpot]:
    """Yield what can't be seen of a service."""
    reading = overview.record_of(facts.service).last_reading
    is_about_it = facts.token is not None and reading is not None and reading.at >= facts.token.since
    if is_about_it and reading is not None and reading.verdict is None:
        yield BlindSpot(view.name, view.id, f"Whether its token works. {reading.why}")
    if facts.token is not None and facts.token.downloader is None:
        yield BlindSpot(view.name, view.id, "Who downloaded its token, so it is taken to be the custodian.")
    elif facts.token is not None and view.custodian is None:
        what = f"Events about {facts.token.downloader}, who downloaded its token and whom the configuration lacks."
        yield BlindSpot(view.name, view.id, what)


def _pressing(view: ServiceView, overview: Overview) -> Need | None:
    """Return the most pressing thing about how a service stands."""
    rotation, days = view.rotation, view.days_until_expiry
    if view.outage is not None:
        what = "Outage: new devices don’t find this service"
        return _about(view, Urgency.OUTAGE, what, _what_now(view), view.outage.started_at)
    if view.state in DEAD:
        what = f"Its token is {TOKEN_STATES[view.state][1]}"
        return _about(view, Urgency.DEAD, what, f"{TOKEN_MEANINGS[view.state]} {_what_now(view)}")
    if view.state is TokenState.TERMS_UNSIGNED:
        return _about(view, Urgency.TERMS, "Apple’s terms are to be accepted", _who_accepts(view, overview))
    if rotation is not None and rotation.blocked is not None:
        what = f"Stands still: {_lower(BLOCKS[rotation.blocked.reason])}"
        return _about(view, Urgency.STANDS_STILL, what, _sentence(rotation.blocked.remedy), rotation.blocked.since)
    if rotation is not None and rotation.is_overdue and rotation.turn is not Turn.TOKENWARD:
        return _about(view, Urgency.OVERDUE, "Overdue", _what_now(view), rotation.due_at)
    if days is not None and days <= SOON_DAYS:
        return _about(view, Urgency.ENDS_SOON, f"Its token ends in {days_words(days)}", _what_now(view))
    if rotation is not None and _is_due_soon(rotation, overview):
        what = f"Due in {days_words(days_between(overview.now, rotation.due_at))}"
        return _about(view, Urgency.DUE_SOON, what, _what_now(view), rotation.since)
    return None


def _is_due_soon(rotation: RotationView, overview: Overview) -> bool:
    return rotation.turn is not Turn.TOKENWARD and rotation.due_at - overview.now <= DUE_SOON


def _what_now(view: ServiceView) -> str:
    """Return the remedy: that of what blocks, else what the rotation waits for, else how one is begun."""
    rotation = view.rotation
    if rotation is not None:
        blocked = rotation.blocked
        return f"{BLOCKS[blocked.reason]}. {_sentence(blocked.remedy)}" if blocked else rotation.waits
    if view.watched:
        return "Tokenward only watches this service: have a new token downloaded and installed, or give it an `issuer`."
    return f"A rotation opens as soon as this is certain; `tokenward rotate {view.id}` opens one now."


def _who_accepts(view: ServiceView, overview: Overview) -> str:
    roster = overview.roster
    names = [somebody(person, roster).name for person in roster.organisations[view.organisation].terms]
    who = " or ".join(names) or "Somebody who may accept terms for the organisation"
    return f"{who} has to sign in to Apple’s portal and accept them; it may take a day until Apple answers again."


def _how_to_state(view: ServiceView) -> str:
    return f"Say it with `tokenward adopt {view.id} --expires DATE`, or set `expires_at`."


def _lacks_people(facts: Facts) -> bool:
    if facts.service.is_watched or not facts.needs_person:
        return False
    return not any(is_usable(person, facts) for person in line(facts))


def _about(view: ServiceView, urgency: Urgency, what: str, do: str, since: datetime | None = None) -> Need:
    return Need(urgency, view.name, view.id, what, do, since)


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:] if not words.startswith("Apple") else words


def _sentence(words: str) -> str:
    """Return a remedy, which begins small where it stands behind its reason, as a sentence of its own."""
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"
