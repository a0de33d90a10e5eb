"""Somebody hands the file over: for products that let no program in, each with what is known of its own way.

Nothing is asked of the product. That the token arrived is a person's word, or Apple's where the organisation has an
account for its API.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter

from tokenward.model.target import Abilities, KeyPolicy, Preflight, Proof, Reading
from tokenward.rotation.ports import Target
from tokenward.schema.fault import Fault, quote
from tokenward.schema.near import suggest
from tokenward.targets import TargetSection, target_of

ABILITIES: Final = Abilities(
    kind="handoff",
    title="the product",
    summary="Any product: somebody hands the file over in its console, and says so on their page.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=False,
    reads_back=False,
    strongest_rung=0,
    verdicts=frozenset(),
    reads_secrets=False,
    least_privilege="None: nothing is asked of the product.",
    tested_against="nothing but people: no way in for programs was found in these products' documentation",
    by_hand=(
        "Sign in to the product's console, and open its settings for Apple's automated device enrolment.",
        "Find the token of this service there. Choose to renew or replace it; add no new one beside it.",
        "Choose the file whose name ends in .p7m, save, and see that the date of expiry is a year ahead.",
    ),
)


class _Product(BaseModel):
    """What is known of one product."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    notes: tuple[str, ...] = ()
    new_key: bool = False
    """Whether each renewal makes another key, so that a certificate is of no use twice."""


PRODUCTS: Final[Mapping[str, _Product]] = TypeAdapter(dict[str, _Product]).validate_python(
    tomllib.loads(files("tokenward.targets").joinpath("handoff.toml").read_text())
)


def parse_product(value: str) -> str:
    """Return *value* if it is a product that is known here.

    Raises:
        Fault: It is none.
    """
    if value not in PRODUCTS:
        raise Fault(f"{quote(value)} is no product that is known here", suggest(value, PRODUCTS))
    return value


_Step = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Settings(TargetSection):
    """A product, and the way through its console."""

    kind: Literal["handoff"]
    product: Annotated[str, AfterValidator(parse_product)] = "other"
    """Which product it is."""
    steps: tuple[_Step, ...] = ()
    """Your own steps through its console, which people are shown instead of the general ones."""


class HandOff:
    """A product that can't be asked anything."""

    def __init__(self, title: str) -> None:
        """Speak of the product as *title*."""
        self._title = title

    async def preflight(self) -> Preflight:
        """Return that nobody can tell (B4.1)."""
        return Preflight(cannot_tell=(f"Whether {self._title} runs, and which key it has: it can't be asked.",))

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 0: a person's word (B8.4)."""
        del noted, since
        return Proof(0, f"Somebody says that {self._title} has it; it can't be asked.")

    async def health(self) -> Reading:
        """Return no verdict."""
        return Reading(None, f"How the token is can't be asked of {self._title}.")


def build(settings: Settings) -> Target:
    """Return the target, which takes no file from us."""
    product = PRODUCTS[settings.product]
    steps = (*product.notes, *(settings.steps or ABILITIES.by_hand))
    keys = KeyPolicy.FRESH_BY_HAND if product.new_key else KeyPolicy.NOT_FETCHED
    abilities = replace(ABILITIES, title=product.title, key_policy=keys, by_hand=steps)
    return target_of(settings, abilities, HandOff(product.title))
