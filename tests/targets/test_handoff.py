"""The hand-off: products that can't be asked, with what is known of each as data."""

import pytest
from pydantic import ValidationError

from contracts.target_contract import LONG_AGO
from tokenward.model.target import KeyPolicy
from tokenward.model.token import TokenState
from tokenward.targets.handoff import ABILITIES, PRODUCTS, Settings, build


def target(**words):
    """Return the target as configured."""
    return build(Settings.model_validate({"kind": "handoff"} | words))


@pytest.mark.parametrize("product", PRODUCTS)
async def test_every_product_has_steps_and_claims_nothing(product):
    """A14, B8.4: no proof, no verdict, nothing that it could be sent."""
    built = target(product=product)

    assert built.abilities.title == PRODUCTS[product].title
    assert len(built.abilities.by_hand) >= 3
    assert (built.installer, built.read_back, built.key_source) == (None, None, None)
    preflight = await built.gate.preflight()
    assert preflight.is_clear
    assert preflight.cannot_tell
    assert (await built.health.health()).verdict is None
    assert (await built.prover.prove("", LONG_AGO)).rung == ABILITIES.strongest_rung == 0
    assert ABILITIES.verdicts == frozenset[TokenState]()


def test_what_a_product_is_particular_about_comes_first():
    """A new key for every renewal is of no use to know afterwards."""
    can = target(product="n-able").abilities
    assert "new key for every renewal" in can.by_hand[0]
    assert can.key_policy is KeyPolicy.FRESH_BY_HAND


def test_own_steps_take_the_place_of_the_general_ones():
    """Whoever knows their console knows better."""
    built = target(product="miradore", steps=["Open Enrolment > Apple.", "Press Renew."])
    assert built.abilities.by_hand == (*PRODUCTS["miradore"].notes, "Open Enrolment > Apple.", "Press Renew.")


def test_a_product_that_is_not_known_is_refused_with_what_may_be_meant():
    """Bad input."""
    with pytest.raises(ValidationError, match="meraki"):
        target(product="merakki")
