"""Letters through apprise to a real mail server."""

import asyncio
from contextlib import suppress

import pytest

from fakes.mail import mail_server
from tokenward.model.secret import Secret
from tokenward.notify.apprise_channel import AT_ONCE, AppriseChannel
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


@pytest.mark.parametrize(
    ("to", "arrives_at"),
    [
        ("o'neil@corp.example", "o'neil@corp.example"),
        ("Anne-Marie.O'Neil+mdm@corp.example", "Anne-Marie.O'Neil+mdm@corp.example"),
        ("{x}/y%41@corp.example", "{x}/y%41@corp.example"),
        ("kim@bücher.example", "kim@xn--bcher-kva.example"),
    ],
    ids=["an apostrophe", "several signs", "signs of addresses", "letters beyond ASCII in the domain"],
)
async def test_a_letter_reaches_its_reader_and_nobody_of_a_similar_address(server, to, arrives_at):
    """B11.1, B6.1: it holds the link to one person's page, and apprise takes what an apostrophe ends for a name."""
    server.received.clear()
    await AppriseChannel("mail", Secret(server.url().encode())).send(LETTER, to)

    assert server.recipients[-1] == [arrives_at]
    assert [mail["To"] for mail in server.received] == [arrives_at]


@pytest.mark.parametrize("to", ["kim@corp.example, eve@corp.example", "Kim <kim@corp.example>", "kïm@corp.example"])
async def test_what_is_no_single_address_is_sent_to_nobody(server, to):
    """B11.1: a contact is one reader."""
    server.received.clear()
    with pytest.raises(ChannelFailed):
        await AppriseChannel("mail", Secret(server.url().encode())).send(LETTER, to)

    assert server.received == []


async def test_letters_come_from_tokenward(server):
    """B11.1: readers know the daemon, not the library that it sends with."""
    await AppriseChannel("mail", Secret(server.url().encode())).send(LETTER, "kim@corp.example")

    assert server.received[-1]["X-Application"] == "Tokenward"


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


async def test_a_server_that_hangs_is_given_up_and_not_crowded(server):
    """B11.1: bounded time for each letter; a channel that hangs on its letters is not given more of them."""
    channel = AppriseChannel("mail", Secret(server.url().encode()), send_seconds=0.5)
    server.hangs = True
    try:
        sent = [channel.send(LETTER, f"p{number}@corp.example") for number in range(AT_ONCE)]
        told = await asyncio.gather(*sent, return_exceptions=True)
        with pytest.raises(ChannelFailed, match=f"still hangs on {AT_ONCE} letters"):
            await channel.send(LETTER, "one-more@corp.example")
    finally:
        server.hangs = False

    assert {type(one) for one in told} == {ChannelFailed}
    assert {str(one) for one in told} == {"mail did not answer within 0 s"}


async def test_a_channel_that_hangs_leaves_the_others_alone(server):
    """B11.1: however many letters one mail server hangs on, another channel sends at once."""
    server.hangs = True
    hanging = AppriseChannel("mail", Secret(server.url().encode()), send_seconds=0.2)
    await asyncio.gather(
        *(hanging.send(LETTER, f"q{number}@corp.example") for number in range(AT_ONCE)), return_exceptions=True
    )
    server.hangs = False

    await AppriseChannel("other", Secret(server.url().encode()), send_seconds=5).send(LETTER, "ana@corp.example")

    assert server.to("ana@corp.example")


async def test_header_lines_cannot_be_slipped_into_a_letter(server):
    """B11.1: subjects are one line each; were one not, it would make no header of its own."""
    slipped = Letter("Renew\r\nBcc: eve@evil.example", "Hello.\n", "TW-ABCD-0001")
    with suppress(ChannelFailed):
        await AppriseChannel("mail", Secret(server.url().encode())).send(slipped, "kim@corp.example")

    assert not any(mail["Bcc"] for mail in server.received)
