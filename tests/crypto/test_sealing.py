import base64
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.crypto import BadSealKey, SealBroken, Sealer, format_seal_key, parse_seal_key
from tokenward.model.finding import Code
from tokenward.model.secret import Secret
from tokenward.rotation.ports import Seals

KEY = Secret(bytes(range(32)))
PLACE = "envelope/0a1b"
GOLDEN = "01d672353e2da41d2d6465666768696a6b6c6d6e6f128d2ee42be0df342b6cbe279a3d865938278b35a05d"


def counting_nonces():
    """Return nonces that are all different, and known."""
    numbers = itertools.count()
    return lambda size: next(numbers).to_bytes(size, "big")


@pytest.fixture
def sealer() -> Seals:
    """Return a sealer, as the port that the rotation knows it by."""
    return Sealer(KEY, counting_nonces())


@given(st.binary(max_size=3000), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_at_its_place(value, place):
    """B12.2: promise 4, any value, also an empty one, at any place."""
    sealer = Sealer(KEY, counting_nonces())

    assert sealer.open(sealer.seal(Secret(value), place), place).reveal() == value


def test_a_value_moved_to_another_row_or_column_does_not_open(sealer):
    """B12.1: promise 4, bound to its row and purpose."""
    sealed = sealer.seal(Secret("x"), PLACE)

    for place in ("envelope/0a1c", "token/0a1b", "", PLACE + " "):
        with pytest.raises(SealBroken) as refused:
            sealer.open(sealed, place)
        assert refused.value.finding.code is Code.SEAL


def test_two_rows_that_were_swapped_are_both_refused(sealer):
    """B12.1: promise 4, neither yields the other's secret."""
    first, second = sealer.seal(Secret("a"), "key/1"), sealer.seal(Secret("b"), "key/2")

    for sealed, place in ((second, "key/1"), (first, "key/2")):
        with pytest.raises(SealBroken):
            sealer.open(sealed, place)


def test_another_key_is_told_from_altered_bytes():
    """B12.3: it says which key is wanted, which is what an operator after a restore needs."""
    old, new = Sealer(KEY, counting_nonces()), Sealer(Secret(b"k" * 32), counting_nonces())

    with pytest.raises(SealBroken) as refused:
        new.open(old.seal(Secret("x"), PLACE), PLACE)

    assert old.key_id in refused.value.finding.happened
    assert old.key_id in refused.value.finding.do
    assert new.key_id in refused.value.finding.happened


def test_a_seal_with_any_bit_changed_does_not_open(sealer):
    """B12.1: promise 4, at every byte and cut at every length."""
    sealed = sealer.seal(Secret("secret"), PLACE)
    for index in range(len(sealed)):
        altered = sealed[:index] + bytes((sealed[index] ^ 1 << index % 8,)) + sealed[index + 1 :]
        for broken in (altered, sealed[:index]):
            with pytest.raises(SealBroken):
                sealer.open(broken, PLACE)


@given(st.binary(max_size=100))
def test_garbage_does_not_open(sealed):
    """B12.1: any bytes at all."""
    with pytest.raises(SealBroken):
        Sealer(KEY, counting_nonces()).open(sealed, PLACE)


def test_the_same_value_never_looks_the_same_twice(sealer):
    """B12.1: a reader of the disk can't tell equal secrets."""
    assert sealer.seal(Secret("x"), PLACE) != sealer.seal(Secret("x"), PLACE)
    assert b"secret" not in sealer.seal(Secret("secret"), PLACE)


def test_a_seal_has_the_form_that_is_written_down(sealer):
    """B12.1: version, key id, nonce; 37 bytes more than the value."""
    sealed = sealer.seal(Secret(b"v" * 10), PLACE)

    assert sealed[:1] == b"\x01"
    assert sealed[1:9].hex() == Sealer(KEY, counting_nonces()).key_id
    assert sealed[9:21] == bytes(12)
    assert len(sealed) == 10 + 37


def test_a_seal_made_by_an_earlier_version_still_opens():
    """B12.1: the form of a seal never changes unnoticed."""
    sealed = bytes.fromhex(GOLDEN)

    assert Sealer(KEY, counting_nonces()).open(sealed, PLACE).reveal() == b"golden"


def test_a_seal_key_survives_being_written_down():
    """B12.3: base64 with the blanks and lines that paper brings."""
    line = format_seal_key(KEY).reveal_text()

    assert parse_seal_key(line) == KEY
    assert parse_seal_key(f" {line[:20]}\r\n  {line[20:]}\n".encode()) == KEY


@pytest.mark.parametrize(
    "text", ["", "!", "Zm9v", base64.b64encode(bytes(33)).decode(), "ö" * 44, b"\xff" * 32, "\ud800"], ids=repr
)
def test_what_is_no_seal_key_is_refused_without_repeating_it(text):
    """B12.3: a key with a slip of the pen is still a secret."""
    with pytest.raises(BadSealKey) as refused:
        parse_seal_key(text)

    assert refused.value.finding.code is Code.SEAL
    assert refused.value.__cause__ is None
    assert not text or str(text) not in refused.value.finding.text()


def test_a_key_of_another_length_seals_nothing():
    """B12.3: checked when it is put to use as well."""
    with pytest.raises(BadSealKey, match="16 bytes instead of 32"):
        Sealer(Secret(bytes(16)), counting_nonces())
