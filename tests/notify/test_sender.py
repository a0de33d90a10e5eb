import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from fakes.mail import Mailbox, mail_server
from fakes.running import eventually
from notify.scene import ANAS, LABS, LINKS, MAIL, ROSTER, FakeChannel, Outbox, asked, facts_of, message, situation
from policy.situations import DAY, NOW, a_token
from tokenward.model.person import LOG, Contact, PersonState
from tokenward.model.quiet import QuietHours
from tokenward.model.secret import Secret
from tokenward.model.token import TokenState
from tokenward.notify.apprise_channel import AppriseChannel
from tokenward.notify.letter import Letter
from tokenward.notify.log_channel import LogChannel
from tokenward.notify.ports import Channel, ChannelFailed
from tokenward.notify.sender import SIDE_BY_SIDE, Outlets, Sender
from tokenward.notify.texts import texts
from tokenward.policy.templates import Template
from tokenward.rotation.record import Message

TEAM, PAGER = (Contact("mail", "team@corp.example"),), (Contact("chat", "pager"),)
DEAD = replace(asked(), token=a_token(state=TokenState.REJECTED))
NOBODY_ELSE = message(Template.NOBODY_ELSE, "operators", service="labs", person="kim")


class Hanging(FakeChannel):
    """A channel that takes its time with everything."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go, self.begun = asyncio.Event(), 0

    async def send(self, letter: Letter, to: str) -> None:
        """Wait to be let go."""
        self.begun += 1
        await self.let_go.wait()
        await super().send(letter, to)


@dataclass
class Watch:
    """A clock that is set by hand."""

    moment: datetime = NOW

    def now(self) -> datetime:
        """Return what it shows."""
        return self.moment


class Scene:
    """A sender with two channels, and kim, who is reached by both."""

    def __init__(self, *services, states=(), quiet=None, contacts=MAIL, operators=(), on_call=()):
        people = {
            one: replace(person, contact=contacts if one == "kim" else ()) for one, person in ROSTER.people.items()
        }
        self.roster = replace(ROSTER, people=people, operators=operators, on_call=on_call, quiet=quiet or ROSTER.quiet)
        self.clock = Watch()
        self.stands(*services, states=states)
        self.outbox, self.mail, self.chat = Outbox(), FakeChannel(), FakeChannel()
        self.channels: dict[str, Channel] = {"mail": self.mail, "chat": self.chat, LOG: LogChannel()}
        self.sender = Sender(self.outbox, self, lambda: Outlets(self.channels, self.roster), texts(), self.clock)

    def stands(self, *services, states=()):
        """Have things stand like that from now on."""
        self.now = situation(*services, states=states, roster=self.roster, now=self.clock.now())

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

    async def begin(self, *messages):
        """Have *messages* wait, and begin to send what may be sent."""
        self.outbox.add(*messages)
        await self.sender.send_pending()
        for _ in range(20):
            await asyncio.sleep(0)


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


async def test_a_channel_that_breaks_down_is_one_that_failed():
    """B11.1, promise 5: a plugin's own fault is no reason to be silent."""
    scene = Scene(asked())

    async def break_down(letter: Letter, to: str) -> None:
        raise RuntimeError("a plugin's own")

    scene.mail.send = break_down
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


async def test_what_is_urgent_is_tried_again_sooner():
    """B11.1: a dead token has no ten minutes."""
    scene = Scene(DEAD, on_call=PAGER)
    scene.chat.refuses = "away"
    await scene.send(message(Template.ALARM, "on-call", why="dead"))

    ((_, after, _),) = scene.outbox.delayed
    assert after <= timedelta(seconds=2)


async def test_two_services_are_one_letter():
    """B11.1: one per person; both rows are done with."""
    scene = Scene(asked(), asked(LABS))
    await scene.send(message(Template.ASKED), message(Template.ASKED, service="labs"))

    assert len(scene.mail.sent) == 1
    assert len(scene.outbox.settled) == 2


async def test_what_waits_for_the_morning_is_put_off_and_has_not_failed():
    """B11.1: quiet hours."""
    night = QuietHours(start=NOW.time(), end=(NOW + timedelta(hours=2)).time(), weekends=False)
    scene = Scene(asked(), quiet=night)
    await scene.send(message(Template.ASKED))

    assert scene.mail.sent == []
    assert [(template, why) for template, _, why in scene.outbox.delayed] == [("token.asked", None)]


async def test_what_is_not_so_any_more_is_put_away_unsaid():
    """B7.2, B11.2: nothing is sent to whoever leaves, whatever was queued before; a block may come again."""
    blocked = message(Template.ROTATION_BLOCKED, "operators", reason="target_unreachable")
    scene = Scene(asked(), states=(PersonState("kim", departs_at=NOW + DAY),), operators=TEAM)
    await scene.send(message(Template.ASKED), blocked)

    assert (scene.mail.sent, scene.chat.sent) == ([], [])
    assert scene.outbox.settled == [("token.asked", ("none suppressed",))]
    assert scene.outbox.withdrawn == ["rotation.blocked"]


async def test_whoever_leaves_while_a_channel_takes_its_time_is_not_tried_by_the_next():
    """B7.2: looked at anew for every attempt, not only when a letter is begun."""
    scene = Scene(facts_of())
    hanging = scene.channels["mail"] = Hanging()
    hanging.refuses = "gave up"
    await scene.begin(message(Template.ROTATION_DONE))
    scene.clock.moment = NOW + timedelta(seconds=30)
    scene.stands(facts_of(), states=(PersonState("kim", departs_at=NOW + DAY),))
    hanging.let_go.set()
    await scene.sender.finish()

    assert hanging.begun == 1
    assert scene.chat.sent == []


async def test_whoever_has_no_contact_is_spoken_of_in_the_log():
    """B11.1: nothing is lost silently; the letter itself, with its link, is not in the log."""
    scene = Scene(asked(actor="ana"))
    with capture_logs() as said:
        await scene.send(message(Template.ASKED, "person:ana"))

    (line,) = [one for one in said if one["event"] == "message.logged"]
    assert line["to"] == "person:ana"
    assert "handover" not in repr(said)


async def test_on_call_falls_back_on_the_operators_before_the_log():
    """B11.1: an alarm is said to somebody wherever somebody is configured."""
    scene = Scene(DEAD, operators=TEAM)
    await scene.send(message(Template.ALARM, "on-call", why="dead"))

    assert [to for to, _ in scene.mail.sent] == ["team@corp.example"]


async def test_a_channel_that_hangs_holds_up_nobody_else():
    """B11.1: each letter is on its own, and what is in hand is not taken up again."""
    scene = Scene(asked(), operators=(Contact("chat", "team"),))
    hanging = scene.channels["mail"] = Hanging()
    await scene.begin(message(Template.ASKED), message(Template.PORTAL_DIFFERS, "operators", difference="a name"))
    await scene.begin()
    assert [to for to, _ in scene.chat.sent] == ["team"]

    hanging.let_go.set()
    await scene.sender.finish()
    assert hanging.begun == len(hanging.sent) == 1


async def test_an_alarm_waits_for_no_queue_of_its_own_channel():
    """B11.1: on-call is told at once, also by a channel that hangs on everybody else's letters."""
    people = {f"p{number}": replace(ROSTER.people["kim"], id=f"p{number}", contact=MAIL) for number in range(20)}
    scene = Scene(DEAD, on_call=(Contact("mail", "pager"),))
    scene.roster = replace(scene.roster, people={**scene.roster.people, **people})
    scene.stands(DEAD)
    hanging = scene.channels["mail"] = Hanging()
    told = [message(Template.ROTATION_DONE, f"person:{one}") for one in people]
    await scene.begin(*told)
    begun = hanging.begun

    await scene.begin(message(Template.ALARM, "on-call", why="dead"))

    assert begun < len(people)
    assert hanging.begun == begun + 1
    hanging.let_go.set()
    await scene.sender.finish()


@pytest.fixture
def busy() -> Iterator[Mailbox]:
    """Give a mail server that takes its time with everything."""
    with mail_server() as server:
        server.hangs = True
        yield server


async def test_an_alarm_is_tried_by_a_mail_server_that_is_busy_with_everybody_else(busy):
    """B11.1: a channel that is slow has not failed, and its real limit leaves room for what is urgent."""
    people = {f"p{number}": replace(ROSTER.people["kim"], id=f"p{number}", contact=MAIL) for number in range(20)}
    scene = Scene(DEAD, on_call=(Contact("mail", "pager@corp.example"),))
    scene.roster = replace(scene.roster, people={**scene.roster.people, **people})
    scene.stands(DEAD)
    scene.channels["mail"] = AppriseChannel("mail", Secret(busy.url()), send_seconds=60)
    await scene.begin(*(message(Template.ROTATION_DONE, f"person:{one}") for one in people))
    await asyncio.to_thread(eventually, lambda: busy.begun == SIDE_BY_SIDE)

    await scene.begin(message(Template.ALARM, "on-call", why="dead"))

    await asyncio.to_thread(eventually, lambda: busy.begun == SIDE_BY_SIDE + 1)


async def test_rows_in_hand_take_no_place_from_those_that_wait():
    """Promise 5: however many letters a channel hangs on, the next ones are seen."""
    scene = Scene(asked())
    scene.channels["mail"] = hanging = Hanging()
    await scene.begin(message(Template.ASKED))
    await scene.begin()

    first, second = scene.outbox.asked_for
    assert second == first + 1
    hanging.let_go.set()
    await scene.sender.finish()


async def test_a_store_that_takes_nothing_makes_nobody_hear_it_twice():
    """B11.2: a letter that was handed over is not sent again and again while the disk is full; it is recorded later."""
    scene = Scene(asked())
    scene.outbox.is_full = True
    await scene.send(message(Template.ASKED))
    await scene.send()
    await scene.send()
    assert (len(scene.mail.sent), scene.outbox.settled) == (1, [])

    scene.outbox.is_full = False
    await scene.send()
    assert (len(scene.mail.sent), scene.outbox.settled) == (1, [("token.asked", ("mail sent",))])


async def test_a_store_that_takes_nothing_keeps_no_alarm_back():
    """B11.1: on-call hears of a dead token also while nothing can be written down."""
    scene = Scene(DEAD, on_call=PAGER)
    scene.outbox.is_full = True
    await scene.send(NOBODY_ELSE, message(Template.ALARM, "on-call", why="dead"))

    assert [to for to, _ in scene.chat.sent] == ["pager"]


async def test_a_row_that_nobody_understands_is_left_for_later_and_holds_up_no_other():
    """Promise 5: one from another version of Tokenward."""
    scene = Scene(asked())
    await scene.send(Message("person:kim", "token.sung", "x", "main", {}), message(Template.ASKED))

    assert len(scene.mail.sent) == 1
    assert [(template, why) for template, _, why in scene.outbox.delayed] == [
        ("token.sung", "a fault of Tokenward's own")
    ]


async def test_a_row_that_cannot_be_written_holds_up_no_other():
    """Promise 5: a word is missing, or an instant is none; its own reader is told the rest all the same."""
    scene = Scene(asked(), asked(ANAS, actor="ana"))
    broken = message(Template.DEPUTY_TOLD, service="labs", person="ana", moves_at="soon")
    await scene.send(broken, message(Template.ASKED))

    assert [to for to, _ in scene.mail.sent] == ["kim@corp.example"]
    assert [(template, why) for template, _, why in scene.outbox.delayed] == [
        ("deputy.told", "a fault of Tokenward's own")
    ]


async def test_a_new_configuration_is_in_force_for_what_is_sent_next():
    """C4: a channel that is gone is not used any more, and its rows find another way."""
    scene = Scene(facts_of(), operators=TEAM)
    del scene.channels["mail"]
    with capture_logs() as said:
        await scene.send(message(Template.PORTAL_DIFFERS, "operators", difference="a name"))

    assert [one["to"] for one in said if one["event"] == "message.logged"] == ["operators"]


async def test_why_a_channel_failed_is_logged_without_the_letter():
    """Promise 4: neither the link nor the text."""
    scene = Scene(asked(), contacts=MAIL[:1])
    scene.mail.refuses = "mail did not take it"
    with capture_logs() as said:
        await scene.send(message(Template.ASKED))

    (line,) = [one for one in said if one["event"] == "message.not_taken"]
    assert (line["channel"], line["why"]) == ("mail", "mail did not take it")
    assert "handover" not in repr(said)
    assert "kim@corp.example" not in repr(said)


def test_the_failure_of_a_channel_is_no_other_error():
    """B11.1: so that the next one has its turn for that alone."""
    assert issubclass(ChannelFailed, Exception)
