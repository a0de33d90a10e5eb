"""Which envelopes are taken and for whom; every refusal leaves all else as it was."""

from dataclasses import replace

import pytest

from fakes.apple_envelope import VALUES, apple_cms, apple_file, apple_message
from fakes.target import FakeTarget, a_pem
from fakes.world import DAY, HOUR, START, Stage, a_service, an_envelope
from rotation.dropping import a_file, drop, refused, refused_except_pending
from tokenward.crypto.certificate import parse_certificate, to_pem
from tokenward.model.event import AttachmentRole, Event, EventKind, Taken, Way
from tokenward.model.finding import Code
from tokenward.model.rotation import State
from tokenward.model.service import Keyholder
from tokenward.model.target import KeyPolicy
from tokenward.model.token import InstalledToken, TokenState
from tokenward.rotation.intake import Intake
from tokenward.rotation.record import StoredCertificate


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body>Sign in</body></html>", b"PK\x03\x04 an archive", a_pem("a certificate")],
    ids=["empty", "web page", "archive", "certificate"],
)
async def test_what_is_no_envelope_is_told_apart(theirs, body):
    """B5.1: no envelope, and what it is instead."""
    assert (await refused(theirs, a_file(AttachmentRole.ENVELOPE, body), way=Way.CONTROL)).code is Code.NOT_AN_ENVELOPE


async def test_a_damaged_envelope_is_refused(theirs, keypair):
    """B5.1: cut short."""
    made = an_envelope(keypair.certificate)

    finding = await refused(theirs, a_file(AttachmentRole.ENVELOPE, made.body[:-300]), way=Way.CONTROL)

    assert finding.code is Code.DAMAGED


async def test_the_very_same_file_again_is_refused(theirs, keypair):
    """B5.1: by its content, however it is wrapped or called."""
    made = an_envelope(keypair.certificate)
    await theirs.hand_over(made)

    again = a_file(AttachmentRole.ENVELOPE, made.body.replace(b"\n", b"\r\n"), "other name.p7m")

    assert (await refused_except_pending(theirs, again)).code is Code.DUPLICATE


async def test_an_envelope_for_a_key_that_nobody_here_has_is_refused(theirs, other_keypair):
    """B5.2: refused only because no key can open it; with and without the service's name."""
    made = an_envelope(other_keypair.certificate)

    named = await refused(theirs, made.attached(), way=Way.CONTROL)
    loose = await refused(theirs, made.attached(), way=Way.CONTROL, service=None)

    assert (named.code, loose.code) == (Code.NO_KEY, Code.NO_KEY)


async def test_an_envelope_that_its_own_key_does_not_open_is_refused(ours, other_keypair):
    """B5.1: the right name with another key inside; B5.8: nothing is said of how far opening came."""
    certificate = await ours.certificate()
    from fakes.apple_envelope import public_key_of

    cms = apple_cms(certificate, apple_message(), public_key=public_key_of(other_keypair.certificate))

    finding = await refused(ours, a_file(AttachmentRole.ENVELOPE, apple_file(cms)), way=Way.CONTROL)

    assert finding.code is Code.WRONG_KEY


async def test_an_envelope_without_all_values_is_refused(ours):
    """B5.1: a value missing."""
    certificate = await ours.certificate()
    body = apple_file(apple_cms(certificate, apple_message({"consumer_key": "CK_1"})))

    assert (await refused(ours, a_file(AttachmentRole.ENVELOPE, body))).code is Code.VALUE_MISSING


async def test_an_expired_token_is_refused(ours):
    """B5.1: expired."""
    made = an_envelope(await ours.certificate(), START - 400 * DAY)

    assert (await refused(ours, made.attached())).code is Code.EXPIRED


async def test_a_token_that_is_older_than_the_active_one_is_refused(ours):
    """B5.1: older than the active one, by what stands in the secrets."""
    certificate = await ours.certificate()
    older, newer = an_envelope(certificate, START - DAY), an_envelope(certificate, START)
    await ours.hand_over(newer)
    await ours.until(State.DONE)

    assert (await refused(ours, older.attached())).code is Code.OLDER


async def test_a_token_that_is_older_than_the_one_on_its_way_is_refused(ours):
    """B2.4: only a newer envelope takes the place of the one in hand."""
    certificate = await ours.certificate()
    older, newer = an_envelope(certificate, START - DAY), an_envelope(certificate, START)
    ours.witness.away = True
    await ours.hand_over(newer)
    await ours.work()
    assert (await ours.opened()).state is State.RECEIVED

    assert (await refused(ours, older.attached())).code is Code.OLDER


async def test_of_two_files_that_come_together_the_newer_one_stays(ours):
    """B2.4: the older one was brought before anything was decided about the newer one."""
    certificate = await ours.certificate()
    older, newer = an_envelope(certificate, START - DAY), an_envelope(certificate, START)
    await ours.hand_over(newer)
    await ours.hand_over(older)

    done = await ours.until(State.DONE)

    assert done.envelope == newer.digest


async def test_a_sealed_file_by_a_way_that_anybody_has_is_refused(theirs, keypair):
    """B5.5: only the product can open it, and it came from somebody who may only drop files."""
    made = an_envelope(keypair.certificate)

    finding = await refused_except_pending(theirs, made.attached(), way=Way.DROP)

    assert finding.code is Code.UNTRUSTED_WAY


@pytest.mark.parametrize("way", [Way.OWNED_DROP, Way.CONTROL, Way.ISSUER, Way.PAGE])
async def test_a_sealed_file_by_a_trusted_way_is_taken(theirs, keypair, way):
    """B5.5: the service's issuer, a personal page, a trusted owner's drop, the control socket."""
    assert isinstance(await drop(theirs, an_envelope(keypair.certificate).attached(), way=way), Taken)


async def test_a_file_that_we_can_open_may_come_by_any_way(ours):
    """B5.5: where we can open it, Apple's word about it decides, and not who brought it."""
    made = an_envelope(await ours.certificate())

    assert isinstance(await drop(ours, made.attached(), way=Way.DROP, service=None), Taken)


async def _shared(tmp_path, certificate) -> Stage:
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED)
    stage = Stage(tmp_path, target, service=a_service(keyholder=Keyholder.OPERATOR))
    stage.serve(a_service("labs", keyholder=Keyholder.OPERATOR), FakeTarget(key_policy=KeyPolicy.NOT_FETCHED))

    def record(change):
        for service in ("main", "labs"):
            change.certificates.add(StoredCertificate(certificate, service, "dropped", START))

    await stage.ledger.write(record)
    return stage


async def test_a_file_that_could_be_for_two_services_is_refused(tmp_path, keypair):
    """B5.3: they share a certificate and the name says nothing: it must be put into the service's folder."""
    stage = await _shared(tmp_path, keypair.certificate)
    made = replace(an_envelope(keypair.certificate), name="token.p7m")

    finding = await refused(stage, made.attached(), way=Way.CONTROL, service=None)

    assert finding.code is Code.AMBIGUOUS_SERVICE
    assert "tokens/" in finding.do
    assert isinstance(await drop(stage, made.attached(), way=Way.CONTROL, service="labs"), Taken)
    await stage.ledger.close()


async def test_the_portals_file_name_tells_two_services_apart(tmp_path, keypair):
    """B5.3: NAME_Token_TIME_smime.p7m agrees with exactly one."""
    stage = await _shared(tmp_path, keypair.certificate)
    made = an_envelope(keypair.certificate, service="Labs")

    await drop(stage, made.attached(), way=Way.CONTROL, service=None)

    taken = await stage.ledger.read(lambda change: change.envelopes.find(made.digest))
    assert taken is not None
    assert taken.service == "labs"
    await stage.ledger.close()


async def test_a_file_from_before_the_question_is_not_told_apart_by_its_name(tmp_path, keypair):
    """B5.3: it must be newer than the click or the question; its service's folder overrules that."""
    stage = await _shared(tmp_path, keypair.certificate)
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    early = an_envelope(keypair.certificate, stage.clock.now() - HOUR, service="Main MDM")

    finding = await refused(stage, early.attached(), way=Way.CONTROL, service=None)

    assert finding.code is Code.OLDER
    assert "tokens/main/" in finding.do
    assert isinstance(await drop(stage, early.attached(), way=Way.CONTROL, service="main"), Taken)
    await stage.ledger.close()


async def test_what_the_envelope_store_keeps_is_sealed(theirs, keypair, tmp_path):
    """Promise 4: the file itself is on the disk only under its seal."""
    made = an_envelope(keypair.certificate)

    await theirs.hand_over(made)

    stored = await theirs.ledger.read(lambda change: change.envelopes.find(made.digest))
    assert made.body not in stored.sealed
    assert theirs.tools.seals.open(stored.sealed, f"envelope/{made.digest}").reveal() == made.body


async def test_a_dated_warning_of_a_certificate_is_handed_back(theirs):
    """What is unusual but taken is said to whoever brought it."""
    expired = parse_certificate(a_pem("unusual"), START)
    theirs.clock.at = expired.not_after + DAY

    verdict = await drop(theirs, a_file(AttachmentRole.CERTIFICATE, to_pem(expired)))

    assert isinstance(verdict, Taken)
    assert any("expired" in warning for warning in verdict.warnings)


async def test_values_that_do_not_begin_as_apples_do_are_taken_and_said(ours):
    """B5.1: which of them, and nothing of what they hold."""
    values = {**VALUES, "access_secret": "3d4e5f"}
    body = apple_file(apple_cms(await ours.certificate(), apple_message(values)))

    verdict = await drop(ours, a_file(AttachmentRole.ENVELOPE, body))

    assert isinstance(verdict, Taken)
    assert verdict.warnings == ("Its access_secret does not begin with AS_, as Apple's do.",)


async def test_an_event_that_names_a_file_it_did_not_bring_is_taken_as_one_without(stage):
    """Only the intake says which file came with an event: a word in its data is nobody's file."""
    event = Event("drop", "x", EventKind.TOKEN_SUPPLIED, Way.DROP, START, "main", data={"attachment": "e1"})
    intake = Intake(stage.tools, stage.present)

    verdict = await intake.submit(event)
    assert isinstance(verdict, Taken)
    await stage.engine.settle_pending()

    settled = await stage.ledger.read(lambda change: change.inbox.settlement(verdict.event_id))
    assert settled is not None
    assert settled.outcome == "denied"
    assert await stage.rotation() is None


async def test_what_was_installed_by_others_says_nothing_about_age_where_no_issue_time_is_known(ours):
    """B5.1: an unknown issue time refuses nothing: after the click nothing else holds a token back."""
    token = InstalledToken("main", TokenState.VALID, START)
    await ours.ledger.write(lambda change: change.tokens.record(token))

    assert isinstance(await ours.hand_over(an_envelope(await ours.certificate(), START - DAY)), Taken)
