from datetime import UTC, datetime

import pytest

from tokenward.simulator.api_clients import TooManyClients, add_client
from tokenward.simulator.seed import Seed, first_world
from tokenward.simulator.state import Product

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def test_a_client_has_an_id_of_its_product_and_the_world_keeps_no_private_key():
    """A11: the portal shows the private key once."""
    for product, prefix in ((Product.BUSINESS, "BUSINESSAPI."), (Product.SCHOOL, "SCHOOLAPI.")):
        world, new = add_client(first_world(Seed()), product, "administrator", NOW)
        assert new.client.id.startswith(prefix)
        assert world.api_clients == {new.client.id: new.client}
        assert "PRIVATE KEY" in new.private_key
        assert "PRIVATE" not in repr(world)


def test_the_51st_client_is_refused():
    """A15: an organisation has at most 50."""
    world = first_world(Seed())
    for _ in range(50):
        world, _new = add_client(world, Product.BUSINESS, "staff", NOW)
    with pytest.raises(TooManyClients):
        add_client(world, Product.BUSINESS, "staff", NOW)
