"""The pieces of PromQL that several rules are made of."""

from typing import Final

from tokenward.web.alerting.rule import SAME_SERVICE
from tokenward.web.catalogue import Entry

ON_SERVICE: Final = f"on ({', '.join(SAME_SERVICE)})"
BY_SERVICE: Final = f"by (job, {', '.join(SAME_SERVICE)})"
"""``job`` stays on every alert: what mutes an instance finds the others by it."""

DEAD: Final = ("rejected", "superseded", "expired")
"""States of a token that no longer works."""


def is_in(stateset: Entry, *states: str) -> str:
    """Return what holds for the objects that are in one of *states*."""
    matcher = f'="{states[0]}"' if len(states) == 1 else f'=~"{"|".join(states)}"'
    return f"{stateset.name}{{{stateset.name}{matcher}}} == 1"


def seconds_until(instant: Entry) -> str:
    """Return how long *instant* is ahead."""
    return f"{instant.name} - time()"


def seconds_since(instant: Entry) -> str:
    """Return how long ago *instant* was."""
    return f"time() - {instant.name}"


def both(left: str, right: str) -> str:
    """Return *left* for the services for which *right* holds too."""
    return f"({left})\nand {ON_SERVICE}\n({right})"


def without(left: str, right: str) -> str:
    """Return *left* for the services for which *right* does not hold."""
    return f"({left})\nunless {ON_SERVICE}\n({right})"
