"""What a parser of a configured value says when the value will not do."""

import json
from typing import Final

_LONGEST: Final = 80


class Fault(ValueError):
    """A value will not do. Both parts are without a full stop, and neither repeats what may be secret."""

    def __init__(self, wrong: str, right: str) -> None:
        """Say what is *wrong* and what would be *right*."""
        super().__init__(f"{wrong}; {right}")
        self.wrong = wrong
        self.right = right


def quote(value: object) -> str:
    """Return *value*, which must not be secret, as a sentence can repeat it: like TOML, and not too long."""
    match value:
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case str() | bool():
            text = json.dumps(value, ensure_ascii=False)
        case _:
            text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
