import os
import re

import pytest

from docs.documents import ROOT
from docs.formats import (
    CIPHERS,
    FORMS,
    TRANSPORTS,
    Workshop,
    envelope,
    table_of_certificates,
    table_of_envelopes,
)
from tokenward.crypto import parse_envelope
from tokenward.crypto.cms import parse_layers

PAGE = ROOT / "docs" / "formats.md"
TABLES = {"envelopes": table_of_envelopes, "certificates": table_of_certificates}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    """Return a workshop with keys of its own."""
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.mark.parametrize("name", TABLES)
def test_the_page_says_what_becomes_of_every_form(workshop, name):
    """A3, A5: tried anew on fresh files; TOKENWARD_RENEW_GOLDEN=1 writes what was found into the page."""
    found = f"<!-- begin {name} -->\n{TABLES[name](workshop)}\n<!-- end {name} -->"
    page = PAGE.read_text()
    written = re.compile(rf"<!-- begin {name} -->.*<!-- end {name} -->", re.DOTALL)
    if os.environ.get("TOKENWARD_RENEW_GOLDEN"):
        page = written.sub(lambda _: found, page)
        PAGE.write_text(page)

    assert written.findall(page) == [found]


def test_everything_that_can_be_read_at_all_opens_the_right_token():
    """A3: what is refused is refused for its cipher alone, and nothing opens to another token."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    results = {(cipher, key): cells.split(" | ") for cipher, key, cells in rows if cipher in CIPHERS}

    assert len(results) == len(CIPHERS) * len(TRANSPORTS)
    for (cipher, _), cells in results.items():
        expected = "TW204" if cipher.startswith(("Camellia", "ARIA")) else "opened"
        assert cells == [expected] * len(FORMS)


def test_the_form_in_pieces_has_pieces(workshop):
    """A3: a content in one piece would show nothing."""
    raw = envelope(workshop, "-aes-128-cbc", (), FORMS["BER in pieces"])
    cms = parse_envelope(raw).cms

    assert parse_layers(cms).ciphertext not in cms
