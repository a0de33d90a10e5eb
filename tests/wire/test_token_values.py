import json
from datetime import UTC, datetime

import pytest

from tokenward.wire.answer import Answer
from tokenward.wire.reading import find_in
from tokenward.wire.token_values import TokenValues

VALUES = {
    "consumer_key": "CK_1",
    "consumer_secret": "CS_1",
    "access_token": "AT_1",
    "access_secret": "AS_1",
    "access_token_expiry": "2027-03-01T09:00:00Z",
}


def shown(**changed: object) -> TokenValues | None:
    """Return what is read from an answer with the values, *changed*."""
    return find_in(TokenValues, Answer(200, {}, json.dumps(VALUES | changed).encode()))


def test_the_values_show_themselves_nowhere():
    """Secrets: what is compared is a digest."""
    values = shown()
    assert values is not None
    assert values.expires_at == datetime(2027, 3, 1, 9, tzinfo=UTC)
    for secret in ("CK_1", "CS_1", "AT_1", "AS_1"):
        assert secret not in repr(values)
        assert secret not in repr(values.token)


def test_every_secret_counts_for_the_digest():
    """Equal digests mean the same token."""
    digests = {
        values.token.digest
        for name in ("", *VALUES)
        if (values := shown(**({name: "2028-01-01T00:00:00Z"} if name else {})))
    }
    assert len(digests) == 5


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("value", [None, "", 7, "\ud800"], ids=repr)
def test_a_value_that_is_missing_or_no_text_makes_it_no_token(name, value):
    """Bad input: half a token is none."""
    assert shown(**{name: value}) is None


@pytest.mark.parametrize("value", ["2027-03-01", "2027-03-01T09:00:00", "soon"])
def test_an_expiry_that_could_mean_any_of_26_hours_makes_it_no_token(value):
    """B1.2: a date is an instant or none."""
    assert shown(access_token_expiry=value) is None
