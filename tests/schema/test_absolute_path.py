import pytest

from tokenward.schema.absolute_path import parse_absolute_path
from tokenward.schema.fault import Fault


@pytest.mark.parametrize("value", ["state", "./state", "", "/var/../etc", "/a\0b", 5, None], ids=repr)
def test_a_path_must_not_depend_on_where_the_daemon_starts(value):
    """Relative paths are refused."""
    with pytest.raises(Fault):
        parse_absolute_path(value)


def test_an_absolute_path_is_taken():
    """The usual case."""
    assert str(parse_absolute_path("/var//lib/tokenward/")) == "/var/lib/tokenward"
