"""Which certificates are taken, by who holds the key; every refusal leaves all else as it was."""

import pytest

from fakes.target import FakeTarget, a_pem
from fakes.world import DAY, MINUTE, START, Stage, a_service, an_envelope
from rotation.dropping import FILES, a_file, drop, refused
from tokenward.crypto.certificate import parse_certificate, to_pem
from tokenward.model.event import AttachmentRole, EventKind, Taken, Way
from tokenward.model.finding import Code
from tokenward.model.rotation import State
from tokenward.model.service import Keyholder
from tokenward.model.target import KeyPolicy


async def test_a_certificate_for_a_service_whose_key_is_ours_is_refused(ours, keypair):
    """Section 3: it says to change `keyholder`."""
    finding = await refused(ours, a_file(AttachmentRole.CERTIFICATE, to_pem(keypair.certificate)))

    assert finding.code is Code.KEYHOLDER
    assert "keyholder" in finding.do


async def test_only_the_certificate_that_the_target_gave_out_last_is_taken(stage, target):
    """Section 3: a fetched certificate that a newer fetch spoiled is refused too, for its key is gone."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    first = to_pem(target.staged)
    foreign = await refused(stage, a_file(AttachmentRole.CERTIFICATE, a_pem("foreign")))
    assert foreign.code is Code.NOT_FROM_TARGET

    stage.clock.advance(MINUTE)
    await stage.ask(EventKind.FILE_LOST)
    await stage.until(State.AWAITING_TOKEN)

    spoiled = await refused(stage, a_file(AttachmentRole.CERTIFICATE, first))
    assert spoiled.code is Code.NOT_FROM_TARGET
    assert isinstance(await drop(stage, a_file(AttachmentRole.CERTIFICATE, to_pem(target.staged))), Taken)


@pytest.mark.parametrize("keyholder", [Keyholder.TARGET, Keyholder.OPERATOR])
async def test_a_certificate_is_taken_where_it_cannot_be_fetched(tmp_path, keypair, keyholder):
    """Section 3: with the key at the operator's, or in a product that shows none; once only."""
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED)
    stage = Stage(tmp_path, target, service=a_service(keyholder=keyholder))
    dropped = a_file(AttachmentRole.CERTIFICATE, to_pem(keypair.certificate))

    assert isinstance(await drop(stage, dropped), Taken)

    files = await stage.tallies(FILES)
    assert files == {(("folder", "certificates"), ("outcome", "done"), ("reason", "")): 1}
    assert (await refused(stage, dropped)).code is Code.DUPLICATE
    await stage.ledger.close()


async def test_a_new_certificate_over_the_same_key_is_a_new_one(theirs):
    """A6: Apple is given the certificate, so another one around the key in use opens a rotation."""
    first, second = a_pem("first"), a_pem("second")
    assert parse_certificate(first, START).key_digest == parse_certificate(second, START).key_digest
    for pem in (first, second):
        assert isinstance(await drop(theirs, a_file(AttachmentRole.CERTIFICATE, pem)), Taken)
        await theirs.until(State.AWAITING_TOKEN)
        rotation = await theirs.opened()
        assert rotation.certificate == parse_certificate(pem, START).fingerprint
        await theirs.hand_over(an_envelope(parse_certificate(pem, START), theirs.clock.at))
        await theirs.until(State.DONE)
        theirs.clock.advance(DAY)


async def test_a_dropped_private_key_is_refused(theirs, keypair):
    """B5.1: its own sentence, nothing of it is kept, and the operators hear that it must be taken as exposed."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_der_private_key,
    )

    key = load_der_private_key(keypair.private_key.reveal(), None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    alone = await refused(theirs, a_file(AttachmentRole.CERTIFICATE, pem))
    beside = await refused(theirs, a_file(AttachmentRole.CERTIFICATE, to_pem(keypair.certificate) + pem))
    as_token = await refused(theirs, a_file(AttachmentRole.ENVELOPE, pem), way=Way.CONTROL)

    assert (alone.code, beside.code, as_token.code) == (Code.PRIVATE_KEY, Code.PRIVATE_KEY, Code.NOT_AN_ENVELOPE)
    assert await theirs.messages("key.exposed") == ["operators"] * 2


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", Code.NOT_A_CERTIFICATE), (b"<html>", Code.NOT_A_CERTIFICATE), (b"x" * 100_000, Code.SIZE)],
    ids=["empty", "a web page", "too large"],
)
async def test_what_is_no_certificate_is_refused(theirs, body, code):
    """B5.1: what it is instead is said."""
    assert (await refused(theirs, a_file(AttachmentRole.CERTIFICATE, body))).code is code


async def test_several_certificates_in_one_file_are_refused(theirs):
    """B5.1: which one is meant cannot be known."""
    both = a_pem("one") + a_pem("two")

    assert (await refused(theirs, a_file(AttachmentRole.CERTIFICATE, both))).code is Code.CHAIN


async def test_a_certificate_for_nobody_is_refused(theirs):
    """B5.1: a loose file whose name is no service's."""
    finding = await refused(theirs, a_file(AttachmentRole.CERTIFICATE, a_pem("loose")), service=None)

    assert finding.code is Code.UNKNOWN_SERVICE
