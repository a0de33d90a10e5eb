"""HTML as text that is marked as such, so that what people typed can never become part of a page's structure."""

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


NOTHING = Markup("")


def fill(template: str, **values: object) -> Markup:
    """Return *template* with its ``{names}`` replaced; every value that is not markup is escaped."""
    safe = {name: value if isinstance(value, Markup) else escape(str(value)) for name, value in values.items()}
    return Markup(template.format_map(safe))


def join(parts: Iterable[Markup]) -> Markup:
    """Return the parts one behind the other."""
    return Markup("".join(parts))
