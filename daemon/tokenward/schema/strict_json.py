"""JSON from strangers, read strictly: what two readers could understand differently is refused."""

import json
import re
from collections import Counter
from typing import Final, Never

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

DEEPEST: Final = 16
LONGEST_NUMBER: Final = 20
"""Characters; enough for every 64-bit integer and every instant in milliseconds."""
MOST_VALUES: Final = 50_000
"""A value takes far more memory than the three characters that it can be written in."""

_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""Possessive, for a way back would be remembered for each character."""
_BRACKET: Final = re.compile(r"[\[\]{}]")
_OPENING: Final = frozenset("[{")


class BadJson(ValueError):
    """The bytes are no JSON, or JSON that could be understood in more than one way."""

    def __init__(self, what: str, *, is_cut_short: bool = False) -> None:
        """Say *what* is wrong; *is_cut_short* says that everything up to the end was right."""
        super().__init__(what)
        self.is_cut_short = is_cut_short


def parse_json(raw: bytes) -> Json:
    """Return the value that *raw* is, which may begin with a byte order mark.

    Raises:
        BadJson: No JSON in UTF-8, the same member twice, NaN or an infinity, a number of more than 20
            characters, a lone surrogate, more than 16 levels or more than 50,000 values.

    Source: RFC 8259 sections 4, 6, 8.1 and 9; RFC 7493 section 2.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadJson("it is not UTF-8") from error
    _check_number(text)
    _check_depth(text)
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        ended = _ends_too_early(text, error)
        where = "it ends too early" if ended else f"{error.msg} in line {error.lineno}, column {error.colno}"
        raise BadJson(where, is_cut_short=ended) from error
    _check_characters(text, value)
    return value


def _check_number(text: str) -> None:
    """Refuse too many values: in front of each there is a comma or an opening bracket, but for the outermost."""
    if sum(map(text.count, ",[{")) > MOST_VALUES:
        raise BadJson(f"it holds more than {MOST_VALUES} values")


def _check_depth(text: str) -> None:
    """Refuse nesting before the parser, which recurses, gets to see it."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in _OPENING else -1
        if depth > DEEPEST:
            raise BadJson(f"it is nested more than {DEEPEST} levels deep")


def _check_characters(text: str, value: Json) -> None:
    r"""Refuse ``\ud800`` and its like without their other half: no UTF-8 can hold them."""
    if r"\u" not in text:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadJson("it holds half a character (a lone surrogate)") from error


def _ends_too_early(text: str, error: json.JSONDecodeError) -> bool:
    at_the_end = not text[error.pos :].strip()
    return at_the_end or error.msg.startswith("Unterminated string")


def _object(pairs: list[tuple[str, Json]]) -> Json:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise BadJson(f"the member {twice[:40]!r} stands there twice")
    return members


def _refuse_constant(name: str) -> Never:
    raise BadJson(f"{name} is no JSON number")


def _float(text: str) -> float:
    value = float(_short(text))
    if value in {float("inf"), float("-inf")}:
        raise BadJson("a number is too large")
    return value


def _integer(text: str) -> int:
    return int(_short(text))


def _short(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise BadJson(f"a number has more than {LONGEST_NUMBER} characters")
    return text
