"""Distinguished names as text."""

from typing import Final

from asn1crypto import x509

from tokenward.crypto.asn1 import MALFORMED

_SHORT: Final = {
    "common_name": "CN",
    "surname": "SN",
    "serial_number": "serialNumber",
    "country_name": "C",
    "locality_name": "L",
    "state_or_province_name": "ST",
    "street_address": "STREET",
    "organization_name": "O",
    "organizational_unit_name": "OU",
    "domain_component": "DC",
    "user_id": "UID",
    "email_address": "emailAddress",
}
_LONGEST: Final = 500
_SPECIAL: Final = str.maketrans({character: f"\\{character}" for character in '\\,+"<>;'})


def printed_name(der: bytes) -> str:
    """Return the Name *der* for people, such as ``CN=Main MDM,O=Example Corporation``.

    What is no Name comes out in hexadecimal, unprintable characters are replaced, and long names are cut. Two
    different names may look alike: compare their bytes.

    Source: RFC 4514 section 2, the last part first.
    """
    try:
        parts = [
            "+".join(_pair(pair["type"].native, pair["value"].native) for pair in relative)
            for relative in x509.Name.load(der, strict=True).chosen
        ]
    except MALFORMED:
        return der.hex()[:_LONGEST]
    return ",".join(reversed(parts))[:_LONGEST]


def _pair(kind: str, value: object) -> str:
    visible = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value))
    return f"{_SHORT.get(kind, kind)}={visible.translate(_SPECIAL)}"
