import re
import shlex

import click
import pytest

from docs.documents import ROOT, blocks
from tokenward.cli.main import COMMANDS as KNOWN
from tokenward.cli.main import program
from tokenward.web.alerting.rules import ALERTS

FOLDER = ROOT / "docs" / "runbooks"
PAGES = sorted(FOLDER.glob("*.md"))
PARTS = ["Meaning", "Check", "Fix", "Never", "Done when"]
COMMANDS = [
    pytest.param(line, id=f"{page.stem}: {line}")
    for page in PAGES
    for block in blocks(page)
    for line in block.text.splitlines()
    if line.startswith("tokenward ")
]
of_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def test_every_alert_has_its_page_and_every_page_its_alert():
    """C8: the link in an alert leads somewhere."""
    assert [page.stem for page in PAGES] == sorted({alert.page for alert in ALERTS})


@of_each_page
def test_a_page_has_its_five_parts_and_what_to_type(page):
    """C8: meaning, check, fix, never, done when; then commands to copy."""
    text = page.read_text()

    assert re.findall(r"^\*\*([A-Z][a-z ]+)\.\*\* \S", text, re.MULTILINE) == PARTS
    assert len(blocks(page)) == 1
    assert text.endswith("```\n")


@of_each_page
def test_a_page_is_short_enough_to_be_read_at_night(page):
    """C8: one screen."""
    assert len(page.read_text().splitlines()) <= 40


@pytest.mark.parametrize("line", COMMANDS)
def test_what_a_page_says_to_type_is_understood(line):
    """C8: the command is there, takes these options, and no more words than these."""
    command: click.Command = program
    context = click.Context(program, **program.context_settings)
    words = shlex.split(line, comments=True)[1:]
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command, context = found, click.Context(found, parent=context, **found.context_settings)

    values, rest, _ = command.make_parser(context).parse_args(words)
    assert rest == []
    missing = [
        param.name
        for param in command.params
        if param.required and (values.get(param.name) is None or "Sentinel" in repr(values[param.name]))
    ]
    assert missing == []


def test_what_an_alert_says_to_type_is_there():
    """C8: the same for the first command, which stands in the alert itself."""
    named = {name for alert in ALERTS for name in re.findall(r"`tokenward ([a-z-]+)", alert.description)}

    assert named
    assert named <= KNOWN.keys()
