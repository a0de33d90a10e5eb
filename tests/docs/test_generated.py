import pytest

from docs import generated
from docs.documents import ROOT


@pytest.mark.parametrize("name", generated.PARTS)
def test_what_follows_from_the_code_is_up_to_date_in_the_documents(name):
    """C3: `make docs` would change nothing."""
    document, make = generated.PARTS[name]
    text = (ROOT / document).read_text()

    assert generated.renewed(text, name, make()) == text


@pytest.mark.parametrize("table", generated.tables(), ids=lambda table: table.name)
def test_every_key_of_the_configuration_has_one_meaning(table):
    """C3: said in the code or in the page's own words, never in both, and for no key that is not there."""
    in_code = set(generated.docstrings(table.section))
    in_words = set(generated.meanings().get(table.name, {}))
    keys = {field.alias or name for name, field in table.fields().items()}

    assert keys - in_code == in_words


def test_a_part_without_its_marks_is_not_written_anywhere():
    """C3: a document that lost its marks is an error, not a document without its list."""
    with pytest.raises(LookupError):
        generated.renewed("# A page\n", "keys", "…")
