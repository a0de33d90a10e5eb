"""Logging: one event a line, JSON unless a person watches, and never a secret.

Two defaults of the library would leak: its traceback renderers print the locals of every frame. Both are set not to.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Final, Literal

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor

HIDDEN_NAMES: Final = ("secret", "password", "authorization", "api_key", "private_key", "access_token", "consumer_key")
"""A field whose name holds one of these never shows its value."""
_HIDDEN_TEXT: Final = re.compile(r"(?:CK|CS|AT|AS)_[0-9A-Za-z]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*")
"""What a token's values and private keys look like, wherever they stand."""
_ADDRESS: Final = re.compile(r"\b([A-Za-z0-9])[A-Za-z0-9._%+-]*@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
"""An e-mail address or a Managed Apple Account; of its first part one letter is shown."""
_DEEPEST: Final = 6
_QUIET: Final = ("httpx2", "httpcore2", "apscheduler", "uvicorn.error", "watchdog", "oauthlib")
"""Libraries of which only warnings are shown; the last one would write what it signs, the token with it."""

Format = Literal["json", "text"]


def set_up(level: str, form: Format) -> None:
    """Log from now on to standard error, everything of *level* and above."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.stdlib.ExtraAdder(),
    ]
    finish: list[Processor] = [*_EXCEPTIONS[form], redact, _RENDERERS[form]]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in _QUIET:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Return *event* without anything that must not be read in a log."""
    return {name: _scrub(name, value, 0) for name, value in event.items()}


def _scrub(name: str, value: object, depth: int) -> object:
    if any(hidden in name.lower() for hidden in HIDDEN_NAMES):
        return "***"
    if isinstance(value, str):
        return _ADDRESS.sub(r"\1…@\2", _HIDDEN_TEXT.sub("***", value))
    if depth >= _DEEPEST and isinstance(value, (Mapping, list, tuple)):
        return "…"
    if isinstance(value, Mapping):
        return {str(key): _scrub(str(key), inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrub(name, inner, depth + 1) for inner in value]
    return value


def _dumps(event: object, **_options: object) -> str:
    """Return *event* as one line of ASCII; what JSON has no form for is shown by its repr, so that no line is lost."""
    return json.dumps(event, default=repr, ensure_ascii=True)


class _Text:
    """One readable line for a person at a terminal."""

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, object]) -> str:
        """Return *event* as time, level, name and fields."""
        at = str(event.pop("at", ""))[11:19]
        level, name = str(event.pop("level", "")), str(event.pop("event", ""))
        event.pop("logger", None)
        exception = event.pop("exception", None)
        fields = "  ".join(f"{key}={_shown(value)}" for key, value in event.items() if value is not None)
        line = f"{at} {level:<7} {name:<22} {fields}".rstrip()
        return f"{line}\n{exception}" if exception else line


def _shown(value: object) -> str:
    if isinstance(value, list):
        value = "; ".join(str(one) for one in value)
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"[\s\"]", text) else text


_EXCEPTIONS: Final[Mapping[Format, tuple[Processor, ...]]] = {
    "json": (structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=20)),),
    "text": (structlog.processors.format_exc_info,),
}
_RENDERERS: Final[Mapping[Format, Processor]] = {
    "json": structlog.processors.JSONRenderer(serializer=_dumps),
    "text": _Text(),
}
