"""Absolute paths, so that it never matters from where the daemon was started."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import PlainValidator

from tokenward.schema.fault import Fault, quote

_RIGHT: Final = 'an absolute path, such as "/var/lib/tokenward"'


def parse_absolute_path(value: object) -> Path:
    """Return *value* as a path.

    Raises:
        Fault: It is relative, has ``..`` in it, or is no text.
    """
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise Fault("this is no path", _RIGHT)
    path = Path(value)
    if not path.is_absolute() or ".." in path.parts:
        raise Fault(f"{quote(str(path))} depends on where the daemon is started", _RIGHT)
    return path


AbsolutePath = Annotated[Path, PlainValidator(parse_absolute_path)]
