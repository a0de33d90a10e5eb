"""Plain values for tests, each with a few words changed as the test needs it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tokenward.model.certificate import Certificate, Recipient
from tokenward.model.event import Event, EventKind, Way
from tokenward.model.rotation import Cause, Rotation, State
from tokenward.model.token import InstalledToken, TokenState
from tokenward.rotation.record import Message, StoredCertificate, StoredEnvelope

NOW = datetime(2026, 11, 24, 9, 30, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def an_event(key: str = "1", **words: Any) -> Event:
    """Return an event of the control socket."""
    event = Event(source="control", key=key, kind=EventKind.ROTATE, way=Way.CONTROL, received_at=NOW)
    return replace(event, **words)


def a_rotation(rotation_id: str = "r1", **words: Any) -> Rotation:
    """Return a rotation of ``main`` that was opened now."""
    rotation = Rotation(
        id=rotation_id,
        service="main",
        state=State.OPENED,
        revision=0,
        causes=(Cause.EXPIRY,),
        opened_at=NOW,
        entered_at=NOW,
        due_at=NOW + 14 * DAY,
        wake_at=NOW,
    )
    return replace(rotation, **words)


def a_certificate(fingerprint: str = "f1", serial: bytes = b"\x07", key: bytes = b"key 1") -> Certificate:
    """Return a certificate that names itself by *serial* and *key*; its bytes are no real one."""
    return Certificate(
        der=b"der of " + fingerprint.encode(),
        recipient=Recipient(b"issuer", serial),
        key_identifier=key,
        fingerprint=fingerprint,
        key_digest="digest of " + fingerprint,
        subject="CN=main",
        issuer="CN=issuer",
        not_before=NOW,
        not_after=NOW + 365 * DAY,
        key_bits=2048,
        warnings=("negative serial",),
    )


def a_stored_certificate(fingerprint: str = "f1", **words: Any) -> StoredCertificate:
    """Return a dropped certificate of ``main``."""
    stored = StoredCertificate(a_certificate(fingerprint), service="main", origin="dropped", recorded_at=NOW)
    return replace(stored, **words)


def a_stored_envelope(digest: str = "e1", **words: Any) -> StoredEnvelope:
    """Return a sealed envelope of ``main``."""
    stored = StoredEnvelope(digest, "main", NOW, b"sealed envelope", "Main_Token.p7m")
    return replace(stored, **words)


def an_installed_token(**words: Any) -> InstalledToken:
    """Return the installed token of ``main``."""
    return replace(InstalledToken("main", TokenState.VALID, since=NOW), **words)


def a_message(reason_key: str = "asked/r1", **words: Any) -> Message:
    """Return a message to kim."""
    return replace(Message("person:kim", "asked", reason_key, service="main"), **words)
