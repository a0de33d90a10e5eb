"""The messages that decisions ask for, by name and words; their texts are made where they are sent."""

from enum import StrEnum


class Template(StrEnum):
    """What somebody is told, with the words that come with it."""

    ROTATION_NEEDED = "rotation.needed"
    """A watched service needs a new token: ``service``, ``cause``, ``due_at``, ``why``."""
    CUSTODIAN_CHANGE = "custodian.change"
    """The custodian of a service changes and the configuration says only to warn: ``service``, ``why``."""
    DEPUTY_CHANGE = "deputy.change"
    """A deputy or an acceptor of the terms is no longer usable: ``person``, ``why``."""
    ROLE_LOST = "role.lost"
    """A person may have lost the role in Apple's portal: ``person``."""
    IDENTIFIER_CHANGED = "identifier.changed"
    """A person has a name that the configuration lacks: ``person``, ``source``, ``trusted`` (or no), ``name``."""
    IDENTIFIER_RECYCLED = "identifier.recycled"
    """A name of a person now belongs to somebody else: ``person``, ``source``, ``name``."""
    IDENTITY_AMBIGUOUS = "identity.ambiguous"
    """An event could mean several people, so nothing was done: ``people``, ``source``, ``name``."""
    PORTAL_DIFFERS = "portal.differs"
    """Apple's record of a service is not as the configuration says: ``difference``."""
    KEY_EXPOSED = "key.exposed"
    """A private key was handed over and must be taken as exposed: ``source``."""
    DOWNLOADER_UNEXPECTED = "downloader.unexpected"
    """The new token was downloaded by somebody who is not named for the service, or who goes: ``account``."""
    STRAY_DOWNLOAD = "download.stray"
    """Somebody seems to have downloaded a token, so who has its file: ``service``, ``until``."""
    TERMS_UNSIGNED = "terms.unsigned"
    """Apple's terms wait to be accepted: ``organisation``."""
