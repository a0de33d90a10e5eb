"""Certificates by service, with the sealed private keys that are ours."""

import sqlite3
from typing import Final

from tokenward.model.certificate import AnyRecipient, Certificate, KeyRecipient, Recipient
from tokenward.rotation.record import StoredCertificate
from tokenward.store.columns import insert_into, instant, items, list_text, micros, take_new

_COLUMNS: Final = (
    "service",
    "fingerprint",
    "der",
    "recipient_issuer",
    "recipient_serial",
    "key_identifier",
    "key_digest",
    "subject",
    "issuer",
    "not_before",
    "not_after",
    "key_bits",
    "warnings",
    "origin",
    "recorded_at",
    "rotation",
    "visit",
    "sealed_key",
)
_TOLD_ANEW: Final = ("origin", "rotation", "visit", "recorded_at")
_ADD: Final = (
    insert_into("certificate", _COLUMNS)
    + f" on conflict (service, fingerprint) do update set {take_new(_TOLD_ANEW)},"
    + " sealed_key = coalesce(excluded.sealed_key, sealed_key)"
)
_NEWEST_FIRST: Final = "order by recorded_at desc, rowid desc"


class CertificateTable:
    """Certificates, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def add(self, stored: StoredCertificate) -> None:
        """Keep it; adding it again makes it the latest of its service, and loses no key kept with it."""
        certificate = stored.certificate
        row = {
            "service": stored.service,
            "fingerprint": certificate.fingerprint,
            "der": certificate.der,
            "recipient_issuer": certificate.recipient.issuer,
            "recipient_serial": certificate.recipient.serial,
            "key_identifier": certificate.key_identifier,
            "key_digest": certificate.key_digest,
            "subject": certificate.subject,
            "issuer": certificate.issuer,
            "not_before": micros(certificate.not_before),
            "not_after": micros(certificate.not_after),
            "key_bits": certificate.key_bits,
            "warnings": list_text(certificate.warnings),
            "origin": stored.origin,
            "recorded_at": micros(stored.recorded_at),
            "rotation": stored.rotation,
            "visit": stored.visit,
            "sealed_key": stored.sealed_key,
        }
        self._connection.execute(_ADD, row)

    def find(self, service: str, fingerprint: str) -> StoredCertificate | None:
        """Return one certificate of one service."""
        return self._first("where service = ? and fingerprint = ?", service, fingerprint)

    def of_visit(self, rotation: str, visit: int) -> StoredCertificate | None:
        """Return the certificate recorded for this visit of this rotation to ``certificate_ready``."""
        return self._first("where rotation = ? and visit = ?", rotation, visit)

    def latest(self, service: str) -> StoredCertificate | None:
        """Return the most recently recorded certificate of *service*."""
        return self._first("where service = ?", service)

    def named_by(self, recipient: AnyRecipient) -> tuple[StoredCertificate, ...]:
        """Return every certificate, of any service, that *recipient* names, newest first."""
        match recipient:
            case Recipient():
                where = "where recipient_serial = ? and recipient_issuer = ?"
                return self._all(where, recipient.serial, recipient.issuer)
            case KeyRecipient():
                return self._all("where key_identifier = ?", recipient.key_identifier)

    def _first(self, where: str, *values: object) -> StoredCertificate | None:
        return next(iter(self._all(where, *values, limit=1)), None)

    def _all(self, where: str, *values: object, limit: int = -1) -> tuple[StoredCertificate, ...]:
        query = f"select * from certificate {where} {_NEWEST_FIRST} limit ?"  # noqa: S608  *where* is a constant
        return tuple(_stored(row) for row in self._connection.execute(query, (*values, limit)))


def _stored(row: sqlite3.Row) -> StoredCertificate:
    certificate = Certificate(
        der=row["der"],
        recipient=Recipient(row["recipient_issuer"], row["recipient_serial"]),
        key_identifier=row["key_identifier"],
        fingerprint=row["fingerprint"],
        key_digest=row["key_digest"],
        subject=row["subject"],
        issuer=row["issuer"],
        not_before=instant(row["not_before"]),
        not_after=instant(row["not_after"]),
        key_bits=row["key_bits"],
        warnings=items(row["warnings"]),
    )
    return StoredCertificate(
        certificate,
        service=row["service"],
        origin=row["origin"],
        recorded_at=instant(row["recorded_at"]),
        rotation=row["rotation"],
        visit=row["visit"],
        sealed_key=row["sealed_key"],
    )
