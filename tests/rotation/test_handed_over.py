"""What is taken of a file that a person hands over on their page, for a service that the page names."""

from dataclasses import replace

from fakes.target import FakeTarget
from fakes.world import DAY, Stage, a_service, an_envelope
from rotation.dropping import a_file, drop
from tokenward.crypto.certificate import parse_certificate, to_pem
from tokenward.model.event import AttachmentRole, EventKind, Refused, Taken, Way
from tokenward.model.finding import Code, Finding
from tokenward.model.rotation import State
from tokenward.model.service import Keyholder
from tokenward.model.target import KeyPolicy


async def handed(stage, made, service="main", **data):
    """Hand *made* over on a page."""
    words = {"service": service, "way": Way.PAGE, "source": "page", "data": {"person": "kim", **data}}
    return await stage.submit(EventKind.TOKEN_SUPPLIED, made.attached(), **words)


async def refused(stage, made, **words) -> Finding:
    """Return why a page refuses *made*."""
    verdict = await handed(stage, made, **words)
    assert isinstance(verdict, Refused), verdict
    return verdict.finding


async def test_the_first_file_with_the_portals_own_name_is_taken_without_a_question(theirs, keypair):
    """B5.3: it agrees with the service's name and is newer than the question."""
    assert isinstance(await handed(theirs, an_envelope(keypair.certificate, theirs.clock.now())), Taken)


async def test_the_first_file_with_a_name_that_says_nothing_is_asked_about(theirs, keypair):
    """B5.3: no earlier envelope is known, so the person confirms; then it is taken."""
    made = replace(an_envelope(keypair.certificate, theirs.clock.now()), name="token.p7m")

    finding = await refused(theirs, made)

    assert finding.code is Code.UNCONFIRMED
    assert "Main MDM" in finding.happened
    assert isinstance(await handed(theirs, made, confirmed="yes"), Taken)


async def test_a_first_file_for_another_name_is_asked_about(theirs, keypair):
    """B5.3: a file for the right key and another service cuts that one off."""
    made = an_envelope(keypair.certificate, theirs.clock.now(), service="Labs")

    assert (await refused(theirs, made)).code is Code.UNCONFIRMED


async def test_a_first_file_from_before_the_question_is_asked_about(theirs, keypair):
    """B5.3: newer than the click or the question."""
    await theirs.ask(EventKind.ROTATE)
    await theirs.until(State.AWAITING_TOKEN)
    made = an_envelope(keypair.certificate, theirs.clock.now() - DAY)

    finding = await refused(theirs, made)

    assert finding.code is Code.UNCONFIRMED
    assert "before you were asked" in finding.happened


async def test_once_a_file_is_known_its_key_tells_the_service(ours):
    """B5.3: where nothing is shared and an earlier envelope is known, any name will do."""
    await ours.hand_over(an_envelope(await ours.certificate(), ours.clock.now()))
    await ours.until(State.DONE)
    ours.clock.at += DAY
    made = replace(an_envelope(await ours.certificate(), ours.clock.now()), name="download (3)")

    assert isinstance(await handed(ours, made), Taken)


async def test_a_file_for_another_service_is_named_as_one(tmp_path, keypair, other_keypair):
    """B5.1: its own sentence, with the service that it is for."""
    stage = Stage(tmp_path, FakeTarget(key_policy=KeyPolicy.NOT_FETCHED), service=_given("main", "Main MDM"))
    stage.serve(_given("labs", "Labs"), FakeTarget(key_policy=KeyPolicy.NOT_FETCHED))
    for service, pair in (("main", keypair), ("labs", other_keypair)):
        pem = to_pem(parse_certificate(pair.certificate.der, stage.clock.now()))
        await drop(stage, a_file(AttachmentRole.CERTIFICATE, pem), service=service)
    made = an_envelope(other_keypair.certificate, stage.clock.now(), service="Labs")

    finding = await refused(stage, made)

    assert finding.code is Code.OTHER_SERVICE
    assert "“Labs”" in finding.happened
    assert isinstance(await handed(stage, made, service="labs"), Taken)
    await stage.ledger.close()


def _given(service, name):
    return a_service(id=service, name=name, keyholder=Keyholder.OPERATOR)
