import pytest

from tokenward.schema.account import parse_account
from tokenward.schema.fault import Fault


@pytest.mark.parametrize("value", ["kim", "kim@", "@corp.example", "k im@corp.example", "a@b@c", 5, None], ids=repr)
def test_an_account_has_the_form_of_an_address(value):
    """Managed Apple Accounts look like addresses of mail."""
    with pytest.raises(Fault):
        parse_account(value)


def test_an_account_is_kept_as_it_is_written():
    """The usual case."""
    assert parse_account("Kim.Lee@corp.example") == "Kim.Lee@corp.example"
