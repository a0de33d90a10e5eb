"""Web addresses over which secrets go: ``https``, or ``http`` within this machine."""

from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import PlainValidator

from tokenward.schema.address import is_loopback
from tokenward.schema.fault import Fault

_RIGHT: Final = (
    '"https://HOST" with or without port and path; "http://" only to this machine, such as "http://127.0.0.1:9001"'
)


def parse_web_url(value: object) -> str:
    """Return *value*, the root under which paths are appended, without a slash at its end.

    Raises:
        Fault: It is none, it is ``http`` off this machine, or it carries a password, which is not repeated.
    """
    url = parse_any_web_url(value)
    if is_in_clear(url):
        raise Fault(f"http to {urlsplit(url).hostname} can be read and altered on the way", _RIGHT)
    return url


def is_in_clear(url: str) -> bool:
    """Return whether what goes to *url* can be read by others: ``http`` that leaves this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def parse_any_web_url(value: object) -> str:
    """Return *value* as ``parse_web_url`` does, also where it is ``http`` to another machine.

    Raises:
        Fault: It is none, or it carries a password, which is not repeated.
    """
    if not isinstance(value, str) or not value.isprintable() or any(letter in value for letter in ' "<>\\'):
        raise Fault("this is no web address", _RIGHT)
    parts = _split(value)
    if parts.username is not None or parts.password is not None:
        raise Fault(
            "this address carries a user or a password (it is not repeated here)",
            f"{_RIGHT}; secrets have keys of their own",
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Fault("this is no web address", _RIGHT)
    if parts.query or parts.fragment or value.endswith(("?", "#")):
        raise Fault("this address has a query or a fragment (it is not repeated here)", _RIGHT)
    return value.rstrip("/")


def _split(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for one that is no number up to 65535
    except ValueError as error:
        raise Fault("this is no web address", _RIGHT) from error
    return parts


WebUrl = Annotated[str, PlainValidator(parse_web_url)]
AnyWebUrl = Annotated[str, PlainValidator(parse_any_web_url)]
