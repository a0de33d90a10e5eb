"""One tenant with one token, and Entra beside it, as the contract wants them."""

import contextlib
from collections.abc import AsyncIterator

from contracts.target_contract import install
from fakes.apple_side import KIM, AppleSide, a_keypair
from fakes.intune import CLIENT_ID, TENANT, Intune, Setting
from fakes.login import CLIENT_SECRET
from fakes.troubles import Troubles
from fakes.web import NOWHERE, serving
from tokenward.crypto import parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Finding
from tokenward.model.secret import Secret
from tokenward.targets.intune import Settings, build


class IntuneCase:
    """One tenant, which a target speaks with."""

    upload = ("POST", "/uploadDepToken")
    sync = ("POST", "/syncWithAppleDeviceEnrollmentProgram")
    credential = CLIENT_SECRET

    def __init__(self, intune: Intune, troubles: Troubles, url: str, login_url: str) -> None:
        self.intune, self.troubles, self.url = intune, troubles, url
        self.login_url = f"{login_url}/{TENANT}/oauth2/v2.0/token"
        self.apple = intune.apple
        self.seconds = 0.0
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(client_secret="wrong")

    def build(self, client_secret=CLIENT_SECRET, **words):
        """Return a target of this tenant, with other settings where *words* says so."""
        table = {
            "kind": "intune",
            "url": self.url,
            "login_url": self.login_url,
            "tenant": TENANT,
            "client_id": CLIENT_ID,
            "client_secret": {"env": "SECRET"},
            "token_id": "one",
            "apple_id": KIM,
            "timeout": "1s",
        }
        settings = Settings.model_validate(table | words)
        return build(settings, client_secret=Secret(client_secret), steady=lambda: self.seconds)

    async def envelope(self, user=KIM) -> Envelope:
        """Return what somebody downloads for the tenant's certificate."""
        return parse_envelope(self.apple.download(self.intune.certificate, user))

    async def wrong_key(self) -> Envelope:
        """Return what was downloaded for the certificate of another tenant."""
        return parse_envelope(self.apple.download(a_keypair("another").certificate, server_uuid="OTHER"))

    async def foreign(self) -> Envelope | None:
        """Intune shows neither organisation nor service."""
        return None

    async def refused(self) -> Finding:
        """Hand over a token for another key, and return why it is refused."""
        receipt = await install(self.target, await self.wrong_key())
        assert receipt.refusal is not None
        return receipt.refusal

    @property
    def setting(self) -> Setting:
        """The place of its token."""
        return self.intune.settings["one"]

    def syncs_asked_for(self) -> int:
        """Return how often Intune was asked to speak with Apple."""
        return sum(method == self.sync[0] and path.endswith(self.sync[1]) for method, path in self.troubles.seen)

    async def handed_over(self):
        """Install a new token, and return when, and what was noted before."""
        noted = await self.target.installer.note()
        since = self.intune.now
        await install(self.target, await self.envelope())
        return noted, since


@contextlib.asynccontextmanager
async def a_tenant() -> AsyncIterator[IntuneCase]:
    """Give a tenant with one token over HTTP."""
    intune = Intune(AppleSide())
    intune.holds(intune.apple.download(intune.certificate))
    troubles = Troubles(intune.app())
    async with serving(troubles) as url, serving(intune.entra.app()) as login_url:
        yield IntuneCase(intune, troubles, url, login_url)
