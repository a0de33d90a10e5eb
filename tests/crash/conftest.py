"""Shows the values of what fails inside the helpers, too."""

import pytest

pytest.register_assert_rewrite("crash.scene", "chaos.story")
