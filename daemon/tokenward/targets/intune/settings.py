"""What can be set for one token of one Intune tenant."""

import re
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from tokenward.schema.account import Account
from tokenward.schema.fault import Fault
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.web_url import AnyWebUrl, WebUrl
from tokenward.targets import TargetSection
from tokenward.wire.settings import PeerSection

_TENANT: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


class Encoding(StrEnum):
    """How a token file is written where Intune wants a text."""

    AUTO = "auto"
    """As text, and in base64 where that is not taken."""
    TEXT = "text"
    """As it is: S/MIME text."""
    BASE64 = "base64"
    """The whole file in base64."""


def parse_tenant(value: str) -> str:
    """Return *value* if it can name a tenant in an address.

    Raises:
        Fault: It can't.
    """
    if not _TENANT.fullmatch(value):
        raise Fault("this is no tenant", "the tenant's id or one of its domains, such as corp.onmicrosoft.com")
    return value


class Settings(TargetSection, PeerSection):
    """One token of one Intune tenant."""

    kind: Literal["intune"]
    url: AnyWebUrl = "https://graph.microsoft.com"
    """Where Microsoft Graph is reached."""
    tenant: Annotated[str, AfterValidator(parse_tenant)]
    """Entra's tenant: its id, or one of its domains."""
    client_id: Annotated[str, Field(min_length=1)]
    """Application (client) id of the app registration."""
    client_secret: SecretRef
    """Client secret of the app registration; it ends by itself, at a date that Entra shows."""
    login_url: WebUrl | None = None
    """Where Entra gives out access tokens, where that is not `https://login.microsoftonline.com/TENANT/oauth2/v2.0/token`."""
    scope: Annotated[str, Field(min_length=1)] = "https://graph.microsoft.com/.default"
    """What an access token is asked for."""
    token_id: Annotated[str, Field(min_length=1)] | None = None
    """Intune's id of this token; not needed where it has only one."""
    encoding: Encoding = Encoding.AUTO
    """How the token file is written for Intune: `auto` tries the other form where the first is not taken."""
    apple_id: Account | None = None
    """Managed Apple Account that Intune is told where it is not known who downloaded a token."""

    @property
    def token_url(self) -> str:
        """Where access tokens are given out."""
        return self.login_url or f"https://login.microsoftonline.com/{self.tenant}/oauth2/v2.0/token"
