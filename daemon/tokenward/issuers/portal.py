"""A person, in Apple's portal: Apple offers no call that downloads a token."""

from typing import Literal

from tokenward.issuers import IssuerSection
from tokenward.rotation.ports import Issuer


class Settings(IssuerSection):
    """Nothing to set: who is asked stands in the service."""

    kind: Literal["portal"]


def build(settings: Settings) -> Issuer:
    """Return the issuer that asks a person."""
    return Issuer(settings.kind)
