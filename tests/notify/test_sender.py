import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from fakes.views import StillClock
from notify.scene import LABS, LINKS, MAIL, ROSTER, FakeChannel, Outbox, asked, facts_of, message, situation
from policy.situations import DAY, NOW, a_token
from tokenward.model.person import Contact, PersonState
from tokenward.model.quiet import QuietHours
from tokenward.model.token import TokenState
from tokenward.notify.letter import Letter
from tokenward.notify.log_channel import LogChannel
from tokenward.notify.ports import Channel
from tokenward.notify.sender import GATHERED_FOR, Outlets, Sender
from tokenward.notify.texts import texts
from tokenward.policy.templates import Template

NIGHT = QuietHours(start=(NOW - timedelta(hours=1)).time(), end=(NOW + timedelta(hours=2)).time(), weekends=False)


class Scene:
    """A sender with two channels, and kim, who is reached by both."""

    def __init__(self, *services, states=(), quiet=None, contacts=MAIL, operators=(), on_call=()):
        people = {one: _with(person, contact=contacts if one == "kim" else ()) for one, person in ROSTER.people.items()}
        self.roster = type(ROSTER)(
            ROSTER.organisations, people, ROSTER.services, operators, on_call, quiet or ROSTER.quiet
        )
        self.now = situation(*services, states=states, roster=self.roster)
        self.outbox, self.mail, self.chat = Outbox(), FakeChannel(), FakeChannel()
        self.channels: dict[str, Channel] = {"mail": self.mail, "chat": self.chat, "log": LogChannel()}
        self.sender = Sender(self.outbox, self, lambda: Outlets(self.channels, self.roster), texts(), StillClock(NOW))

    async def situation(self):
        """Return how things stand."""
        return self.now

    async def links(self):
        """Return the addresses of the pages."""
        return LINKS

    async def send(self, *messages, **words):
        """Have *messages* wait, and send what may be sent."""
        self.outbox.add(*messages, **words)
        await self.sender.send_pending()
        await self.sender.finish()


def _with(person, **words):
    return type(person)(**{**{name: getattr(person, name) for name in person.__slots__}, **words})


async def test_a_letter_goes_by_the_first_channel_and_is_done_with():
    """B11.1: and stays on record as sent."""
    scene = Scene(asked())
    await scene.send(message(Template.ASKED))

    ((to, letter),) = scene.mail.sent
    assert to == "kim@corp.example"
    assert "Main MDM" in letter.subject
    assert scene.outbox.settled == [("token.asked", ("mail sent",))]
    assert scene.chat.sent == []


async def test_the_next_channel_is_tried_at_once_when_one_fails():
    """B11.1: in the same attempt."""
    scene = Scene(asked())
    scene.mail.refuses = "mail did not take it"
    await scene.send(message(Template.ASKED))

    assert [to for to, _ in scene.chat.sent] == ["@kim"]
    assert scene.outbox.settled == [("token.asked", ("mail failed", "chat sent"))]


async def test_what_no_channel_takes_is_tried_again_later():
    """B11.1: retried with backoff, with the reason on record."""
    scene = Scene(asked())
    scene.mail.refuses, scene.chat.refuses = "mail is away", "chat is away"
    await scene.send(message(Template.ASKED))

    ((template, after, why),) = scene.outbox.delayed
    assert (template, why) == ("token.asked", "chat is away")
    assert timedelta(seconds=3) < after < timedelta(seconds=6)


async def test_two_services_are_one_letter():
    """B11.1: one per person; both rows are done with."""
    scene = Scene(asked(), asked(LABS))
    await scene.send(message(Template.ASKED), message(Template.ASKED, service="labs"))

    assert len(scene.mail.sent) == 1
    assert len(scene.outbox.settled) == 2


async def test_messages_are_gathered_for_a_moment():
    """B11.1: so that one event makes one letter."""
    scene = Scene(asked())
    await scene.send(message(Template.ASKED), added_at=NOW - GATHERED_FOR + timedelta(seconds=1))

    assert (scene.mail.sent, scene.outbox.settled, scene.outbox.delayed) == ([], [], [])
    assert len(scene.outbox.waiting) == 1


async def test_an_alarm_is_not_gathered_and_knows_no_night():
    """B11.1: quiet hours hold all but on-call and the dead token."""
    dead = facts_of(rotation=asked().rotation, token=a_token(state=TokenState.REJECTED))
    scene = Scene(dead, quiet=NIGHT, on_call=(Contact("chat", "pager"),))
    await scene.send(message(Template.ALARM, "on-call", why="dead"), message(Template.ASKED), added_at=NOW)

    assert [to for to, _ in scene.chat.sent] == ["pager"]
    assert [to for to, _ in scene.mail.sent] == ["kim@corp.example"]


async def test_the_night_holds_everything_else():
    """B11.1: until it is over; that is no failure."""
    scene = Scene(asked(), quiet=NIGHT, operators=(Contact("mail", "team@corp.example"),))
    await scene.send(message(Template.ASKED), message(Template.LATE, "operators", person="kim", level="moved"))

    assert scene.mail.sent == []
    assert [(after, why) for _, after, why in scene.outbox.delayed] == [(timedelta(hours=2), None)] * 2


@pytest.mark.parametrize(
    ("services", "states"),
    [((facts_of(),), ()), ((asked(),), (PersonState("kim", departs_at=NOW + DAY),))],
    ids=["cancelled", "leaving"],
)
async def test_what_is_not_so_any_more_is_put_away_unsaid(services, states):
    """B7.2: nothing is sent to whoever leaves, whatever was queued before."""
    scene = Scene(*services, states=states)
    await scene.send(message(Template.ASKED))

    assert (scene.mail.sent, scene.chat.sent) == ([], [])
    assert scene.outbox.settled == [("token.asked", ("none suppressed",))]


async def test_whoever_has_no_contact_is_spoken_of_in_the_log():
    """B11.1: nothing is lost silently; the letter itself, with its link, is not in the log."""
    scene = Scene(asked(actor="ana"))
    with capture_logs() as said:
        await scene.send(message(Template.ASKED, "person:ana"))

    (line,) = [one for one in said if one["event"] == "message.logged"]
    assert line["to"] == "person:ana"
    assert "handover" not in repr(said)


async def test_a_channel_that_hangs_holds_up_nobody_else():
    """B11.1: each letter is on its own, and what is in hand is not taken up again."""
    scene = Scene(asked(), operators=(Contact("chat", "team"),))
    hold = asyncio.Event()

    async def hang(letter: Letter, to: str) -> None:
        await hold.wait()
        scene.mail.sent.append((to, letter))

    scene.mail.send = hang
    scene.outbox.add(message(Template.ASKED), message(Template.NO_DEPUTY, "operators", person="kim"))
    await scene.sender.send_pending()
    await scene.sender.send_pending()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [to for to, _ in scene.chat.sent] == ["team"]

    hold.set()
    await scene.sender.finish()
    assert len(scene.mail.sent) == 1


async def test_a_fault_keeps_one_letter_back_and_nothing_else():
    """Promise 5: it never stops the daemon; the letter is tried again."""
    scene = Scene(asked(), operators=(Contact("chat", "team"),))

    async def break_down(letter: Letter, to: str) -> None:
        raise RuntimeError("a plugin's own")

    scene.mail.send = break_down
    await scene.send(message(Template.ASKED), message(Template.NO_DEPUTY, "operators", person="kim"))

    assert [to for to, _ in scene.chat.sent] == ["team"]
    assert [why for _, _, why in scene.outbox.delayed] == ["a fault of Tokenward's own"]
