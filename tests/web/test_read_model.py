"""The real store gives the views what they need."""

import pytest

from fakes.values import a_rotation, an_installed_token
from tokenward.model.token import Basis, Expiry
from tokenward.store.ledger import SqliteLedger
from tokenward.web.metrics import Metrics
from tokenward.web.overview import Overview
from tokenward.web.read_model import ReadModel
from tokenward.web.status import status
from web.scene import NOW, a_roster, a_world, the_vitals


@pytest.fixture
async def ledger(tmp_path):
    """Give an open ledger."""
    opened = SqliteLedger.open(tmp_path / "state" / "tokenward.db")
    yield opened
    await opened.close()


async def test_the_store_is_a_read_model(ledger: SqliteLedger):
    """C8: the type checker compares the shapes, the database gives the values."""
    read_model: ReadModel = ledger
    world = a_world(a_roster())
    token = an_installed_token(expiry=Expiry(NOW, Basis.STATED))
    await ledger.write(lambda change: change.tokens.record(token))
    await ledger.write(lambda change: change.rotations.open(a_rotation()))

    overview = await read_model.look(lambda views: Overview.of_world(world, views, NOW))

    main = status(overview).organisations[0].services[0]
    assert main.days_until_expiry == 0
    assert main.rotation is not None
    assert main.rotation.id == "r1"


async def test_metrics_are_computed_from_the_database(ledger: SqliteLedger):
    """C8: nothing is kept in memory, so a restart loses nothing."""
    await ledger.write(lambda change: change.tallies.add("tokenward_internal_errors_total", {"component": "rotation"}))
    world = a_world(a_roster())

    collector = await Metrics(ledger, lambda: world, the_vitals).look()

    samples = [sample for family in collector.collect() for sample in family.samples]
    assert ("tokenward_internal_errors_total", {"component": "rotation"}, 1.0) in [sample[:3] for sample in samples]
