"""A value that must never be seen by accident."""

import hmac
from typing import Never, final


@final
class Secret:
    """Bytes that show themselves only to whoever calls ``reveal``.

    Its text forms are all ``***``, so neither a log line, an f-string, a traceback nor an assertion can print it; it
    can't be pickled. Comparison takes the same time whatever differs.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes | str) -> None:
        """Keep *value*; text is kept as its UTF-8 bytes."""
        self._value = value.encode() if isinstance(value, str) else bytes(value)

    def reveal(self) -> bytes:
        """Return the bytes themselves. Call it where they leave for their destination, and nowhere else."""
        return self._value

    def reveal_text(self) -> str:
        """Return the bytes as UTF-8 text, under the same rule as ``reveal``."""
        return self._value.decode()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not pickled")
