"""Which source can tell what of whom."""

from tokenward.web.coverage import NOBODY, coverage_of
from tokenward.web.vitals import Coverage, Signal
from web.scene import a_person

PEOPLE = {"kim": a_person("kim", password_source="corp-okta"), "ana": a_person("ana")}


def told(*coverage):
    """Return who tells what, as words."""
    return {f"{one.person} {one.signal} {one.source}" for one in coverage_of(PEOPLE, coverage)}


def test_where_no_source_can_tell_nobody_does():
    """B7.7: per person and signal."""
    assert told() == {
        "kim password corp-okta",
        "kim departure none",
        "kim role none",
        "ana password none",
        "ana departure none",
        "ana role none",
    }


def test_a_source_that_tells_takes_the_place_of_nobody():
    """B7.7: several can tell the same."""
    found = told(Coverage("ana", Signal.ROLE, "apple"), Coverage("ana", Signal.ROLE, "hr"))

    assert {"ana role apple", "ana role hr"} < found
    assert f"ana role {NOBODY}" not in found


def test_whom_the_configuration_does_not_name_is_left_out():
    """B7.7: it is about those who download."""
    assert "max" not in " ".join(told(Coverage("max", Signal.ROLE, "apple")))


def test_the_same_is_said_once():
    """B7.7: a source that is also the person's password source."""
    coverage = coverage_of(PEOPLE, [Coverage("kim", Signal.PASSWORD, "corp-okta")])

    assert len(coverage) == len(set(coverage)) == 6
