import pytest

from tokenward.schema.fault import Fault
from tokenward.schema.one_or_many import parse_one_or_many


def test_one_name_and_several_are_the_same_kind_of_thing():
    """Where mostly one is needed no list is asked for."""
    assert parse_one_or_many("kim") == parse_one_or_many(["kim"]) == ("kim",)


@pytest.mark.parametrize("value", ["", [""], ["kim", 5], 5, None, {"kim": "lee"}], ids=repr)
def test_no_name_at_all_is_refused(value):
    """An empty name would match nobody, or everybody."""
    with pytest.raises(Fault):
        parse_one_or_many(value)
