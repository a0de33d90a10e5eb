"""What waits for one reader at one moment becomes one letter, true at the moment at which it is written. Pure."""

import hashlib
from dataclasses import dataclass
from typing import Final

from tokenward.notify.desk import Desk, one_line
from tokenward.notify.section import Section, family_of, section_of
from tokenward.policy.audience import person_of
from tokenward.policy.templates import Template
from tokenward.rotation.record import Message

_LONGEST_SUBJECT: Final = 150
_FIRST: Final = (
    Template.ALARM,
    Template.STRAY_DOWNLOAD,
    Template.KEY_EXPOSED,
    Template.TERMS_UNSIGNED,
    Template.ASKED,
    Template.REMINDED,
)
"""What a letter begins with, where it says several things."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it is sent."""

    subject: str
    body: str
    reference: str
    """By which it can be recognised again; follows from what it is about."""


def compose(messages: tuple[Message, ...], desk: Desk) -> Letter | None:
    """Return the one letter that *messages*, all to one reader, are now; None where it would have nothing to say."""
    sections = _sections(messages, desk)
    if not sections:
        return None
    reference = _reference(messages[0])
    parts, first = desk.texts.parts, sections[0].subject
    subject = parts["more"].format(subject=first, count=len(sections) - 1) if len(sections) > 1 else first
    person = person_of(messages[0].audience)
    paragraphs = [
        *([] if person is None else [parts["greeting"].format(name=desk.called(person))]),
        *(_headed(one, desk) if len(sections) > 1 else one.body for one in sections),
        parts["reference" if person is None else "genuine"].format(reference=reference),
    ]
    return Letter(one_line(subject, _LONGEST_SUBJECT), "\n\n".join(paragraphs) + "\n", reference)


def _sections(messages: tuple[Message, ...], desk: Desk) -> list[Section]:
    families: dict[str, list[Message]] = {}
    for message in sorted(messages, key=_rank):
        families.setdefault(family_of(message), []).append(message)
    sections: list[Section] = []
    link = _link(messages[0].audience, desk)
    for rows in families.values():
        section = section_of(tuple(rows), desk, link)
        if section is not None:
            sections.append(section)
            link = "" if link and link.strip() in section.body else link
    return sections


def _rank(message: Message) -> int:
    """Return where *message* comes; among equals the order in which they were kept stays."""
    template = Template(message.template)
    return _FIRST.index(template) if template in _FIRST else len(_FIRST)


def _link(audience: str, desk: Desk) -> str:
    address = desk.links.get(person_of(audience) or "")
    return desk.texts.parts["link"].format(address=address) if address else ""


def _headed(section: Section, desk: Desk) -> str:
    return desk.texts.parts["section"].format(subject=one_line(section.subject), body=section.body)


def _reference(message: Message) -> str:
    digest = hashlib.sha256(message.reason_key.encode()).hexdigest()
    return f"TW-{digest[:4]}-{digest[4:8]}".upper()
