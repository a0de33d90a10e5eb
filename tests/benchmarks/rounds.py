"""Measuring on a machine that is never quiet: arms take turns, and only ratios within a round are believed."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

Arm = Callable[[], float]
"""One measurement, in any unit."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What several rounds have shown of one arm."""

    value: float
    """Median of the rounds."""
    ratio: float
    """Median of the ratios to the baseline of the same round."""


def in_turns(arms: Mapping[str, Arm], rounds: int) -> dict[str, Measured]:
    """Measure *arms* in turns; the first is the baseline. A round before the first warms up and does not count."""
    seen = [{name: arm() for name, arm in arms.items()} for _ in range(rounds + 1)][1:]
    return summed_up(seen)


def summed_up(rounds: list[dict[str, float]]) -> dict[str, Measured]:
    """Return the medians of *rounds*; the first arm is the baseline."""
    baseline = next(iter(rounds[0]))
    return {
        name: Measured(median(one[name] for one in rounds), median(one[name] / one[baseline] for one in rounds))
        for name in rounds[0]
    }


def each(work: Callable[[Any], object], things: Iterable[Any]) -> Arm:
    """Return an arm that does *work* with each of *things*, and gives the seconds for one."""
    listed = tuple(things)

    def arm() -> float:
        begun_at = time.perf_counter()
        for thing in listed:
            work(thing)
        return (time.perf_counter() - begun_at) / len(listed)

    return arm


def once(work: Callable[[], object]) -> Arm:
    """Return an arm that does *work* once, and gives the seconds that took."""
    return each(lambda _: work(), (None,))
