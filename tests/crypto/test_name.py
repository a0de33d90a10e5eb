import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tokenward.crypto import printed_name


def named(*pairs: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """Return a Name of one pair per level."""
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in pairs])


@pytest.mark.parametrize(
    "name",
    [
        named((NameOID.ORGANIZATION_NAME, "Example Corporation"), (NameOID.COMMON_NAME, "Main MDM")),
        named((NameOID.COMMON_NAME, 'Kim, "MDM" + <Ana>; \\o/')),
        named((NameOID.COUNTRY_NAME, "DE"), (NameOID.COMMON_NAME, "Schöne Grüße")),
        x509.Name([]),
    ],
    ids=lambda name: name.rfc4514_string(),
)
def test_a_name_is_printed_as_the_standard_says(name):
    """A3: RFC 4514, by a second opinion."""
    assert printed_name(name.public_bytes()) == name.rfc4514_string()


def test_what_cannot_be_seen_is_replaced():
    """A5: a name must not write lines into a log or a page."""
    name = named((NameOID.COMMON_NAME, "a\nb\x1b[31m\u202ec"))

    assert printed_name(name.public_bytes()) == "CN=a�b�[31m�c"


def test_long_names_are_cut():
    """A5: promise 5."""
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 64)] * 100)

    assert len(printed_name(name.public_bytes())) == 500


@given(st.binary(max_size=100))
def test_what_is_no_name_comes_out_in_hexadecimal(raw):
    """A5: any bytes at all."""
    assert printed_name(raw).isprintable()
