"""A stage for each test; keys are made once, for they are what takes time here."""

import logging
from datetime import timedelta

import pytest
import structlog

from fakes.target import FakeTarget
from fakes.world import START, Stage, a_service
from rotation.dropping import a_file, drop
from tokenward.crypto.certificate import to_pem
from tokenward.crypto.keypair import make_keypair
from tokenward.model.event import AttachmentRole, EventKind
from tokenward.model.rotation import State
from tokenward.model.service import Keyholder
from tokenward.model.target import KeyPolicy


@pytest.fixture
def target() -> FakeTarget:
    """Return the product of ``main``."""
    return FakeTarget()


@pytest.fixture
async def stage(tmp_path, target):
    """Give a core whose one service is linked by a person, with its key in the product."""
    opened = Stage(tmp_path, target)
    yield opened
    await opened.ledger.close()


@pytest.fixture
async def automatic(tmp_path, target):
    """Give a core whose one service needs no person."""
    opened = Stage(tmp_path, target, service=a_service(issuer="simulator"))
    yield opened
    await opened.ledger.close()


@pytest.fixture(scope="session")
def keypair():
    """Return a keypair whose private key somebody else holds."""
    return make_keypair("main", 4711, START, timedelta(days=365))


@pytest.fixture(scope="session")
def other_keypair():
    """Return another keypair."""
    return make_keypair("other", 4712, START, timedelta(days=365))


@pytest.fixture(autouse=True)
def _quiet():
    """Let the log of hundreds of steps go nowhere."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
async def ours(tmp_path):
    """Give a core that holds the key of ``main`` itself, waits for the file, and knows the certificate."""
    service = a_service(keyholder=Keyholder.TOKENWARD)
    opened = Stage(tmp_path, FakeTarget(key_policy=KeyPolicy.NOT_FETCHED), service=service)
    await opened.ask(EventKind.ROTATE)
    await opened.until(State.AWAITING_TOKEN)
    yield opened
    await opened.ledger.close()


@pytest.fixture
async def theirs(tmp_path, keypair):
    """Give a core where somebody else holds the key of ``main``, whose certificate was dropped."""
    service = a_service(keyholder=Keyholder.OPERATOR)
    opened = Stage(tmp_path, FakeTarget(key_policy=KeyPolicy.NOT_FETCHED), service=service)
    await drop(opened, a_file(AttachmentRole.CERTIFICATE, to_pem(keypair.certificate)))
    yield opened
    await opened.ledger.close()
