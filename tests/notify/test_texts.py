import re

import pytest

from tokenward.notify.texts import Texts, TextsInvalid, parse_texts, texts, words_in
from tokenward.notify.texts.words import OF_MESSAGES
from tokenward.policy.templates import Template


@pytest.fixture(scope="module")
def english() -> Texts:
    """Return what is said in English."""
    return texts("en")


@pytest.fixture(scope="module")
def written() -> str:
    """Return the English texts as they are written."""
    from importlib import resources

    return (resources.files("tokenward.notify.texts") / "en.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("template", Template)
def test_every_kind_of_message_has_a_text_of_known_words(english, template):
    """B11.1: whatever somebody is to be told, there are words for it."""
    text = english.messages[template]

    assert text["subject"]
    assert text["body"]
    for part in text.values():
        assert words_in(part) <= OF_MESSAGES[template]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('["token.late"]', '["token.later"]', "messages has no place for token.later; messages lacks token.late"),
        ("talk to {person}", "talk to {persons}", "token.late.body has no word 'persons'"),
        ("talk to {person}", "talk to {person.__class__}", "token.late.body has no word 'person.__class__'"),
        ("subject_nobody =", "subject_noone =", "token.late has no place for subject_noone"),
        ('greeting = "Hello', 'greetings = "Hello', "parts lacks greeting"),
        ('greeting = "Hello {name}', 'greeting = "Hello {reader}', "parts.greeting has no word 'reader'"),
        ('custodian = "A change', 'departure = "Kim leaves', "causes lacks custodian"),
        ('held = "', 'kept = "', "blocks lacks held"),
        ('moved = "', 'gone = "', "levels lacks moved"),
        ('"Saturday", ', "", "times.weekdays has not 7 names"),
        ('today = "today"', 'today = "{day}"', "times.today has no word 'day'"),
    ],
)
def test_a_language_that_lacks_or_invents_something_is_refused(written, old, new, fault):
    """B11.1: a further language is one more file, and what is wrong with it is said."""
    assert old in written

    with pytest.raises(TextsInvalid) as refused:
        parse_texts(written.replace(old, new))

    assert fault in str(refused.value)


def test_there_is_no_language_of_which_there_is_no_file():
    """B11.1: it is found out when the daemon starts, not when somebody is to be told something."""
    with pytest.raises(FileNotFoundError):
        texts("tlh")


@pytest.mark.parametrize("template", Template)
def test_no_text_carries_a_step_in_apples_portal(english, template):
    """B4.2: messages carry no steps; they appear after *Start now* alone."""
    for text in english.messages[template].values():
        assert not re.search(r"Preferences|Click|click Add|Upload|Download Token|\.pem", text)


def test_no_text_speaks_of_a_departure_but_the_one_for_its_day(english):
    """B7.2: a planned change of custodian, until it is effective; then operators read what is to be done (B7.4)."""
    everything = [*english.causes.values(), *english.parts.values(), *english.levels.values()]
    for template, text in english.messages.items():
        if template is not Template.CUSTODIAN_GONE:
            everything += text.values()

    assert not re.search(r"\b(leav(es|ing)|depart|resign|dismiss|hostile|gone)", " ".join(everything), re.IGNORECASE)
