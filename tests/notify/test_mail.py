"""Letters through apprise to a real mail server."""

import pytest

from fakes.mail import mail_server
from tokenward.model.secret import Secret
from tokenward.notify.apprise_channel import AppriseChannel
from tokenward.notify.letter import Letter
from tokenward.notify.ports import ChannelFailed

LETTER = Letter(
    "Renew “Main MDM” – 10 minutes", "Hello Kim,\n\nplease & thank you: <b>no markup</b>.\n", "TW-ABCD-1234"
)
PASSWORD = "correct-horse"


@pytest.fixture(scope="module")
def server():
    """Give a mail server."""
    with mail_server() as server:
        yield server


async def test_a_letter_arrives_as_it_was_written(server):
    """B11.1: plain text, to the reader's own address, with a header by which it can be told again."""
    await AppriseChannel("mail", Secret(server.url().encode())).send(LETTER, "kim+tokens@corp.example")

    mail = server.received[-1]
    assert mail["To"] == "kim+tokens@corp.example"
    assert mail["Subject"] == LETTER.subject
    assert mail["X-Tokenward-Reference"] == LETTER.reference
    assert server.texts("kim+tokens@corp.example")[-1].strip() == f"{LETTER.subject}\n{LETTER.body}".strip()


async def test_what_a_server_refuses_has_failed(server):
    """B11.1: the next channel has its turn."""
    server.refuses = True
    with pytest.raises(ChannelFailed, match="mail did not take it"):
        await AppriseChannel("mail", Secret(server.url().encode())).send(LETTER, "kim@corp.example")
    server.refuses = False


@pytest.mark.parametrize(
    "url",
    [
        f"mailto://kim:{PASSWORD}@127.0.0.1:1?mode=insecure&to={{to}}",
        f"nothing-known://{PASSWORD}@x/{{to}}",
        "mailto://",
    ],
    ids=["nobody listens", "unknown", "incomplete"],
)
async def test_an_address_that_leads_nowhere_fails_without_being_repeated(url, caplog):
    """Promise 4: it is a secret; apprise's own words are kept out of what is said."""
    caplog.set_level("DEBUG")
    with pytest.raises(ChannelFailed) as failed:
        await AppriseChannel("mail", Secret(url.encode())).send(LETTER, "kim@corp.example")

    assert PASSWORD not in str(failed.value) + caplog.text
    assert "127.0.0.1" not in str(failed.value)
