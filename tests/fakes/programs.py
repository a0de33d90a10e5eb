"""Programs of the distribution that a test needs. Without one it is skipped, or fails where all must be there."""

import os
import shutil
from typing import Final

import pytest

REQUIRED: Final = "TOKENWARD_PEERS"
"""With the value ``required`` nothing is skipped: continuous integration has every program."""


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Skip a test for want of *program*, which the distribution's *package* brings, unless it is required."""
    is_missing = shutil.which(program) is None and os.environ.get(REQUIRED) != "required"
    return pytest.mark.skipif(is_missing, reason=f"{program} is not installed (package {package})")
