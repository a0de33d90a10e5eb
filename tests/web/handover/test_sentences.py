"""What the page says of a file, to somebody who is no administrator."""

import re

import pytest

from tokenward.crypto.kind import FileKind
from tokenward.crypto.refusals import (
    CannotBeOpened,
    Damaged,
    EnvelopeTooLarge,
    NotAnEnvelope,
    OpeningFailure,
    ValueMissing,
)
from tokenward.model.finding import Code, Finding
from tokenward.model.rotation import Cause
from tokenward.model.target import BlockReason
from tokenward.web.handover.sentences import CAUSES, OBSTACLES, TROUBLES, Spoken

NOT_FOR_PEOPLE = re.compile(
    r"`|drop folder|folder for (?!the file)|tokens/|openssl|tokenward |serial number|consumer_key|\bmain\b|"
    r"\d{4}-\d\d-\d\dT|PKCS|\d bytes"
)
"""What somebody with five minutes does not understand, or can't do."""
ENGINES = [
    Finding(Code.NO_KEY, "… no certificate of main.", "Nobody here can open it.", "… put it into tokens/main/. Else …"),
    Finding(Code.EXPIRED, "The token in this file expired on 2025-01-01T00:00:00Z.", "It was not installed.", "…"),
    Finding(Code.OLDER, "This token is older than one that main has already.", "…", "…"),
    Finding(Code.OLDER, "By its name this file was downloaded before main was asked.", "…", "… tokens/main/."),
    Damaged().finding,
    EnvelopeTooLarge(99_999, 65_536).finding,
    CannotBeOpened(OpeningFailure.CONTENT).finding,
    ValueMissing(("consumer_key",)).finding,
]
KINDS = [kind for kind in FileKind if kind is not FileKind.ENVELOPE]


@pytest.mark.parametrize("finding", ENGINES, ids=lambda one: one.code.reason)
def test_what_is_wrong_with_a_token_file_is_said_in_plain_words(finding):
    """B5.1: each with its own sentence; the number stays for whoever helps."""
    spoken = Spoken().of_file(finding)

    assert spoken.code is finding.code
    assert not NOT_FOR_PEOPLE.search(f"{spoken.happened} {spoken.means} {spoken.do}")
    assert all((spoken.happened, spoken.means, spoken.do))


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_file_is_instead_is_said_with_what_to_do(kind):
    """B5.1: no reader of the page is sent to a folder or a shell."""
    spoken = Spoken().of_file(NotAnEnvelope(kind).finding)

    assert not NOT_FOR_PEOPLE.search(f"{spoken.means} {spoken.do}")
    assert kind.phrase in spoken.happened


def test_every_usual_mistake_is_told_apart():
    """B5.1: no two of them are answered alike."""
    kinds = (
        FileKind.CERTIFICATE,
        FileKind.PUSH_CERTIFICATE,
        FileKind.CONTENT_TOKEN,
        FileKind.ARCHIVE,
        FileKind.WEB_PAGE,
        FileKind.EMPTY,
        FileKind.OPENED_TOKEN,
    )
    said = [Spoken().of_file(NotAnEnvelope(kind).finding).do for kind in kinds]

    assert len(set(said)) == len(kinds)


def test_after_a_file_for_another_service_nobody_is_sent_to_the_portal_at_once():
    """B4.2: the same page says that nothing is to be downloaded before *Start now*."""
    assert "Press Start now" in Spoken().wrong_service
    assert "download" not in Spoken().wrong_service


def test_every_cause_obstacle_and_trouble_has_a_sentence():
    """B2.1, B4.1, B6.5: whatever a rotation is opened for or waits for."""
    for told, every in ((CAUSES, Cause), (OBSTACLES, BlockReason), (TROUBLES, BlockReason)):
        assert set(told) == set(every)
        assert all(sentence.endswith(".") and not NOT_FOR_PEOPLE.search(sentence) for sentence in told.values())
