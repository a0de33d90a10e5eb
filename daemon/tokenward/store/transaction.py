"""One transaction from the inside: every concept's table over one connection."""

import sqlite3
from dataclasses import dataclass

from tokenward.store.audit import AuditTable
from tokenward.store.certificates import CertificateTable
from tokenward.store.envelopes import EnvelopeTable
from tokenward.store.inbox import InboxTable
from tokenward.store.links import LinkTable
from tokenward.store.outbox import OutboxTable
from tokenward.store.people import PersonTable
from tokenward.store.probes import ProbeTable
from tokenward.store.retirements import RetirementTable
from tokenward.store.rotations import RotationTable
from tokenward.store.tallies import TallyTable
from tokenward.store.tokens import TokenTable


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a piece of work sees of the store. Satisfies the rotation's ``Change``."""

    inbox: InboxTable
    certificates: CertificateTable
    envelopes: EnvelopeTable
    tokens: TokenTable
    rotations: RotationTable
    people: PersonTable
    links: LinkTable
    probes: ProbeTable
    outbox: OutboxTable
    audit: AuditTable
    tallies: TallyTable
    retirements: RetirementTable

    @classmethod
    def on(cls, connection: sqlite3.Connection) -> "Transaction":
        """Return the tables over *connection*; whoever calls begins and ends the transactions."""
        return cls(
            InboxTable(connection),
            CertificateTable(connection),
            EnvelopeTable(connection),
            TokenTable(connection),
            RotationTable(connection),
            PersonTable(connection),
            LinkTable(connection),
            ProbeTable(connection),
            OutboxTable(connection),
            AuditTable(connection),
            TallyTable(connection),
            RetirementTable(connection),
        )
