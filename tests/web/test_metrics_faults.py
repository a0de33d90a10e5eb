"""The metrics page: nothing breaks it."""

from pathlib import Path

from prometheus_client import generate_latest

from fakes.views import FakeReadModel, FakeViews
from tokenward.web import metrics as metrics_module
from tokenward.web.metrics import Metrics
from tokenward.web.vitals import Readiness
from web.scene import (
    a_person,
    a_roster,
    a_service,
    a_world,
    the_views,
    the_vitals,
)
from web.scrape import page, value_of

GOLDEN = Path(__file__).parent.parent / "golden" / "metrics.txt"
MAIN = {"organisation": "corp", "service": "main"}


async def test_a_source_before_its_first_pass_is_neither_up_nor_down():
    """C8: not known, not shown."""
    text = await page()

    assert value_of(text, "tokenward_source_up", source="drop") == 1
    assert value_of(text, "tokenward_source_up", source="corp-okta") is None
    assert value_of(text, "tokenward_source_silence_limit_seconds", source="corp-okta") == 86400


async def test_a_part_that_fails_is_counted_and_the_rest_is_shown(monkeypatch):
    """Promise 5: one fault does not blind the monitoring."""

    def failing(_scrape):
        raise ZeroDivisionError

    monkeypatch.setattr(metrics_module, "OF_RECORD", (failing, *metrics_module.OF_RECORD[1:]))

    text = await page()

    assert "tokenward_token_info" not in text
    assert value_of(text, "tokenward_token_state", tokenward_token_state="valid", **MAIN) == 1
    assert value_of(text, "tokenward_internal_errors_total", component="metrics") == 1


async def test_without_the_record_the_page_shows_what_the_process_knows():
    """Promise 6: it says what it cannot see by leaving it out."""
    unready = Readiness(configuration=True, store=False, sources=True)
    vitals = the_vitals(readiness=unready)
    world = a_world(a_roster())
    metrics = Metrics(FakeReadModel(the_views(), is_broken=True), lambda: world, lambda: vitals)

    text = generate_latest(await metrics.look()).decode()

    assert value_of(text, "tokenward_ready") == 0
    assert value_of(text, "tokenward_source_up", source="drop") == 1
    assert "tokenward_token_info" not in text


class Nonsense(FakeViews):
    """A record that nobody foresaw."""

    def people(self):
        """Find nothing that can be understood."""
        raise LookupError("person")


async def test_a_record_that_makes_no_sense_is_counted_as_a_fault():
    """Promise 5: it blinds nobody for the rest."""
    world = a_world(a_roster())
    metrics = Metrics(FakeReadModel(Nonsense()), lambda: world, the_vitals)

    text = generate_latest(await metrics.look()).decode()

    assert value_of(text, "tokenward_ready") == 1
    assert value_of(text, "tokenward_internal_errors_total", component="metrics") == 1


async def test_labels_are_escaped():
    """C8: whatever an operator writes, the page can be parsed."""
    odd = 'a"b\\c\nd'
    roster = a_roster(a_service(odd, custodian="kim"), people=(a_person("kim"),))

    assert value_of(await page(the_views(()), roster), "tokenward_rotation_in_progress", service=odd) == 0
