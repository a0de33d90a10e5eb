import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fakes.values import DAY, NOW
from tokenward.crypto.link_keys import LinkKeys
from tokenward.model.link import Link
from tokenward.model.secret import Secret

KEYS = LinkKeys(Secret(bytes(32)))
KIM = Link("kim", 1, NOW)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


def test_a_key_is_short_survives_any_mail_program_and_says_nothing():
    """B6.1: 160 bits in letters and digits, and it does not print itself."""
    key = KEYS.key_of(KIM)

    assert re.fullmatch(rb"[a-z2-7]{32}", key.reveal())
    assert key.reveal().decode() not in f"{key} {key!r}"


def test_the_same_link_has_the_same_key_whatever_became_of_it():
    """B6.1: it can be sent again, for it is derived."""
    ended = replace(KIM, ended_at=NOW + DAY, is_revoked=True)

    assert KEYS.key_of(ended).reveal() == KEYS.key_of(KIM).reveal()


@given(people=st.lists(st.tuples(NAMES, st.integers(1, 99)), min_size=2, max_size=8, unique=True))
def test_every_person_and_number_has_a_key_of_its_own(people):
    """B6.1: a link belongs to a person and a number, and each finds nothing but its own."""
    links = [Link(person, number, NOW) for person, number in people]

    for link in links:
        assert KEYS.find(KEYS.key_of(link).reveal().decode(), links) == link


def test_another_seal_key_gives_other_links():
    """B6.1: who does not have the seal key can make none."""
    assert LinkKeys(Secret(b"1" * 32)).find(KEYS.key_of(KIM).reveal().decode(), [KIM]) is None


@given(key=st.text(max_size=64))
def test_what_is_no_key_finds_nothing(key):
    """B6.1: whatever stands in the address."""
    assert KEYS.find(key, [KIM]) is None
