"""The words that each text may hold. A language file that wants another one is refused when it is read."""

from collections.abc import Mapping
from typing import Final

from tokenward.policy.templates import Template

_SERVICE: Final = frozenset({"service", "service_id", "when", "day"})
_LIST: Final = frozenset({"count", "services"})
_LINK: Final = frozenset({"link"})

OF_MESSAGES: Final[Mapping[Template, frozenset[str]]] = {
    Template.ASKED: _SERVICE | _LIST | _LINK,
    Template.REMINDED: _SERVICE | _LIST | _LINK,
    Template.STRAY_DOWNLOAD: _SERVICE | _LIST | _LINK,
    Template.ROTATION_DONE: _SERVICE | _LIST,
    Template.CONFIRM_ACCESS: _LIST | _LINK,
    Template.LINK: _LINK,
    Template.DEPUTY_TOLD: _SERVICE | {"person"},
    Template.TERMS_UNSIGNED: frozenset({"organisation"}),
    Template.LATE: _SERVICE | {"person", "level"},
    Template.ALARM: _SERVICE | {"why", "effect", "remedy"},
    Template.NO_DEPUTY: _SERVICE | {"person"},
    Template.NOBODY_ELSE: _SERVICE | {"person"},
    Template.UNREACHABLE: _SERVICE | {"person", "person_id"},
    Template.ROTATION_BLOCKED: _SERVICE | {"reason", "remedy"},
    Template.ROTATION_NEEDED: _SERVICE | {"cause", "why"},
    Template.CUSTODIAN_CHANGE: _SERVICE | {"why"},
    Template.CUSTODIAN_GONE: frozenset({"person"}),
    Template.DEPUTY_CHANGE: frozenset({"person", "why"}),
    Template.ROLE_LOST: frozenset({"person", "person_id"}),
    Template.IDENTIFIER_CHANGED: frozenset({"person", "source", "name", "trusted"}),
    Template.IDENTIFIER_RECYCLED: frozenset({"person", "source", "name"}),
    Template.IDENTITY_AMBIGUOUS: frozenset({"people", "source", "name"}),
    Template.PORTAL_DIFFERS: _SERVICE | {"difference"},
    Template.KEY_EXPOSED: frozenset({"source"}),
    Template.DOWNLOADER_UNEXPECTED: _SERVICE | {"account"},
}
"""Words of a message's subject and body. ``when`` and ``day`` are there only while something is due."""

_PLACE: Final = frozenset({"service", "organisation"})

OF_PARTS: Final[Mapping[str, frozenset[str]]] = {
    "greeting": frozenset({"name"}),
    "genuine": frozenset({"reference"}),
    "reference": frozenset({"reference"}),
    "link": frozenset({"address"}),
    "more": frozenset({"subject", "count"}),
    "section": frozenset({"subject", "body"}),
    "nobody": frozenset(),
    "ask": _PLACE | {"when", "why", "otherwise"},
    "ask_dead": _PLACE | {"why"},
    "otherwise": frozenset({"expires"}),
    "otherwise_unknown": frozenset(),
    "service": _PLACE,
    "done": _PLACE | {"expires", "outage"},
    "done_unknown": _PLACE | {"outage"},
    "outage": frozenset({"span"}),
    "alarm_dead": frozenset({"person"}),
    "alarm_nobody": frozenset(),
    "remedy_find": frozenset(),
    "remedy_name": frozenset(),
    "remedy_ask": frozenset({"person"}),
    "effect_dead": frozenset(),
    "effect_alive": frozenset(),
}
"""Words of each part."""

OF_TIMES: Final[Mapping[str, frozenset[str]]] = {
    "day": frozenset({"day", "short_month"}),
    "date": frozenset({"day", "month", "year"}),
    "when": frozenset({"weekday", "date", "clock", "zone", "far"}),
    "today": frozenset(),
    "tomorrow": frozenset(),
    "yesterday": frozenset(),
    "ahead": frozenset({"days"}),
    "past": frozenset({"days"}),
    "hours": frozenset({"hours", "minutes"}),
    "minutes": frozenset({"minutes", "seconds"}),
    "seconds": frozenset({"seconds"}),
    "estimated": frozenset({"date"}),
    "stated": frozenset({"date"}),
}
"""Words of each form of a time."""
NAMES: Final[Mapping[str, int]] = {"weekdays": 7, "months": 12, "short_months": 12}
"""Lists of names among the times, and how many names each has."""

VARIANTS: Final[Mapping[str, frozenset[Template]]] = {
    "subject_many": frozenset({Template.ASKED, Template.REMINDED, Template.STRAY_DOWNLOAD, Template.ROTATION_DONE}),
    "body_many": frozenset({Template.ASKED}),
    "subject_dead": frozenset({Template.ASKED, Template.REMINDED}),
    "subject_nobody": frozenset({Template.LATE}),
    "body_nobody": frozenset({Template.LATE}),
    "body_operators": frozenset({Template.STRAY_DOWNLOAD}),
}
"""Further subjects and bodies, and the messages that have them."""
