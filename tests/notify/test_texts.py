import re

import pytest

from tokenward.notify.texts import Texts, texts, words_in
from tokenward.policy.templates import Template

READER = {"name", "link", "reference", "genuine"}
SERVICE = {"service", "service_id", "when", "day"}
LISTS = {"count", "services"}
WORDS = {
    Template.ASKED: READER | SERVICE | LISTS,
    Template.REMINDED: READER | SERVICE | LISTS,
    Template.STRAY_DOWNLOAD: READER | SERVICE | LISTS,
    Template.ROTATION_DONE: READER | SERVICE | LISTS,
    Template.CONFIRM_ACCESS: READER | LISTS,
    Template.LINK: READER,
    Template.DEPUTY_TOLD: READER | SERVICE | {"person"},
    Template.TERMS_UNSIGNED: READER | {"organisation"},
    Template.LATE: SERVICE | {"person", "level"},
    Template.ALARM: SERVICE | {"why"},
    Template.NO_DEPUTY: SERVICE | {"person"},
    Template.NOBODY_ELSE: SERVICE | {"person"},
    Template.ROTATION_BLOCKED: SERVICE | {"reason", "remedy"},
    Template.ROTATION_NEEDED: SERVICE | {"cause", "why"},
    Template.CUSTODIAN_CHANGE: SERVICE | {"why"},
    Template.DEPUTY_CHANGE: {"person", "why"},
    Template.ROLE_LOST: {"person"},
    Template.IDENTIFIER_CHANGED: {"person", "source", "name", "trusted"},
    Template.IDENTIFIER_RECYCLED: {"person", "source", "name"},
    Template.IDENTITY_AMBIGUOUS: {"people", "source", "name"},
    Template.PORTAL_DIFFERS: SERVICE | {"difference"},
    Template.KEY_EXPOSED: {"source"},
    Template.DOWNLOADER_UNEXPECTED: SERVICE | {"account"},
}
"""The words that come with each kind of message."""


@pytest.fixture(scope="module")
def english() -> Texts:
    """Return what is said in English."""
    return texts("en")


@pytest.mark.parametrize("template", Template)
def test_a_text_wants_only_words_that_come_with_its_message(english, template):
    """B11.1: another language is checked in the same way."""
    text = english.messages[template]

    for part in (text.subject, text.subject_many, text.subject_dead, text.body):
        assert words_in(part) <= WORDS[template], part


@pytest.mark.parametrize("template", Template)
def test_no_text_carries_a_step_in_apples_portal(english, template):
    """B4.2: messages carry no steps; they appear after *Start now* alone."""
    text = english.messages[template].body

    assert not re.search(r"Preferences|Click|click Add|Upload|Download Token|\.pem", text)


@pytest.mark.parametrize("template", [Template.ASKED, Template.REMINDED, Template.STRAY_DOWNLOAD])
def test_a_message_that_asks_is_short(english, template):
    """Operating conventions: under 200 words."""
    assert len(english.messages[template].body.split()) < 170


def test_no_text_speaks_of_a_departure(english):
    """B7.2: a planned change of custodian, until it is effective."""
    everything = " ".join([*english.causes.values(), *(text.body for text in english.messages.values())])

    assert not re.search(r"\b(leaves|leaving|departs|departure|resign|dismiss)", everything, re.IGNORECASE)
