import re

import pytest

from docs.documents import ROOT
from tokenward.model.finding import Code

PAGE = (ROOT / "docs" / "errors.md").read_text()
SECTIONS = dict(re.findall(r"^### (\S+ \S+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_every_number_has_its_heading_and_no_other_has():
    """C3: in the order of the code, with the word that metrics use."""
    assert list(SECTIONS) == [f"{code.number} {code.reason}" for code in Code]


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_number_says_what_it_means_and_what_to_do(heading):
    """C3: whoever looks a number up goes away with something to do."""
    assert re.fullmatch(r"\n\*\*Means\*\* \S.*\n\n\*\*Do\*\* \S.*\n+", SECTIONS[heading], re.DOTALL)


def test_the_list_on_top_names_the_first_and_the_last_of_each_section():
    """C3: nobody scrolls in vain."""
    spans = re.findall(r"\): (TW\d+) to (TW\d+)", PAGE)
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    numbers = [re.findall(r"^### (TW\d+)", part, re.MULTILINE) for part in parts]

    assert spans == [(found[0], found[-1]) for found in numbers]
