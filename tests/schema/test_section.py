import pytest
from pydantic import ValidationError

from tokenward.schema.duration import Duration
from tokenward.schema.section import Section


class Table(Section):
    wait: Duration


def test_a_key_that_is_not_declared_is_an_error():
    """A misspelt key must not be silently without effect."""
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Table.model_validate({"wait": "1h", "waits": "2h"})


def test_a_table_can_not_be_changed():
    """A configuration is replaced as a whole or not at all."""
    table = Table.model_validate({"wait": "1h"})

    with pytest.raises(ValidationError, match="frozen"):
        setattr(table, "wait", "2h")  # noqa: B010 - mypy would refuse the plain assignment, rightly


def test_what_stood_in_the_file_is_not_in_the_error():
    """It could be a secret in the wrong place."""
    with pytest.raises(ValidationError) as caught:
        Table.model_validate({"wait": {"password": "hunter2"}, "key": "hunter2"})

    assert "hunter2" not in str(caught.value)
