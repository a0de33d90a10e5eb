"""Under the profile ``fuzz`` the properties here are long searches, and so belong to ``make fuzz``."""

import pytest
from hypothesis import is_hypothesis_test, settings


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give the properties their marker when they are to be searched long."""
    is_property = isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)
    if is_property and settings.get_current_profile_name() == "fuzz":
        item.add_marker("fuzz")
