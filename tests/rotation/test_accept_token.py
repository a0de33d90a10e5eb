"""The values of a token that somebody brings: what makes a service known, and what is refused."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.apple_envelope import VALUES, apple_message, one_line_of_json
from fakes.target import SERVER_UUID, FakeTarget
from fakes.world import DAY, MINUTE, START, FakeWitness, Stage, a_service, an_envelope
from tokenward.crypto.keypair import make_keypair
from tokenward.model.event import Attachment, AttachmentRole, EventKind, Refused, Taken
from tokenward.model.finding import Code, NeedsOperator
from tokenward.model.rotation import State
from tokenward.model.target import Reading
from tokenward.model.token import Basis, Expiry, InstalledToken, TokenState
from tokenward.rotation.accept_token import _parsed
from tokenward.rotation.keys import token_as_json, token_from_json, token_place

CERTIFICATE = make_keypair("main", 1, START, 365 * DAY).certificate
ISSUED_AT = START - 10 * DAY
IN_USE = an_envelope(CERTIFICATE, ISSUED_AT).token
"""The token that the service works with."""


def the_values(token=IN_USE) -> bytes:
    """Return the values as a product prints them."""
    return token_as_json(token).reveal()


async def bring(stage: Stage, body: bytes, **words):
    """Bring the file, and return what became of it."""
    attachment = Attachment(AttachmentRole.TOKEN, "token.json", body)
    return await stage.submit(words.pop("kind", EventKind.IMPORT_TOKEN), attachment, **words)


async def refusal(stage: Stage, body: bytes, **words) -> Code:
    """Bring a file that is refused, see that nothing was kept, and return why."""
    before = await known(stage), await secrets(stage)
    verdict = await bring(stage, body, **words)
    assert isinstance(verdict, Refused), verdict
    assert (await known(stage), await secrets(stage)) == before
    return verdict.finding.code


async def known(stage: Stage, service: str = "main") -> InstalledToken | None:
    """Return what is known of the token in use."""
    return await stage.ledger.read(lambda change: change.tokens.installed(service))


async def in_use(stage: Stage) -> InstalledToken:
    """Return the token in use, which there must be."""
    token = await known(stage)
    assert token is not None
    return token


async def secrets(stage: Stage) -> bytes | None:
    """Return the sealed values of the token of ``main``."""
    return await stage.ledger.read(lambda change: change.tokens.sealed_secrets("main"))


async def put(stage: Stage, **words) -> InstalledToken:
    """Have a token on record as the one in use."""
    token = replace(InstalledToken("main", TokenState.VALID, since=START - DAY), **words)
    await stage.ledger.write(lambda change: change.tokens.record(token))
    return token


@pytest.mark.parametrize(
    "body",
    [the_values(), json.dumps(json.loads(the_values()), indent=2).encode(), apple_message(json.loads(the_values()))],
    ids=["one line", "indented", "as in the envelope"],
)
async def test_a_service_is_known_by_the_values_of_its_token(stage, body):
    """B1.3, A9: its end is known as from the token itself, and the values are kept sealed."""
    assert isinstance(await bring(stage, body), Taken)

    token = await in_use(stage)
    assert (token.state, token.token_digest) == (TokenState.UNKNOWN, IN_USE.digest)
    assert token.expiry == Expiry(IN_USE.expires_at, Basis.DECRYPTED)
    sealed = await secrets(stage)
    assert sealed is not None
    opened = token_from_json(stage.tools.seals.open(sealed, token_place("main", IN_USE.digest)))
    assert opened.digest == IN_USE.digest
    assert IN_USE.access_secret.reveal() not in sealed
    assert [line["digest"] for line in await stage.audited("token.imported")] == [IN_USE.digest]


async def test_what_is_unusual_about_the_values_is_said(stage):
    """B5.1: taken, for Apple has not documented how they begin."""
    unusual = await bring(stage, one_line_of_json({**VALUES, "consumer_key": "0a1b"}))

    assert isinstance(unusual, Taken)
    assert unusual.warnings == ("Its consumer_key does not begin with CK_, as Apple's do.",)

    usual = await bring(stage, the_values())

    assert isinstance(usual, Taken)
    assert usual.warnings == ()


async def test_apple_is_asked_about_it_at_once(stage):
    """B1.3, B10.1: with the very values that came; its answer makes the token valid."""
    await bring(stage, the_values())
    await stage.engine.settle_pending()

    await stage.watch.ask_due()

    assert stage.witness.asked[-1] == IN_USE.digest
    assert (await in_use(stage)).state is TokenState.VALID


async def test_it_ends_the_first_rotation_that_nobody_has_begun(stage):
    """B1.3: the service is linked already."""
    await stage.ask(EventKind.SERVICE_UNLINKED)

    await bring(stage, the_values())
    await stage.engine.settle_pending()

    assert (await stage.latest()).state is State.CANCELLED


async def test_what_was_known_of_the_same_token_stays(stage):
    """B1.2: a better basis takes the place of the stated one; who downloaded it is not forgotten."""
    await put(stage, downloader="kim@corp.example", expiry=Expiry(START + DAY, Basis.STATED), rung=3)

    await bring(stage, the_values())

    token = await in_use(stage)
    assert (token.downloader, token.rung, token.state) == ("kim@corp.example", 3, TokenState.VALID)
    assert token.expiry == Expiry(IN_USE.expires_at, Basis.DECRYPTED)


async def test_of_another_token_only_the_service_stays(stage):
    """B1.4: whoever downloaded the one before did not download this one."""
    await put(stage, downloader="kim@corp.example", token_digest="another", server_uuid=SERVER_UUID)

    await bring(stage, the_values())

    token = await in_use(stage)
    assert (token.downloader, token.state, token.server_uuid) == (None, TokenState.UNKNOWN, SERVER_UUID)


async def test_the_values_of_a_product_that_keeps_them_can_be_brought_where_the_token_is_known(stage):
    """B1.2: it was read back before, so its values are new here, and then known."""
    await put(stage, token_digest=IN_USE.digest, expiry=Expiry(IN_USE.expires_at, Basis.READ_BACK))

    assert isinstance(await bring(stage, the_values()), Taken)
    assert await refusal(stage, the_values(), key="again") is Code.DUPLICATE


async def test_an_expired_token_is_refused(stage):
    """B5.1: it makes nothing known."""
    old = an_envelope(CERTIFICATE, START - 366 * DAY).token

    assert await refusal(stage, the_values(old)) is Code.EXPIRED


@pytest.mark.parametrize(
    "words",
    [
        {"issued_at": ISSUED_AT + MINUTE},
        {"expiry": Expiry(IN_USE.expires_at + DAY, Basis.READ_BACK)},
    ],
    ids=["by its issue", "by its end"],
)
async def test_a_token_older_than_the_one_in_use_is_refused(stage, words):
    """B5.1: a newer download has made it worthless."""
    await put(stage, token_digest="newer", **words)

    assert await refusal(stage, the_values()) is Code.OLDER


async def test_a_date_that_somebody_guessed_makes_no_token_old(stage):
    """B1.2: an estimate is called one."""
    await put(stage, token_digest="another", expiry=Expiry(IN_USE.expires_at + DAY, Basis.ESTIMATED))

    assert isinstance(await bring(stage, the_values()), Taken)


async def test_after_the_click_nothing_is_brought(stage, keypair):
    """B4.3: what was in use before is dead."""
    await stage.ask(EventKind.ROTATE)
    rotation = await stage.until(State.AWAITING_TOKEN)
    await stage.put(replace(rotation, state=State.CHECKED))

    assert await refusal(stage, the_values()) is Code.TOO_LATE


async def test_the_token_of_another_service_is_refused(stage):
    """B5.4: Apple says whose it is; what is known of either service tells it apart."""
    await put(stage, server_uuid="ANOTHER")

    assert await refusal(stage, the_values()) is Code.WRONG_SERVER


@pytest.mark.parametrize("words", [{"token_digest": IN_USE.digest}, {"server_uuid": SERVER_UUID}], ids=str)
async def test_the_token_that_another_service_works_with_is_refused(stage, words):
    """B5.4: where nothing is known of this service yet, the other one gives it away."""
    stage.serve(a_service("labs"), FakeTarget("labs"))
    other = replace(InstalledToken("labs", TokenState.VALID, since=START), **words)
    await stage.ledger.write(lambda change: change.tokens.record(other))

    assert await refusal(stage, the_values()) is Code.WRONG_SERVER


async def test_apple_being_away_holds_nothing_up(stage, monkeypatch):
    """B1.3: unreachable is unknown; the probe tells later."""
    monkeypatch.setattr("tokenward.rotation.accept_token.APPLE_SECONDS", 0.01)

    async def never(*_) -> Reading:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(FakeWitness, "account", never)

    assert isinstance(await bring(stage, the_values()), Taken)


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b"", Code.NOT_AN_ENVELOPE, "an empty file"),
        (an_envelope(CERTIFICATE).body, Code.NOT_AN_ENVELOPE, "a server token file"),
        (b'{"specversion": "1.0"}', Code.VALUE_MISSING, "consumer_key"),
        (one_line_of_json({**VALUES, "access_secret": ""}), Code.VALUE_MISSING, "access_secret"),
        (one_line_of_json({**VALUES, "access_token_expiry": "2027-03-01"}), Code.VALUE_MISSING, "access_token_expiry"),
        (b" " * 70_000 + the_values(), Code.NOT_AN_ENVELOPE, "70"),
    ],
    ids=["empty", "envelope", "other JSON", "empty value", "no instant", "too large"],
)
async def test_what_is_no_token_is_called_what_it_is(stage, body, code, said):
    """B5.1: each with its own sentence, and no value in it."""
    verdict = await bring(stage, body)

    assert isinstance(verdict, Refused)
    assert verdict.finding.code is code
    assert said in verdict.finding.happened
    secrets = [value for name, value in VALUES.items() if name != "access_token_expiry"]
    assert not any(value in verdict.finding.text() for value in secrets)


async def test_it_is_taken_for_a_service_only(stage):
    """B1.3: nobody guesses whose it is."""
    assert await refusal(stage, the_values(), service=None) is Code.NOT_AN_EVENT
    assert await refusal(stage, the_values(), service="nobody") is Code.UNKNOWN_SERVICE
    assert await refusal(stage, the_values(), kind=EventKind.CERTIFICATE_NEW) is Code.NOT_AN_EVENT


@given(st.one_of(st.binary(max_size=300), st.dictionaries(st.sampled_from(list(VALUES)), st.text()).map(json.dumps)))
def test_any_file_is_a_token_or_a_refusal(body):
    """Promise 5: and nothing else."""
    with suppress(NeedsOperator):
        _parsed(body if isinstance(body, bytes) else body.encode())
