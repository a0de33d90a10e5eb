"""Trying again what failed, at once: all that a rotation waits for, or one target alone."""

from dataclasses import replace

import pytest

from fakes.target import FakeTarget
from fakes.world import MINUTE, SECOND, Stage, a_service
from tokenward.model.event import EventKind
from tokenward.model.rotation import Installation, Rotation, State
from tokenward.policy.decision import Resume
from tokenward.rotation.apply import _resumed


def of(rotation: Rotation, target: str) -> Installation:
    """Return how far one target has come."""
    return next(one for one in rotation.installations if one.target == target)


class Failing:
    """A rotation whose token is here, while both of its targets have been away for ten minutes."""

    def __init__(self, path, *, second_is_required: bool) -> None:
        self.first, self.second = FakeTarget("first"), FakeTarget("second", required=second_is_required)
        self.stage = Stage(path, self.first, self.second, service=a_service(issuer="simulator"))
        self.stage.issuer.targets = [self.first, self.second]

    async def begin(self) -> None:
        """Let it come as far as that."""
        self.stage.route.at_waypoint = self._go_away
        await self.stage.ask(EventKind.ROTATE)
        await self.stage.work()
        self.stage.route.at_waypoint = None
        until = self.stage.clock.now() + 10 * MINUTE
        while (wake_at := (await self.stage.opened()).wake_at) <= until:
            self.stage.clock.at = max(wake_at, self.stage.clock.at)
            await self.stage.work()

    def _go_away(self, name: str) -> None:
        if name == "token.issued":
            self.first.unreachable = self.second.unreachable = True

    async def retry(self, **data: str) -> Rotation:
        """Ask to try again, and return what became of it without any time passing."""
        await self.stage.ask(EventKind.RETRY, **data)
        await self.stage.work()
        return await self.stage.latest()


@pytest.fixture
async def failing(tmp_path):
    """Two required targets that are away."""
    scene = Failing(tmp_path, second_is_required=True)
    await scene.begin()
    yield scene
    await scene.stage.ledger.close()


@pytest.fixture
async def with_copy(tmp_path):
    """A target that is away, and a copy that is away too."""
    scene = Failing(tmp_path, second_is_required=False)
    await scene.begin()
    yield scene
    await scene.stage.ledger.close()


async def test_only_the_target_that_is_named_is_tried_again(failing):
    """B8.3: at once; the other one keeps its pace."""
    before = await failing.stage.opened()
    failing.first.unreachable = failing.second.unreachable = False

    after = await failing.retry(target="second")

    assert len(failing.second.uploads) == 1
    assert failing.first.uploads == []
    assert of(after, "first") == of(before, "first")


async def test_its_backoff_is_forgotten(failing):
    """B8.3: after ten minutes of failing the next pause is the first one again."""
    now = failing.stage.clock.now()
    assert of(await failing.stage.opened(), "first").attempts > 5

    again = of(await failing.retry(target="first"), "first")

    assert again.attempts == 1
    assert again.next_attempt_at is not None
    assert again.next_attempt_at - now <= 10 * SECOND


async def test_without_a_name_every_target_is_tried_again(failing):
    """B8.3: each on its own."""
    failing.first.unreachable = failing.second.unreachable = False

    await failing.retry()

    assert len(failing.first.uploads) == len(failing.second.uploads) == 1


async def test_a_copy_that_was_given_up_is_tried_again_while_the_proof_is_waited_for(with_copy):
    """B8.3: once; the rotation waits for its proof as before, and nothing is handed to the first target again."""
    stage, first, copy = with_copy.stage, with_copy.first, with_copy.second
    first.unreachable, first.rung_limit = False, 1
    assert (await with_copy.retry(target="first")).state is not State.DONE
    waiting = await stage.until(State.INSTALLED)
    assert of(waiting, "second").installed_at is None

    await with_copy.retry(target="second")
    stage.clock.advance(10 * SECOND)
    await stage.work()
    missed = await stage.opened()
    assert (missed.state, of(missed, "second").installed_at) == (State.INSTALLED, None)

    copy.unreachable = False
    await with_copy.retry(target="second")
    stage.clock.advance(10 * SECOND)
    await stage.work()

    assert of(await stage.opened(), "second").installed_at is not None
    assert (await stage.opened()).state is State.INSTALLED
    assert len(first.uploads) == 1


async def test_a_target_that_shows_the_token_is_left_alone(with_copy):
    """Promise 2: its proof is asked for again, and nothing is handed over."""
    stage, first = with_copy.stage, with_copy.first
    first.unreachable, first.rung_limit = False, 1
    await with_copy.retry()
    waiting = await stage.until(State.INSTALLED)

    after = await with_copy.retry(target="first")

    assert (after.state, after.entered_at) == (State.INSTALLED, waiting.entered_at)
    assert len(first.uploads) == 1


async def test_what_is_done_by_hand_is_not_tried_again(with_copy):
    """B8.4: nobody but a person can; what they said stays said, and the rotation does not go back."""
    stage, first = with_copy.stage, with_copy.first
    first.unreachable, first.rung_limit = False, 1
    await with_copy.retry()
    waiting = await stage.until(State.INSTALLED)
    done = replace(of(waiting, "second"), by_hand=True, attempts=1)
    by_hand = replace(waiting, installations=(of(waiting, "first"), done))

    resumed = _resumed(by_hand, Resume("again", "second"), stage.clock.now())

    assert (resumed.state, resumed.installations) == (State.INSTALLED, by_hand.installations)
