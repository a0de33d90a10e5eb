"""Who downloaded the new token: a surprise is installed and said, and followed without hurry."""

import pytest

from fakes.target import FakeTarget
from fakes.world import Stage, an_envelope
from tokenward.model.event import EventKind
from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Cause, State


@pytest.fixture
async def stage(tmp_path):
    """The core with one product."""
    made = Stage(tmp_path, FakeTarget())
    yield made
    await made.ledger.close()


async def handed_over(stage: Stage, account: str) -> None:
    """Bring a rotation to its end with a token that *account* downloaded."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    stage.issuer.targets[0].downloader = account
    await stage.hand_over(an_envelope(await stage.certificate(), stage.clock.now()), data={"account": account})


@pytest.mark.parametrize("account", ["kim@corp.example", "ANA@corp.example"], ids=["custodian", "deputy"])
async def test_somebody_of_the_line_surprises_nobody(stage, account):
    """B5.6: a deputy may have done it as well."""
    await handed_over(stage, account)

    await stage.until(State.DONE)

    assert await stage.messages("downloader.unexpected") == []


async def test_a_stranger_is_installed_said_and_followed_without_hurry(stage):
    """B5.6, B1.4: after the click nothing holds it back."""
    await handed_over(stage, "somebody@corp.example")

    await stage.work()

    assert (await stage.token()).downloader == "somebody@corp.example"
    assert await stage.messages("downloader.unexpected") == ["operators"]
    following = await stage.opened()
    assert following.causes == (Cause.CUSTODIAN,)
    assert (following.due_at - stage.clock.now()).days >= 13


async def test_the_departing_person_is_followed_too(stage):
    """B5.6: even the departing one."""
    leaving = PersonState("kim", Standing.DEPARTED, stage.clock.now())
    await handed_over(stage, "kim@corp.example")
    await stage.ledger.write(lambda change: change.people.record(leaving))

    await stage.work()

    assert (await stage.opened()).causes == (Cause.CUSTODIAN,)


async def test_a_stranger_again_is_not_asked_for_for_ever(stage):
    """B5.6: then the configuration lacks a name; it is said, and not asked again."""
    await handed_over(stage, "somebody@corp.example")
    await stage.work()
    await stage.until(State.AWAITING_TOKEN)
    await stage.hand_over(
        an_envelope(await stage.certificate(), stage.clock.now()), data={"account": "somebody@corp.example"}
    )

    await stage.work()

    assert await stage.rotation() is None
    assert await stage.messages("downloader.unexpected") == ["operators", "operators"]


async def test_a_product_is_told_who_downloaded_what_it_is_given(stage):
    """B1.4: some products ask for the account, and show it to people from then on."""
    await handed_over(stage, "ana@corp.example")

    await stage.until(State.DONE)

    assert stage.issuer.targets[0].accounts == ["ana@corp.example"]
