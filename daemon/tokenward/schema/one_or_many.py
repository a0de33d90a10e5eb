"""A name, or a list of names, where mostly one is needed."""

from typing import Annotated, Final

from pydantic import PlainValidator

from tokenward.schema.fault import Fault

_RIGHT: Final = "text in quotes, or a list of such"


def parse_one_or_many(value: object) -> tuple[str, ...]:
    """Return the one text that *value* is, or the several that it lists.

    Raises:
        Fault: Neither, or an empty one.
    """
    listed = value if isinstance(value, list | tuple) else [value]
    texts = tuple(text for text in listed if isinstance(text, str) and text)
    if len(texts) != len(listed):
        raise Fault("here is something else than text, or nothing between the quotes", _RIGHT)
    return texts


OneOrMany = Annotated[tuple[str, ...], PlainValidator(parse_one_or_many)]
