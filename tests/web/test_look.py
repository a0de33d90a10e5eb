"""The look: what the style sheets and templates promise whoever reads the pages."""

import re
from importlib import resources
from itertools import product

import pytest

FOLDER = resources.files("tokenward.web")
STYLES = {file.name: file.read_text() for file in (FOLDER / "static").iterdir() if file.name.endswith(".css")}
TEMPLATES = {file.name: file.read_text() for file in (FOLDER / "templates").iterdir()}

READABLE = 4.5
"""The contrast that WCAG 2.2 asks of text (1.4.3)."""
VISIBLE = 3.0
"""What it asks of shapes that mean something (1.4.11)."""


def colours(scheme):
    """Return the colours by name that hold in *scheme*."""
    root, dark = (
        block[1] for block in re.finditer(r":root \{(.*?)\}", STYLES["look.css"], re.DOTALL) if "--good:" in block[1]
    )
    chosen = root + (dark if scheme == "dark" else "")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", chosen))


def luminance(colour):
    """Return the relative luminance of *colour*, as WCAG defines it."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Return the contrast between two colours, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


TEXTS = [
    *product(("ink", "quiet", "accent", "accent-deep", "bad"), ("paper", "card")),
    *product(("ink",), ("good-ground", "warn-ground", "bad-ground", "neutral-ground")),
    *((kind, f"{kind}-ground") for kind in ("good", "warn", "bad", "neutral")),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS, ids="-on-".join)
def test_every_text_can_be_read_on_its_ground(scheme, text, ground):
    """B6.1: by day and by night."""
    known = colours(scheme)

    assert contrast(known[text], known[ground]) >= READABLE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_shape_that_means_something_can_be_seen(scheme):
    """B6.1: the edge of a field, the fill of a bar."""
    known = colours(scheme)

    for kind, ground in product(("good-fill", "warn-fill", "bad-fill", "neutral-fill", "edge"), ("card",)):
        assert contrast(known[kind], known[ground]) >= VISIBLE, kind


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_needs_what_the_policy_of_pages_forbids(name):
    """B6.1: no style and no script inside, nothing foreign, no way around the escaping."""
    text = TEMPLATES[name]

    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:|https?://|\|\s*safe\b|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("name", STYLES)
def test_no_style_sheet_loads_anything(name):
    """B6.1: nothing foreign, and not a second request for something of ours."""
    assert not re.search(r"url\(|@import|@font-face", STYLES[name])


def test_the_look_heeds_what_readers_asked_their_machine_for():
    """B6.1: light or dark, less motion, forced colours, paper, and a focus that can be seen."""
    look = STYLES["look.css"] + STYLES["parts.css"]

    for wish in (
        "prefers-color-scheme: dark",
        "prefers-reduced-motion",
        "forced-colors: active",
        "@media print",
        ":focus-visible",
    ):
        assert wish in look
