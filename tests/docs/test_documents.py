import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Callable

import pytest
import yaml

from docs.documents import DOCUMENTS, ROOT, anchors, blocks, links, tracked
from tokenward.app.settings_load import load
from tokenward.cli.main import COMMANDS

NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]
SAMPLES = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, block in enumerate(blocks(document))
]
# Written so that they do not find themselves.
FOREIGN_WORDS = re.compile(
    r"/[w]ork/|/[r]oot/|\.\./[s]hared|\bissue [#]|pypi[.]org|python[h]osted"
    r"|\b(?:design|behaviour|requirements|style)[.]md\b",
    re.IGNORECASE,
)


def _parse_shell(text):
    subprocess.run(["sh", "-n"], input=text, text=True, check=True, capture_output=True, timeout=10)


PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "python": ast.parse,
    "sh": _parse_shell,
    "text": str,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}


@pytest.mark.parametrize("block", SAMPLES)
def test_every_sample_in_the_documents_parses(block):
    """C3: what people copy is right, at least in its form."""
    PARSERS[block.language](block.text)


def test_every_whole_configuration_in_the_documents_is_right(tmp_path):
    """C3: a sample that begins with the daemon's table is used as it stands."""
    samples = [one for document in DOCUMENTS for one in blocks(document) if one.text.startswith("[daemon]")]
    path = tmp_path / "tokenward.toml"
    for sample in samples:
        path.write_text(sample.text)
        assert load(path).problems == ()
    assert samples


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_link_inside_the_documents_leads_somewhere(document):
    """C3: a page that moves takes the links to it with it."""
    for link in links(document):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_command_in_the_documents_exists(document):
    """C3: nobody is sent to a command that is not there."""
    named = set(re.findall(r"(?:^|`|\| )tokenward ([a-z][a-z-]+)", document.read_text(), re.MULTILINE))

    assert named <= COMMANDS.keys()


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_word_of_make_in_the_documents_exists(document):
    """C3: the same for the targets of the Makefile."""
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]+)", document.read_text(), re.MULTILINE))

    assert named <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_no_file_speaks_of_places_that_only_its_writer_knows():
    """C3: no path of one machine, no registry, no page outside the project."""
    found = []
    for path in tracked():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}:{n}" for n, line in enumerate(lines, 1) if FOREIGN_WORDS.search(line)]

    assert found == []
