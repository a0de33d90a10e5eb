"""What is on record about certificates and their keys, looked up without a daemon and without changing anything."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tokenward.app.secrets import read_secrets
from tokenward.app.settings import Settings
from tokenward.cli.at_rest import record_of
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.crypto import BadSealKey
from tokenward.crypto.sealing import Sealer, parse_seal_key
from tokenward.model.certificate import AnyRecipient, Certificate
from tokenward.model.envelope import Envelope
from tokenward.model.finding import NeedsOperator
from tokenward.model.token import ServerToken
from tokenward.rotation.keys import open_with
from tokenward.rotation.record import StoredCertificate
from tokenward.store.views import Views


@dataclass(frozen=True, slots=True)
class KeptCertificates:
    """The certificates on record, and what opens their keys."""

    views: Views
    sealer: Sealer | None
    """None: the seal key can't be read by whoever asks, so that nothing is opened."""

    def services_of(self, recipient: AnyRecipient) -> tuple[str, ...]:
        """Return the services one of whose certificates *recipient* names."""
        return _services(self.views.certificates_named_by(recipient))

    def services_with(self, certificate: Certificate) -> tuple[str, ...]:
        """Return the services that *certificate* is on record for."""
        alike = self.views.certificates_named_by(certificate.recipient)
        return _services(tuple(one for one in alike if one.certificate.fingerprint == certificate.fingerprint))

    def opened(self, envelope: Envelope) -> ServerToken | None:
        """Return what is inside, or None where no key of ours is the one that it was made for, or none can be read.

        Raises:
            TokenwardError: The key that it names does not open it.
        """
        if self.sealer is None:
            return None
        meant = (one for recipient in envelope.recipients for one in self.views.certificates_named_by(recipient))
        ours = next((one for one in meant if one.sealed_key is not None), None)
        return open_with(envelope, ours, self.sealer) if ours else None


@contextmanager
def kept_certificates(invocation: Invocation) -> Iterator[KeptCertificates | None]:
    """Give what is on record; None where there is no configuration, or no record that may be read.

    Raises:
        Failed: A configuration was named, and there is none there.
        ConfigInvalid: It was named, and can't be used.
    """
    settings = _settings(invocation)
    if settings is None:
        yield None
        return
    with ExitStack() as stack:
        views = _opened_record(settings, invocation, stack)
        yield KeptCertificates(views, _sealer(settings, invocation)) if views else None


def _opened_record(settings: Settings, invocation: Invocation, stack: ExitStack) -> Views | None:
    try:
        return stack.enter_context(record_of(settings))
    except NeedsOperator as error:
        invocation.say(f"Whose files these are can't be looked up: {error.finding.happened}")
    except PermissionError:
        invocation.say("Whose files these are is not looked up: the record is for the daemon's user and root.")
    return None


def _settings(invocation: Invocation) -> Settings | None:
    try:
        return invocation.settings()
    except (Failed, NeedsOperator) as error:
        if invocation.config is not None:
            raise
        if not (isinstance(error, Failed) and error.code is Exit.CONFIGURATION):
            invocation.say("The configuration can't be used, so whose files these are is not looked up.")
        return None


def _sealer(settings: Settings, invocation: Invocation) -> Sealer | None:
    ref = settings.daemon.seal_key
    read = read_secrets({"daemon.seal_key": ref}, invocation.environment)
    if read.problems:
        return None
    try:
        return Sealer(parse_seal_key(read.reveal(ref).reveal()), os.urandom)
    except BadSealKey as error:
        invocation.say(f"Nothing can be opened here: {error.finding.happened}")
        return None


def _services(stored: tuple[StoredCertificate, ...]) -> tuple[str, ...]:
    return tuple(sorted({one.service for one in stored}))
