"""Whether a certificate that somebody brings is taken, by who holds the service's key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from tokenward.crypto.certificate import parse_certificate
from tokenward.model.certificate import Certificate
from tokenward.model.event import Attachment, Event
from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.model.service import Keyholder
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import ServiceWorld, World
from tokenward.rotation.record import StoredCertificate


@dataclass(frozen=True, slots=True)
class AcceptedCertificate:
    """A well-formed certificate for a service whose keyholder lets somebody bring one."""

    certificate: Certificate
    service: str
    must_equal_fetched: bool
    """Whether the target gives its certificate out, so that only that very one will do."""

    @classmethod
    def of(cls, event: Event, attachment: Attachment, world: World, now: datetime) -> Self:
        """Return the certificate in *attachment*.

        Raises:
            NeedsOperator: It is none, too weak, for nobody, or not for anybody to bring.
        """
        certificate = parse_certificate(attachment.body, now)
        if event.service is None:
            raise NeedsOperator(_no_service(attachment.name, world))
        served = world.services[event.service]
        if served.service.keyholder is Keyholder.TOKENWARD:
            raise NeedsOperator(_not_wanted(event.service))
        return cls(certificate, event.service, must_equal_fetched=_is_fetched(served))

    @property
    def id(self) -> str:
        """The certificate's fingerprint."""
        return self.certificate.fingerprint

    def keep(self, change: Change, now: datetime) -> tuple[str, ...]:
        """Put the certificate on record.

        Raises:
            NeedsOperator: It was dropped before, or the target gave out another one.
        """
        known = change.certificates.find(self.service, self.id)
        if known is not None and known.origin == "dropped":
            raise NeedsOperator(_again(self.service, known.recorded_at))
        if self.must_equal_fetched:
            latest = change.certificates.latest(self.service)
            if latest is None or latest.certificate.fingerprint != self.id:
                raise NeedsOperator(_not_from_target(self.service))
            return self.certificate.warnings
        change.certificates.add(StoredCertificate(self.certificate, self.service, "dropped", now))
        details = {"fingerprint": self.id, "subject": self.certificate.subject}
        change.audit.record(now, "certificate.recorded", self.service, details)
        return self.certificate.warnings


def _is_fetched(served: ServiceWorld) -> bool:
    return served.service.keyholder is Keyholder.TARGET and served.targets[0].abilities.key_policy.is_fetched


def _no_service(name: str, world: World) -> Finding:
    known = sorted(world.services)
    example = known[0] if known else "main"
    return Finding(
        Code.UNKNOWN_SERVICE,
        f"The certificate {name!r} is for no service that is known here.",
        "It was not used, and nothing was changed.",
        f"Name the file after its service, such as {example}.pem, or put it into a folder of that name. Services: "
        f"{', '.join(known) or 'none yet'}.",
    )


def _not_wanted(service: str) -> Finding:
    return Finding(
        Code.KEYHOLDER,
        f"Tokenward makes the certificates of {service} itself.",
        "The dropped one was not used: nobody here has its private key.",
        f'If somebody else holds the key of {service}, set keyholder = "operator" (or "target") for it and drop the '
        "certificate again.",
    )


def _not_from_target(service: str) -> Finding:
    return Finding(
        Code.NOT_FROM_TARGET,
        f"The certificate is not the one that the target of {service} gave out.",
        "A token made for it could not be opened there, so it was not used.",
        f"Nothing has to be dropped for {service}: its certificate is fetched by itself when it is needed. To start "
        f"now: tokenward rotate {service}",
    )


def _again(service: str, when: datetime) -> Finding:
    return Finding(
        Code.DUPLICATE,
        f"This certificate was dropped for {service} before, on {when:%Y-%m-%d at %H:%M} UTC.",
        "Nothing was changed.",
        f"For a new token with the same certificate: tokenward rotate {service}",
    )
