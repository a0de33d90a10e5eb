import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from notify.scene import LINKS, ROSTER, FakeChannel, asked, facts_of, situation
from policy.situations import NOW, a_token
from tokenward.model.person import Contact
from tokenward.model.quiet import QuietHours
from tokenward.model.token import TokenState
from tokenward.notify.preview import Preview
from tokenward.notify.sender import Outlets
from tokenward.notify.texts import texts
from tokenward.policy.templates import Template


class Scene:
    """What the preview is made of."""

    def __init__(self, *services, quiet=None):
        people = {**ROSTER.people}
        kim = people["kim"]
        words = {name: getattr(kim, name) for name in kim.__slots__}
        people["kim"] = type(kim)(**{**words, "contact": (Contact("mail", "kim@corp.example"),)})
        self.roster = type(ROSTER)(ROSTER.organisations, people, ROSTER.services, quiet=quiet or ROSTER.quiet)
        self.now = situation(*services, roster=self.roster)

    async def situation(self):
        """Return how things stand."""
        return self.now

    async def links(self):
        """Return the addresses of the pages."""
        return LINKS

    def ask(self, **asked):
        """Return what the control socket answers."""
        preview = Preview(self, lambda: Outlets({"mail": FakeChannel(), "log": FakeChannel()}, self.roster), texts())
        with TestClient(Starlette(routes=preview.routes())) as client:
            return client.get("/v1/preview", params=asked)


def test_what_is_shown_is_what_would_be_sent():
    """B11.1: subject, body, channels; the key of the link only where it is asked for."""
    shown = Scene(asked()).ask(kind="token.asked", to="kim").json()

    assert shown["subject"].startswith("[Action by 30 Nov]")
    assert shown["channels"] == [{"channel": "mail", "to": "kim@corp.example"}]
    assert (shown["is_example"], shown["held_until"]) == (False, None)
    assert "/handover/…" in shown["body"]
    assert LINKS["kim"] in Scene(asked()).ask(kind="token.asked", to="kim", reveal="yes").json()["body"]


def test_an_example_is_made_up_where_nothing_calls_for_the_message():
    """B11.1: and is said to be one."""
    shown = Scene(facts_of()).ask(kind="token.asked", to="ana").json()

    assert shown["is_example"]
    assert "Main MDM" in shown["body"]


def test_quiet_hours_are_told_unless_it_is_an_alarm():
    """B11.1: whether it would be held."""
    all_day = QuietHours(start=NOW.time(), end=NOW.replace(hour=23).time(), weekends=False)
    dead = facts_of(rotation=asked().rotation, token=a_token(state=TokenState.REJECTED))

    assert (
        Scene(asked(), quiet=all_day).ask(kind="token.asked", to="kim").json()["held_until"] == "2026-11-24T23:30:00Z"
    )
    assert Scene(dead, quiet=all_day).ask(kind="token.asked", to="kim").json()["held_until"] is None


@pytest.mark.parametrize("kind", Template)
@pytest.mark.parametrize("to", ["kim", "operators"])
def test_every_kind_can_be_looked_at(kind, to):
    """B11.1: each text, for a person and for those who run it; or it is said that there is nothing to say."""
    answer = Scene(asked()).ask(kind=kind.value, to=to, service="main")

    assert answer.status_code in {200, 400}
    assert "{" not in answer.json().get("body", "")
    assert answer.status_code == 200 or "nothing to say" in answer.json()["happened"]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [({"kind": "token.askt"}, "token.asked"), ({"to": "kin"}, "kim"), ({"service": "maim"}, "main")],
    ids=["kind", "reader", "service"],
)
def test_what_is_misspelt_is_told_what_was_meant(wrong, right):
    """The remedy stands beside the fault."""
    answer = Scene(asked()).ask(**{"kind": "token.asked", "to": "kim", **wrong})

    assert answer.status_code == 400
    assert right in answer.json()["do"]
