import pytest

from dashboards.shipped import FILES, FOLDER

BY_HAND = {"prometheus/tokenward.rules.test.yml"}


@pytest.mark.parametrize("name", FILES)
def test_what_is_shipped_is_what_the_code_says(name):
    """C8: `make dashboards` would change nothing."""
    assert (FOLDER / name).read_text() == FILES[name]()


def test_nothing_else_is_shipped():
    """C8: a file that nothing makes any more goes."""
    found = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}

    assert found - BY_HAND == set(FILES)
