"""Whatever strangers write, it is read or refused: a short search in every run, a long one in ``make fuzz``."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.hostile import UNITS, hostile_inputs
from fuzz.parsers import PARSERS
from tokenward.crypto import MAX_FILE_BYTES
from tokenward.sources.drop.entry import LARGEST_FILE

FOUND = Path(__file__).parents[1] / "data" / "fuzz"
LARGEST_MEMORY = 64 * 1024 * 1024
SLICE = st.tuples(st.integers(0, 4000), st.integers(0, 40))

every_parser = pytest.mark.parametrize("name", PARSERS)


@every_parser
def test_what_was_once_found_does_no_harm_any_more(name):
    """C6: every input that a search found stays, one file each in tests/data/fuzz."""
    for path in sorted((FOUND / name).glob("*")):
        PARSERS[name].try_on(path.read_bytes())


@every_parser
def test_good_input_is_taken(name):
    """A search that starts from what is refused at the door would find nothing behind it."""
    for seed in PARSERS[name].seeds():
        PARSERS[name].read(seed)


def test_every_found_input_belongs_to_a_parser():
    """C6: a file in the wrong place would be read by nobody."""
    assert {path.name for path in FOUND.iterdir()} <= set(PARSERS)


@every_parser
@given(raw=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode(errors="replace"))))
def test_any_bytes_are_read_or_refused(name, raw):
    """C6, promise 5: nothing but the declared errors."""
    PARSERS[name].try_on(raw)


@every_parser
@given(pieces=st.lists(st.sampled_from(UNITS) | st.binary(max_size=3), max_size=30))
def test_any_words_of_the_formats_are_read_or_refused(name, pieces):
    """C6, promise 5: what the formats are made of, in any order."""
    PARSERS[name].try_on(b"".join(pieces))


@every_parser
@given(data=st.data())
def test_altered_good_input_is_read_or_refused(name, data):
    """C6, promise 5: pieces cut out, doubled, moved, put in and overwritten."""
    raw = bytearray(data.draw(st.sampled_from(PARSERS[name].seeds())))
    for start, length in data.draw(st.lists(SLICE, min_size=1, max_size=4)):
        at = start % (len(raw) + 1)
        raw[at : at + length] = data.draw(st.sampled_from(UNITS) | st.binary(max_size=8) | st.just(bytes(raw[:length])))
    PARSERS[name].try_on(bytes(raw))


@pytest.mark.parametrize("name", ["certificate", "envelope", "opening"])
def test_what_is_larger_than_any_file_of_its_kind_is_not_looked_into(name):
    """Promise 5: work is bounded by the size that is taken, not by the size that is sent."""
    parser = PARSERS[name]
    for _, raw in hostile_inputs(parser, MAX_FILE_BYTES + 1):
        if len(raw) > MAX_FILE_BYTES:
            with pytest.raises(parser.refusals, match="bytes"):
                parser.read(raw)


@every_parser
def test_no_input_of_the_largest_size_takes_much_memory(name):
    """Promise 5: bad input never grows memory without bound; the largest dropped file is the measure."""
    inputs = list(hostile_inputs(PARSERS[name], LARGEST_FILE))[::7]
    for label, raw in inputs:
        tracemalloc.start()
        try:
            PARSERS[name].try_on(raw)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < LARGEST_MEMORY, label
