from pathlib import Path

import pytest

from tokenward.app.settings_problems import Problem
from tokenward.app.world import ConfigInvalid
from tokenward.cli.exit_codes import EXITS, Exit, exit_of, exit_of_number
from tokenward.model.finding import Code, Finding, NeedsCustodian, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.store.lock import LockedByAnother


def a_finding(code):
    """Return a finding with this code."""
    return Finding(code, "Happened.", "Means.", "Do.")


def test_the_codes_are_the_pinned_ones():
    """Scripts and monitoring systems are built on the numbers."""
    assert {code.name: int(code) for code in Exit} == {
        "WELL": 0,
        "FAILED": 1,
        "USED_WRONGLY": 2,
        "NEEDS_PERSON": 3,
        "REFUSED": 4,
        "UNREACHABLE": 5,
        "LOCKED": 6,
        "TRY_AGAIN": 75,
        "CONFIGURATION": 78,
        "INTERRUPTED": 130,
    }


def test_every_finding_comes_to_something():
    """A new code needs a row."""
    assert EXITS.keys() == set(Code)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LockedByAnother(Path("/x"), None), Exit.LOCKED),
        (ConfigInvalid((Problem("a", "b", "c"),)), Exit.CONFIGURATION),
        (Retryable(a_finding(Code.STORE)), Exit.TRY_AGAIN),
        (Retryable(a_finding(Code.APPLE_UNREACHABLE)), Exit.UNREACHABLE),
        (NeedsOperator(a_finding(Code.STORE)), Exit.FAILED),
        (NeedsOperator(a_finding(Code.PRIVATE_KEY)), Exit.REFUSED),
        (NeedsOperator(a_finding(Code.TARGET_UNREACHABLE)), Exit.UNREACHABLE),
        (NeedsCustodian(a_finding(Code.WRONG_KEY)), Exit.REFUSED),
        (OutcomeUnknown(a_finding(Code.TARGET_ANSWER)), Exit.FAILED),
    ],
    ids=lambda value: value.name if isinstance(value, Exit) else type(value).__name__,
)
def test_an_error_comes_to_what_can_be_done_about_it(error, expected):
    """Who acts next goes before what it is about."""
    assert exit_of(error) is expected


def test_nothing_to_do_is_never_a_failure():
    """No open rotation, or the same file again, is not an error for scripts."""
    assert exit_of_number(Code.NO_ROTATION.number) is Exit.WELL
    assert exit_of_number(Code.DUPLICATE.number) is Exit.WELL


@pytest.mark.parametrize("number", ["TW999", "", None])
def test_a_number_of_a_newer_daemon_has_failed(number):
    """An unknown finding is never taken for success."""
    assert exit_of_number(number) is Exit.FAILED
