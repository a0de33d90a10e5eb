"""What can be set for a NanoDEP server, and for one DEP name on it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tokenward.schema.fault import Fault
from tokenward.schema.secret_ref import SecretRef
from tokenward.targets import TargetSection
from tokenward.wire.settings import PeerSection


def parse_dep_name(value: str) -> str:
    """Return *value* if it can be a path segment, as DEP names are.

    Raises:
        Fault: It can't.
    """
    if not is_dep_name(value):
        raise Fault(f"{value!r:.60} is no DEP name", "the name as NanoDEP knows it, without a slash")
    return value


def is_dep_name(value: str) -> bool:
    """Return whether *value* can be a path segment."""
    return bool(value) and "/" not in value and value not in {".", ".."} and value.isprintable()


DepName = Annotated[str, AfterValidator(parse_dep_name)]


class Server(TargetSection, PeerSection):
    """A NanoDEP server, for whoever looks around in it."""

    kind: Literal["nanodep"]
    dep_name: DepName | None = None
    """The name under which NanoDEP keeps this service's keys and token."""
    api_key: SecretRef
    validity_days: int = Field(default=30, ge=1, le=825)
    """How long a certificate for Apple is valid: longer than a person may take to upload it."""


class Settings(Server):
    """A service's place in a NanoDEP server: there, a name has to be chosen."""

    dep_name: DepName
