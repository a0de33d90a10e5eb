"""The audit record in plain words, as a timeline for the board. Pure.

A line is told only where a sentence for it stands here, and only in the words that stand here: what was written into
the record for the operators at the control socket (reasons, standings of people) does not get out by being new.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from tokenward.model.rotation import Cause, State
from tokenward.model.token import DEAD, TokenState
from tokenward.web.board.view import Entry, Tone
from tokenward.web.board.words import CAUSES, TOKEN_STATES
from tokenward.web.read_model import AuditLine
from tokenward.web.wording import instant_words, plural

Details = Mapping[str, str]

KEPT_BACK: Final = frozenset({"person.noted", "link.made", "link.ended", "link.revoked"})
"""Lines that tell how things stand with a person: for the control socket alone."""


def story(lines: Iterable[AuditLine]) -> tuple[Entry, ...]:
    """Return *lines*, newest first, in words; what repeats itself is told once."""
    entries = [entry for line in lines if (entry := _entry(line)) is not None]
    return tuple(_once(list(same)) for _, same in groupby(entries, key=lambda entry: (entry.words, entry.aside)))


def is_told(what: str) -> bool:
    """Return whether there is a sentence for lines of this kind."""
    return what in _SENTENCES


def _entry(line: AuditLine) -> Entry | None:
    sentence = _SENTENCES.get(line.what)
    told = sentence(line.details) if sentence is not None else None
    return None if told is None else Entry(line.at, told.tone, told.words, told.aside)


def _once(same: list[Entry]) -> Entry:
    """Return the newest of *same*, with how often it happened."""
    newest, oldest = same[0], same[-1]
    if len(same) == 1:
        return newest
    first = f"first on {instant_words(oldest.at)}"
    aside = f"{newest.aside}; {first}" if newest.aside else first
    return replace(newest, words=f"{newest.words} ({plural(len(same), 'time')})", aside=aside)


@dataclass(frozen=True, slots=True)
class _Told:
    tone: Tone
    words: str
    aside: str = ""


_Sentence = Callable[[Details], _Told | None]


def _plain(words: str, tone: Tone = Tone.NEUTRAL) -> _Sentence:
    def sentence(_: Details) -> _Told:
        return _Told(tone, words)

    return sentence


def _opened(details: Details) -> _Told:
    return _Told(Tone.WARN, f"A rotation was opened: {_causes(details)}")


def _joined(details: Details) -> _Told:
    return _Told(Tone.WARN, f"A further cause joined the rotation: {_causes(details)}")


def _followed(details: Details) -> _Told:
    return _Told(Tone.WARN, f"Another rotation will follow this one: {_causes(details)}")


def _done(details: Details) -> _Told:
    rung = details.get("rung", "")
    return _Told(Tone.GOOD, "The rotation was done", f"rung {rung}" if rung.isdigit() else "")


def _state_changed(details: Details) -> _Told | None:
    try:
        state = TokenState(details.get("to", ""))
    except ValueError:
        return None
    tone, words = TOKEN_STATES[state]
    return _Told(Tone.BAD if state in DEAD else Tone(tone), f"The token in use is now {words}")


def _moved(details: Details) -> _Told | None:
    """Return where a rotation went; that it is done has a line of its own."""
    before, after = _state(details.get("from")), _state(details.get("to"))
    if before is None or after is None or after in {before, State.DONE}:
        return None
    order = list(State)
    if order.index(after) < order.index(before):
        return _Told(Tone.WARN, f"Back: {_ARRIVALS[after]}")
    return _Told(Tone.GOOD if after is State.PROVEN else Tone.NEUTRAL, _sentence_case(_ARRIVALS[after]))


def _acted(details: Details) -> _Told | None:
    state = _state(details.get("from"))
    words = _DEEDS.get(state) if state is not None else None
    return _Told(Tone.NEUTRAL, words) if words else None


def _rejected(details: Details) -> _Told:
    return _Told(Tone.WARN, "Something that came in was refused", _code(details))


def _recorded(details: Details) -> _Told:
    origins = {"dropped": "was dropped", "fetched": "was fetched from the target", "made": "was made here"}
    return _Told(Tone.NEUTRAL, f"A certificate {origins.get(details.get('origin', ''), 'was kept')}")


def _code(details: Details) -> str:
    code = details.get("code", "")
    return f"error {code}, see `tokenward events`" if code else ""


def _causes(details: Details) -> str:
    """Return the causes in their public words; an unknown one is told as nothing."""
    written = (details.get("cause") or details.get("causes", "")).split()
    known = [CAUSES[cause] for cause in Cause if cause.value in written]
    return ", ".join(known) or "no cause is on record"


def _state(word: str | None) -> State | None:
    return next((state for state in State if state.value == word), None)


def _sentence_case(words: str) -> str:
    return words[:1].upper() + words[1:]


_ARRIVALS: Final[Mapping[State, str]] = {
    State.OPENED: "the way is looked at, and a certificate sought",
    State.CERTIFICATE_READY: "the certificate for Apple is on record",
    State.REGISTERED: "the certificate is at Apple, or is left to whoever downloads",
    State.AWAITING_TOKEN: "a new token is asked for",
    State.RECEIVED: "the token file is here",
    State.CHECKED: "the file passed every check, and is being installed",
    State.INSTALLED: "every required target shows the new token",
    State.PROVEN: "the service was seen to work with the new token",
    State.CANCELLED: "it was cancelled",
}
"""What is true from a state on, as the rest of a sentence."""

_DEEDS: Final[Mapping[State, str]] = {
    State.OPENED: "A certificate is being made or fetched",
    State.CERTIFICATE_READY: "The certificate is being put to Apple",
    State.AWAITING_TOKEN: "The issuer is asked for a new token",
    State.CHECKED: "The new token is being handed to a target",
}
"""What is attempted in a state."""

_SENTENCES: Final[Mapping[str, _Sentence]] = {
    "rotation.opened": _opened,
    "rotation.joined": _joined,
    "rotation.followed": _followed,
    "rotation.advanced": _moved,
    "rotation.waited": _moved,
    "rotation.blocked": _moved,
    "rotation.retried": _moved,
    "rotation.acted": _acted,
    "rotation.claimed": _plain("Somebody said that they start now"),
    "rotation.reassigned": _plain("The question went to somebody else"),
    "rotation.resumed": _plain("An operator had it looked at again"),
    "rotation.handed_off": _plain("Somebody said that they handed the file over by hand"),
    "rotation.vouched": _plain("An operator vouched that the service works"),
    "rotation.done": _done,
    "rotation.cancelled": _plain("The rotation was cancelled"),
    "reminder.moved": _plain("Whoever is asked wants to be reminded later"),
    "recovery.ended": _plain("The file that was looked for is lost; a new download is prepared", Tone.WARN),
    "certificate.recorded": _recorded,
    "certificate.taken": _plain("The certificate was taken for the rotation"),
    "certificate.registered": _plain("The certificate was put to Apple"),
    "envelope.recorded": _plain("A token file came in"),
    "envelope.taken": _plain("The token file was taken for the rotation"),
    "envelope.passed_over": _plain("A token file was passed over, for a newer one is in hand", Tone.WARN),
    "envelope.exported": _plain("The token file was given out, to be installed by hand"),
    "token.state_changed": _state_changed,
    "token.adopted": _plain("The token that the target holds was made known"),
    "token.imported": _plain("The token’s values were imported by an operator"),
    "token.expiry_stated": _plain("An operator stated when the token ends"),
    "service.retired": _plain("The service was retired: nobody looks after it any more", Tone.WARN),
    "service.reinstated": _plain("The service is looked after again"),
    "service.retirement_ended": _plain("The service left the configuration while it was retired"),
    "event.rejected": _rejected,
    "event.fault": _plain("Deciding an event met a fault of Tokenward’s own; the log has it", Tone.BAD),
}
