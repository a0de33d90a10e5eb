"""The personal page where the product takes no file from us: what is asked, what is said, and the file once more."""

import pytest

from fakes.world import MINUTE, a_service, an_envelope
from tokenward.model.rotation import State
from web.handover.page_scene import ANA, KIM, at


@pytest.fixture
def by_hand(scene):
    """Let the product of ``main`` take no file from us, nor show what it holds."""
    scene.target.installs, scene.target.can_be_asked, scene.target.reads_secrets = False, False, False
    scene.target.strongest_rung = scene.target.rung_limit = 0
    scene.stage.serve(a_service(), scene.target)
    return scene


async def handed_in(scene):
    """Start, drop the new file, and return it."""
    await scene.post(at("start"))
    made = an_envelope(await scene.stage.certificate(), scene.stage.clock.now())
    await scene.post(at("file"), files={"file": (made.name, made.body)})
    return made


async def test_the_last_step_is_asked_for_and_its_word_ends_it(by_hand):
    """B8.4: the person at the page does it in the product's console, and says so."""
    await handed_in(by_hand)
    page = await by_hand.read()
    assert "takes it in its own console only" in page
    assert "I have handed it over" in page

    await by_hand.post(at("handed-off"))

    assert "has the new token" in await by_hand.read()
    assert (await by_hand.stage.latest()).state is State.DONE


async def test_pressed_twice_it_is_said_once(by_hand):
    """A double click does no harm."""
    await handed_in(by_hand)
    first, second = await by_hand.post(at("handed-off")), await by_hand.post(at("handed-off"))
    assert (first.status_code, second.status_code) == (303, 200)
    assert "not to be done here" not in await by_hand.read()


async def test_nobody_says_so_before_there_is_a_file(by_hand):
    """The button is not there, and pressing it all the same does nothing."""
    await by_hand.post(at("start"))
    await by_hand.post(at("handed-off"))
    assert (await by_hand.stage.opened()).state is State.AWAITING_TOKEN


async def test_the_file_can_be_had_again_and_that_is_on_record(by_hand):
    """B4.5: the very bytes that were handed over."""
    made = await handed_in(by_hand)

    answer = await by_hand.post(at("envelope"))

    assert answer.content == made.body
    assert answer.headers["content-disposition"] == 'attachment; filename="main.p7m"'
    assert answer.headers["cache-control"] == "no-store"
    assert len(await by_hand.stage.audited("envelope.exported")) == 1


async def test_nobody_else_has_the_file_nor_before_it_is_needed(by_hand):
    """B6.1: the link's own person alone, and only where it is to be handed over by hand."""
    await by_hand.post(at("start"))
    assert (await by_hand.post(at("envelope"))).status_code == 404
    await handed_in(by_hand)
    for key in (ANA, "nobody"):
        assert (await by_hand.post(at("envelope", key))).status_code in {404, 410}
    assert (await by_hand.get(at("envelope"))).status_code == 303
    assert await by_hand.stage.audited("envelope.exported") == []


async def test_a_product_that_takes_no_file_for_ten_minutes_can_have_it_by_hand_too(scene):
    """B4.5: plan B."""
    await scene.post(at("start"))
    scene.target.unreachable = True
    made = await handed_in(scene)
    assert (await scene.post(at("envelope"))).status_code == 404
    scene.stage.clock.advance(11 * MINUTE)
    await scene.stage.work()

    assert "Save the file again" in (await scene.get(f"/handover/{KIM}")).text
    assert (await scene.post(at("envelope"))).content == made.body


@pytest.mark.parametrize(
    ("written", "recorded"),
    [
        ("boss@corp.example", "boss@corp.example"),
        (" kim@corp.example ", "kim@corp.example"),
        ("me", "kim@corp.example"),
    ],
)
async def test_the_account_that_somebody_says_they_used_is_on_record(by_hand, written, recorded):
    """B6.4: what is none leaves the one that is on record."""
    await by_hand.post(at("start"))
    made = an_envelope(await by_hand.stage.certificate(), by_hand.stage.clock.now())
    await by_hand.post(at("file"), files={"file": (made.name, made.body)}, data={"account": written})

    assert (await by_hand.stage.opened()).supplied_by == recorded
