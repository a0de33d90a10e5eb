"""One Jamf Pro, as the contract wants it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from contracts.target_contract import LONG_AGO, install
from fakes.apple_side import ANA, FOREIGN_ORG, FOREIGN_UUID, KIM, AppleSide, a_keypair
from fakes.jamf import CLIENT_ID, CLIENT_SECRET, Instance, Jamf
from fakes.troubles import Troubles
from fakes.web import NOWHERE, serving
from tokenward.crypto import parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Finding
from tokenward.model.secret import Secret
from tokenward.targets.jamf import Settings, build

LABS_UUID = "3F2C0000000040008000000000001AB5"
DAY = timedelta(days=1)


class JamfCase:
    """One Jamf Pro with one instance."""

    upload = ("PUT", "/upload-token")
    credential = CLIENT_SECRET

    def __init__(self, jamf: Jamf, troubles: Troubles, url: str) -> None:
        self.jamf, self.troubles, self.url = jamf, troubles, url
        self.apple = jamf.apple
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(client_secret="wrong")

    def build(self, client_secret=CLIENT_SECRET, **words):
        """Return a target of this Jamf Pro, with other settings where *words* says so."""
        table = {
            "kind": "jamf",
            "url": self.url,
            "client_id": CLIENT_ID,
            "client_secret": {"env": "SECRET"},
            "instance_id": "7",
            "timeout": "1s",
        }
        return build(Settings.model_validate(table | words), client_secret=Secret(client_secret))

    async def envelope(self, user=KIM, **words) -> Envelope:
        """Return what somebody downloads for Jamf Pro's certificate, a day later."""
        self.apple.today += DAY
        return parse_envelope(self.apple.download(self.jamf.certificate, user, **words))

    async def wrong_key(self) -> Envelope:
        """Return what was downloaded for the certificate of another Jamf Pro."""
        return parse_envelope(self.apple.download(a_keypair("another").certificate, server_uuid="OTHER"))

    async def foreign(self) -> Envelope:
        """Return what was downloaded in another organisation, where this Jamf Pro's certificate stands too."""
        return await self.envelope(org=FOREIGN_ORG, server_uuid=FOREIGN_UUID)

    async def refused(self) -> Finding:
        """Hand over a token for another key, and return why it is refused."""
        receipt = await install(self.target, await self.wrong_key())
        assert receipt.refusal is not None
        return receipt.refusal

    async def held(self):
        """Return what is read back."""
        return await self.target.read_back.read_back()

    async def proof(self, since=LONG_AGO, noted=""):
        """Return the proof now."""
        return await self.target.prover.prove(noted, since)


def a_jamf() -> Jamf:
    """Return a Jamf Pro with one instance, of Main."""
    jamf = Jamf(AppleSide())
    jamf.holds(jamf.apple.download(jamf.certificate))
    return jamf


def add_labs(jamf: Jamf) -> Instance:
    """Give the tenant a second instance, of Labs, another service of the organisation."""
    return jamf.holds(jamf.apple.download(jamf.certificate, ANA, server_uuid=LABS_UUID), "8", "Labs")


@asynccontextmanager
async def over_http(jamf: Jamf) -> AsyncIterator[JamfCase]:
    """Serve *jamf* while the block lasts, with a clock of its own."""
    troubles = Troubles(jamf.app())
    async with serving(troubles, dates=False) as url:
        yield JamfCase(jamf, troubles, url)
