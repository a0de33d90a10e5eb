"""Frozen values as JSON."""

import pytest

from tokenward.model.secret import Secret
from tokenward.web.as_json import as_json
from web.scene import NOW, a_token


def test_fields_keep_their_names_and_instants_are_rfc_3339():
    """A9: dates are written in one form everywhere."""
    shown = as_json(a_token(expiry=None, since=NOW))

    assert isinstance(shown, dict)
    assert (shown["state"], shown["since"], shown["expiry"], shown["rung"]) == (
        "valid",
        "2026-11-24T09:30:00Z",
        None,
        4,
    )


def test_mappings_and_tuples_become_objects_and_arrays():
    """Promise 5: every answer can be parsed."""
    assert as_json({"a": (1, 2.5, True, None)}) == {"a": [1, 2.5, True, None]}


def test_sets_become_arrays_in_an_order_that_stays():
    """Promise 5: the same answer reads the same each time."""
    assert as_json(frozenset({"c", "a", "b"})) == ["a", "b", "c"]


def test_a_secret_has_no_form_in_json():
    """Promise 4: it can't get into an answer by mistake."""
    with pytest.raises(TypeError, match="Secret has no form"):
        as_json({"token": Secret("canary")})
