"""What the page about messages promises."""

import json
import re
from dataclasses import replace

import pytest

from docs.documents import ROOT, blocks, rows
from notify.scene import asked, desk, message
from policy.situations import a_token
from tokenward.app.settings_channels import channel_problems
from tokenward.app.settings_load import load
from tokenward.model.secret import Secret
from tokenward.model.token import TokenState
from tokenward.notify.apprise_channel import REFERENCE, is_understood
from tokenward.notify.letter import compose
from tokenward.policy.templates import Template

PAGE = ROOT / "docs" / "messages.md"
ADDRESSES = {kind: address.strip("`") for kind, address in rows(PAGE, "for")}


@pytest.mark.parametrize("kind", ADDRESSES)
def test_every_address_on_the_page_is_one_that_works(kind):
    """B11.1: apprise knows it, with the reader's own part in its place."""
    to = "kim@corp.example" if kind.startswith("mail") else "#mdm"

    assert is_understood(Secret(ADDRESSES[kind]), to)


def test_the_channels_on_the_page_fit_their_contacts(tmp_path):
    """C3: what people copy is right."""
    sample = next(one.text for one in blocks(PAGE) if "[[person]]" in one.text)
    sound = (ROOT / "tests" / "data" / "config" / "sound.toml").read_text()
    without_kim = re.sub(r'\[\[person\]\]\nid = "kim".*?\n\n', "", sound, flags=re.DOTALL)
    (tmp_path / "tokenward.toml").write_text(f"{without_kim}\n{sample}")
    loaded = load(tmp_path / "tokenward.toml")
    assert loaded.settings is not None, [one.text() for one in loaded.problems]
    addresses = {"mail": ADDRESSES["mail with a login"], "pager": ADDRESSES["a program of your own"]}
    secrets = {one.url: Secret(addresses[one.id]) for one in loaded.settings.channels}

    assert list(channel_problems(loaded.settings, secrets)) == []


def test_what_a_program_of_ones_own_gets_is_what_the_page_shows():
    """B11.1: title and text of an alarm; the rest is apprise's form, which test_hook shows."""
    shown = json.loads(next(one.text for one in blocks(PAGE) if one.note == "posted"))
    dead = replace(asked(), token=a_token(state=TokenState.REJECTED))
    letter = compose((message(Template.ALARM, "on-call", why="Apple no longer takes the token"),), desk(dead))

    assert letter is not None
    assert (shown["title"], shown["message"]) == (letter.subject, letter.body.strip())
    assert f"`{REFERENCE}`" in PAGE.read_text()
