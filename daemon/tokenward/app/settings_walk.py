"""Walking through settings: every value with its path, as the file would write it."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.slug import is_slug


def walk(settings: BaseModel, path: str = "") -> Iterator[tuple[str, object, bool]]:
    """Yield every value inside *settings*: its path, the value, and whether it was set, not a default."""
    for name, field in type(settings).model_fields.items():
        inner = f"{path}.{field.alias or name}" if path else field.alias or name
        yield from _walk(getattr(settings, name), inner, was_set=name in settings.model_fields_set)


def secret_refs(settings: BaseModel) -> dict[str, SecretRef]:
    """Return every reference to a secret, by the path of its key."""
    return {path: value for path, value, _ in walk(settings) if isinstance(value, SecretRef)}


def _walk(value: object, path: str, *, was_set: bool) -> Iterator[tuple[str, object, bool]]:
    if isinstance(value, BaseModel):
        yield from walk(value, path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}", was_set=was_set)
    elif isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
        for index, one in enumerate(value):
            own = getattr(one, "id", None)
            yield from _walk(one, f"{path}.{own}" if is_slug(own) else f"{path}[{index}]", was_set=was_set)
    else:
        yield path, value, was_set
