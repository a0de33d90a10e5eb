"""A real mail server on the loopback, which keeps what it is given, refuses it, or hangs.

with mail_server() as server:
... f"mailto://{server.address}?from=tokenward@corp.example&to={{to}}" ...
server.to("kim@corp.example")
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Thread

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Mailbox:
    """What came in, and how the server behaves."""

    refuses: bool = False
    hangs: bool = False
    address: str = ""
    begun: int = 0
    """How many mails it has begun to take."""
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    """To whom each mail was given, whatever its header says."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Take one mail, as the test wants it."""
        self.begun += 1
        if self.hangs:
            await asyncio.sleep(60)
        if self.refuses:
            return "554 not today"
        self.recipients.append(list(envelope.rcpt_tos))
        self.received.append(message_from_bytes(envelope.content or b"", _class=EmailMessage, policy=policy.default))  # type: ignore[arg-type]
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to *address*, in order."""
        return [one for one in self.received if address in str(one["To"])]

    def texts(self, address: str) -> list[str]:
        """Return subject and body of each mail to *address*."""
        return [f"{one['Subject']}\n{_body(one)}" for one in self.to(address)]

    def url(self, *more: str) -> str:
        """Return the address of a channel that sends mail here."""
        return "&".join((f"mailto://{self.address}?mode=insecure&from=tokenward@corp.example&to={{to}}", *more))


def _body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run a mail server in a thread while the block lasts."""
    mailbox, loop = Mailbox(), asyncio.new_event_loop()
    made = loop.create_server(lambda: SMTP(mailbox, hostname="localhost", loop=loop), "127.0.0.1", 0)
    server = loop.run_until_complete(made)
    mailbox.address = "{}:{}".format(*server.sockets[0].getsockname())
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield mailbox
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    """Close *server* and whatever hangs on it."""
    server.close()
    mine = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in mine:
        task.cancel()
    await asyncio.gather(*mine, return_exceptions=True)
