"""What asn1crypto raises when bytes are not what they claim to be."""

from typing import Final

MALFORMED: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""It reads lazily and checks little: a damaged field shows itself as whatever the access to it runs into."""
