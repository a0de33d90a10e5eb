"""Crashes at every durable point, one after the other, and at any moment: of the daemon, and of Apple's side."""

import random
import threading
from contextlib import contextmanager

import pytest

from chaos.story import Story
from crash.scene import Scene, a_scene
from crash.victim import Deadly
from fakes.running import short_folder
from fakes.stand_in import running_stand_in

pytestmark = pytest.mark.chaos

POINTS = 95
"""How many durable points the calm story passes, about: what runs side by side changes order and number a little."""
STAND_IN_LIVES = 4


@pytest.fixture
def story():
    """A new folder with a new Apple."""
    with a_scene() as scene:
        yield Story(scene)


@pytest.fixture
def chance(seed):
    """What can be repeated by its seed."""
    return random.Random(seed)  # noqa: S311 - nothing secret comes of it


@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_killed_once_at_any_durable_point(story, point):
    """B2, B3.1, B4.7: whatever was under way goes on, and nothing is done twice."""
    story.play(Deadly(after=point))

    story.assert_ended_well()
    story.assert_nothing_was_done_twice()


@pytest.mark.parametrize("seed", range(12))
def test_killed_again_and_again_at_durable_points(story, chance):
    """B2, B3.1, B4.7: also when the restart itself is cut off."""
    crashes = [Deadly(after=chance.randint(1, 20)) for _ in range(8)]
    print(f"killed at points {[one.after for one in crashes]}")

    story.play(*crashes)

    story.assert_ended_well()
    story.assert_nothing_was_done_twice()


@pytest.mark.parametrize("seed", range(12))
def test_killed_again_and_again_at_any_moment(story, chance):
    """B2: between the durable points too, where nobody can say how far it had come."""
    moments = [chance.uniform(0.05, 1.2) for _ in range(8)]
    print(f"killed after {[round(moment, 3) for moment in moments]} s")

    for moment in moments:
        with story.scene.daemon() as daemon:
            killer = threading.Timer(moment, daemon.process.kill)
            killer.start()
            ended = story.go_on(daemon)
            killer.cancel()
        if ended:
            break
    else:
        story.play()

    story.assert_ended_well()
    assert story.scene.downloads("Main MDM") <= 2 + len(moments)
    assert story.scene.downloads("Labs MDM") <= 2 + len(moments)


@contextmanager
def dying(scene: Scene, moments: list[float]):
    """Kill the stand-in after each of *moments* and start it again, while the block lasts; then leave it alive."""
    over = threading.Event()

    def take_turns() -> None:
        for moment in moments:
            with running_stand_in(scene.folder / "simulator") as scene.stand_in:
                if over.wait(moment):
                    return
                scene.stand_in.kill()
        with running_stand_in(scene.folder / "simulator") as scene.stand_in:
            over.wait()

    turns = threading.Thread(target=take_turns)
    turns.start()
    try:
        yield
    finally:
        over.set()
        turns.join()


@pytest.mark.parametrize("seed", range(6))
def test_apples_side_is_killed_again_and_again(chance):
    """B4.7: what may have happened there is found out, or done again; it never stands still."""
    moments = [chance.uniform(0.1, 1.5) for _ in range(STAND_IN_LIVES)]
    print(f"the stand-in is killed after {[round(moment, 3) for moment in moments]} s")
    with short_folder() as root:
        folder = root / "var"
        with running_stand_in(folder / "simulator") as first:
            story = Story(Scene(folder, first))
        with dying(story.scene, moments):
            story.play()
        with running_stand_in(folder / "simulator") as story.scene.stand_in:
            story.assert_ended_well()
