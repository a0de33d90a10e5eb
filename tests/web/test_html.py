"""Templates, filters and the headers of every page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError

from tokenward.web.html import _TEMPLATES, PAGE_HEADERS, day_element, instant_element, page, step_element

NOW = datetime(2026, 11, 28, 9, 30, 5, 123456, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    kind: str
    at: datetime
    words: str
    aside: str = ""


ALL_PARTS = """{% extends "layout.html" %}{% import "parts.html" as parts %}
{% block title %}{{ title }}{% endblock %}
{% block main %}
{{ parts.badge("bad", title) }}
{% call parts.notice("bad", "Outage") %}<p>{{ title }}</p>{% endcall %}
{{ parts.bar("good", 62, 365, 45) }}{{ parts.bar("bad", -3, 365) }}
{{ parts.steps([("done", "Opened"), ("stuck", title), ("ahead", "Done")]) }}
{{ parts.timeline(entries) }}
{% endblock %}"""


def all_parts(title):
    """Return a page that has every part in it, each with *title* where words go."""
    return _TEMPLATES.from_string(ALL_PARTS).render(title=title, entries=(Entry("good", NOW, title, title),))


def test_an_instant_is_readable_for_machines_too():
    """B1.2: the page of one zone can be read in another."""
    expected = '<time datetime="2026-11-28T09:30:05Z">28 November 2026, 10:30 CET</time>'
    assert instant_element(NOW, ZoneInfo("Europe/Vienna")) == expected
    assert day_element(NOW) == '<time datetime="2026-11-28T09:30:05Z">28 November 2026</time>'


def test_a_template_that_wants_what_is_not_there_fails():
    """Promise 5: nothing is left out silently."""
    with pytest.raises(UndefinedError):
        _TEMPLATES.from_string("{{ title }}").render()


def test_whatever_is_shown_is_escaped():
    """Promise 5: a name, a reason or a file name is text, whatever stands in it."""
    html = all_parts("<script>alert(1)</script>\"'&")

    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;") == 6


def test_a_step_shows_what_is_pressed_and_what_is_typed():
    """A12, B6.4: steps are data, and nothing in them becomes markup."""
    shown = step_element("Click “Save & close”, type `<b>x</b>`; <i>no</i>.")

    assert shown == (
        "Click <strong>Save &amp; close</strong>, type <code>&lt;b&gt;x&lt;/b&gt;</code>; &lt;i&gt;no&lt;/i&gt;."
    )


def test_a_page_is_whole_and_says_its_language():
    """B6.1: a title, a way past the heading, and one main part for readers of the screen."""
    html = all_parts("Main MDM")

    assert html.startswith('<!doctype html>\n<html lang="en">')
    assert "<title>Main MDM · Tokenward</title>" in html
    assert html.index('href="#main"') < html.index("<header") < html.index('<main id="main"') < html.index("<footer")


def test_what_stands_still_is_said_besides_being_shown():
    """B6.5: a state is never told by colour alone."""
    html = all_parts("Registered")

    assert 'aria-current="step">Registered<span class="aside"> (stands still)</span>' in html
    assert 'Opened<span class="aside"> (done)</span>' in html
    assert 'role="alert"' in html


def test_a_bar_is_as_long_as_what_is_left():
    """B1.2: and has its mark where a rotation opens; past the end nothing is left."""
    html = all_parts("Main MDM")

    assert '<rect class="bar-left" width="170" height="10"/>' in html
    assert '<rect class="bar-mark" x="123"' in html
    assert '<rect class="bar-left" width="0" height="10"/>' in html


def test_a_page_loads_nothing_foreign_and_is_not_kept():
    """B6.1: a strict policy, no referrer, nothing in a cache."""
    answer = page("<p>Hello</p>")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for header, value in PAGE_HEADERS.items():
        assert answer.headers[header] == value
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert not any("unsafe" in value or "http" in value or "*" in value for value in policy.values())
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_name_with_quotation_marks_of_its_own_stands_out_whole():
    """Services are called what people call them."""
    assert step_element("Choose “Loan Pool “North””.") == "Choose <strong>Loan Pool “North”</strong>."
