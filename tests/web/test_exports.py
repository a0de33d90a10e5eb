"""What the control socket gives out: the certificate for Apple, and the envelope for plan B."""

import base64
from dataclasses import replace

import httpx2
import pytest

from fakes.target import FakeTarget
from fakes.world import START, Stage, a_service, an_envelope
from tokenward.crypto.certificate import parse_certificate
from tokenward.model.event import EventKind
from tokenward.model.rotation import State
from tokenward.model.service import Keyholder
from tokenward.model.target import KeyPolicy
from tokenward.web.apps import control_app
from tokenward.web.control_reads import ControlReads
from tokenward.web.exports import Exports
from web.scene import BUILD


@pytest.fixture
async def stage(tmp_path):
    """Give a core that makes the keys of ``main`` itself."""
    service = a_service(keyholder=Keyholder.TOKENWARD)
    opened = Stage(tmp_path, FakeTarget(key_policy=KeyPolicy.NOT_FETCHED), service=service)
    yield opened
    await opened.ledger.close()


@pytest.fixture
async def client(stage):
    """Give a client of its control socket."""
    exports = Exports(stage.tools, stage.present)
    reads = ControlReads(stage.ledger, stage.present, stage.clock, BUILD)
    app = control_app(reads, exports.routes())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://tokenward") as client:
        yield client


async def asked(stage):
    """Have a person asked for a new token, and return the certificate that it is to be made for."""
    await stage.ask(EventKind.ROTATE)
    rotation = await stage.until(State.AWAITING_TOKEN)
    return await stage.ledger.read(lambda change: change.certificates.find("main", rotation.certificate))


async def test_the_certificate_of_the_open_rotation_is_given_out(client, stage):
    """A5, A12: the one to upload now."""
    stored = await asked(stage)

    answer = (await client.get("/v1/services/main/certificate")).json()

    assert answer["fingerprint"] == stored.certificate.fingerprint
    assert parse_certificate(answer["pem"].encode(), START).der == stored.certificate.der


async def test_else_that_of_the_token_in_use(client, stage):
    """A3: the token was made for it."""
    stored = await asked(stage)
    await stage.hand_over(an_envelope(stored.certificate, stage.clock.now()))
    await stage.until(State.DONE)

    answer = (await client.get("/v1/services/main/certificate")).json()

    assert answer["fingerprint"] == stored.certificate.fingerprint


async def test_the_envelope_is_given_out_as_it_came_and_that_is_on_record(client, stage):
    """B4.5: Apple's own bytes, after the click; promise 7: in the audit record."""
    stored = await asked(stage)
    made = an_envelope(stored.certificate, stage.clock.now())
    await stage.hand_over(made)
    await stage.engine.settle_pending()
    assert (await stage.opened()).state is State.RECEIVED

    answer = (await client.post("/v1/services/main/envelope")).json()

    assert base64.b64decode(answer["content_base64"]) == made.body
    assert (answer["file_name"], answer["digest"]) == (made.name, made.digest)
    assert await stage.audited("envelope.exported") == [{"digest": made.digest}]


async def test_the_envelope_of_the_token_in_use_is_given_out_while_a_new_one_is_only_asked_for(client, stage):
    """B4.5: before the click the old one is the one that works."""
    stored = await asked(stage)
    made = an_envelope(stored.certificate, stage.clock.now())
    await stage.hand_over(made)
    await stage.until(State.DONE)
    await asked(stage)

    answer = (await client.post("/v1/services/main/envelope")).json()

    assert answer["digest"] == made.digest


async def test_where_there_is_none_that_is_said_and_nothing_is_on_record(client, stage):
    """Promise 5: a clear error."""
    certificate = await client.get("/v1/services/main/certificate")
    envelope = await client.post("/v1/services/main/envelope")

    assert (certificate.status_code, envelope.status_code) == (404, 404)
    assert certificate.json()["happened"] == "No certificate of main for Apple is on record yet."
    assert envelope.json()["happened"] == "No token file of main is kept here."
    assert await stage.audited("envelope.exported") == []


async def test_a_broken_seal_gives_nothing_out_and_says_so(client, stage):
    """Promise 4: and the record does not say that something went out."""
    stored = await asked(stage)
    made = an_envelope(stored.certificate, stage.clock.now())
    await stage.hand_over(made)
    await stage.engine.settle_pending()

    def spoil(change):
        kept = change.envelopes.find(made.digest)
        change.envelopes.add(replace(kept, sealed=kept.sealed[:-1] + bytes([kept.sealed[-1] ^ 1])))

    await stage.ledger.write(spoil)

    answer = await client.post("/v1/services/main/envelope")

    assert (answer.status_code, answer.json()["code"]) == (400, "TW503")
    assert await stage.audited("envelope.exported") == []


async def test_an_envelope_is_not_given_out_by_looking(client):
    """Promise 7: what is on record is asked for; nothing happens on a GET."""
    assert (await client.get("/v1/services/main/envelope")).status_code == 405


@pytest.mark.parametrize(("method", "what"), [("GET", "certificate"), ("POST", "envelope")])
async def test_an_unknown_service_has_neither(client, method, what):
    """Promise 5: those that there are, are named."""
    answer = await client.request(method, f"/v1/services/nobody/{what}")

    assert (answer.status_code, answer.json()["code"]) == (404, "TW114")
