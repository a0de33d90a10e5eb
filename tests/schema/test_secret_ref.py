import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.schema.fault import Fault
from tokenward.schema.secret_ref import SecretPlace, SecretRef
from tokenward.schema.section import Section


class Table(Section):
    key: SecretRef


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"credential": "api-key"}, SecretRef(SecretPlace.CREDENTIAL, "api-key")),
        ({"file": "/run/secrets//key"}, SecretRef(SecretPlace.FILE, "/run/secrets/key")),
        ({"env": "API_KEY"}, SecretRef(SecretPlace.ENV, "API_KEY")),
    ],
    ids=["credential", "file", "env"],
)
def test_a_table_with_one_place_is_a_reference(written, expected):
    """The three places that a secret is read from."""
    assert Table.model_validate({"key": written}).key == expected


SECRET = "hunter2!hunter2"
ANYWHERE = st.recursive(
    st.just(SECRET),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(st.sampled_from([*SecretPlace, "value", "key"]), inner, min_size=1, max_size=2)
    ),
)


@given(ANYWHERE)
def test_a_secret_in_the_configuration_is_refused_and_never_repeated(written):
    """However somebody writes it down by mistake."""
    with pytest.raises(Fault) as caught:
        SecretRef.parse(written)

    fault = caught.value
    assert "hunter2" not in f"{fault} {fault!r} {fault.wrong} {fault.right}"


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"file": "relative/key"},
        {"credential": "../key"},
        {"credential": ".hidden"},
        {"env": "9"},
        {"env": ""},
        5,
        None,
    ],
    ids=str,
)
def test_what_can_be_no_reference_is_refused(written):
    """Names have the form that their place allows; files are absolute."""
    with pytest.raises(Fault):
        SecretRef.parse(written)


def test_a_literal_is_answered_with_where_to_put_it():
    """The remedy names the three forms."""
    with pytest.raises(Fault) as caught:
        SecretRef.parse(SECRET)

    assert all(f"{{ {place} = " in caught.value.right for place in SecretPlace)


def test_a_reference_prints_as_the_file_writes_it():
    """References are no secrets: `config show` prints them."""
    assert str(SecretRef(SecretPlace.FILE, "/run/key")) == '{ file = "/run/key" }'
