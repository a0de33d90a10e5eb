"""Pages: one set of templates, filters for times, and the headers that every page bears."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from tokenward.model.instant import format_instant
from tokenward.web.assets import asset_url
from tokenward.web.wording import (
    clock_words,
    date_words,
    day_words,
    days_words,
    instant_words,
    plural,
    span_words,
)

PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Nothing foreign is loaded, nothing is kept, nobody learns where the reader came from; no page needs more."""

_NAMED: Final = re.compile("“((?:[^“”<>]|“[^“”<>]*”)*)”")


def render(template: str, **values: object) -> str:
    """Return *template* of the package filled with *values*, each of them escaped.

    It takes milliseconds, up to many: not for the event loop.

    Raises:
        UndefinedError: The template wants something that *values* do not have.
    """
    return _TEMPLATES.get_template(template).render(values)


def page(html: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the answer that shows *html*, with the headers of every page."""
    return HTMLResponse(html, status, PAGE_HEADERS)


def instant_element(moment: datetime, zone: tzinfo = UTC, *, exact: bool = False) -> Markup:
    """Return *moment* to the minute, or *exact* to the second, readable for people and for machines."""
    return _time_element(moment, instant_words(moment, zone, exact=exact))


def day_element(moment: datetime, zone: tzinfo = UTC) -> Markup:
    """Return the day of *moment*, readable for people and for machines."""
    return _time_element(moment, day_words(moment, zone))


def date_element(moment: datetime, zone: tzinfo, now: datetime) -> Markup:
    """Return the day of *moment* as somebody plans by it, readable for people and for machines."""
    return _time_element(moment, date_words(moment, zone, now))


def clock_element(moment: datetime, zone: tzinfo, now: datetime) -> Markup:
    """Return the time of *moment*, with its day where that is not today, readable for people and for machines."""
    return _time_element(moment, clock_words(moment, zone, now))


def step_element(words: str) -> Markup:
    """Return *words* with what is to be typed as code, and what a button or a field is called standing out."""
    escaped = str(prose_element(words))
    return Markup(_NAMED.sub(r"<strong>\1</strong>", escaped))  # noqa: S704


def prose_element(words: str) -> Markup:
    """Return *words* with what stands between backticks as code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(words.split("`"))
    )


def _seconds_words(seconds: float) -> str:
    return span_words(timedelta(seconds=seconds))


def _time_element(moment: datetime, words: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(format_instant(moment.replace(microsecond=0)), words)


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("tokenward.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        instant=instant_element,
        day=day_element,
        date=date_element,
        clock=clock_element,
        step=step_element,
        span=span_words,
        seconds=_seconds_words,
        days=days_words,
        plural=plural,
        prose=prose_element,
    )
    environment.globals.update(asset=asset_url)
    return environment


_TEMPLATES: Final = _templates()
