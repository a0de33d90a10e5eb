"""One DEP name of the small device management service, as the contract wants it."""

import itertools

from fakes.stand_in import KIM, StandIn
from fakes.web import NOWHERE
from tokenward.crypto import parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Finding
from tokenward.model.secret import Secret
from tokenward.model.target import Delivery
from tokenward.schema.secret_ref import SecretPlace, SecretRef
from tokenward.targets.nanodep import NanoDep, Settings, build

API_KEY = SecretRef(SecretPlace.CREDENTIAL, "nanodep-api-key")
NAMES = (f"name-{number}" for number in itertools.count())


class NanoDepCase:
    """A DEP name of its own, with a service of its own at Apple."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.name = next(NAMES)
        self.nanodep = NanoDep(self.settings(), Secret(stand_in.api_key))
        self.target = build(self.settings(), service="main", api_key=Secret(stand_in.api_key))
        self.nowhere = build(self.settings(url=NOWHERE), service="main", api_key=Secret("key"))
        self.service: str | None = None
        self.keys = 0

    def settings(self, **words: object) -> Settings:
        """Return the settings of the name."""
        table = {"kind": "nanodep", "url": self.stand_in.nanodep, "dep_name": self.name, "api_key": API_KEY}
        return Settings.model_validate(table | words)

    async def register(self) -> str:
        """Fetch a key, give its certificate to Apple, and return the service's uuid."""
        self.keys += 1
        certificate = (await self.nanodep.fetch_certificate(f"{self.name}-{self.keys}")).decode()
        if self.service is None:
            self.service = self.stand_in.add_service(self.name, certificate)
        else:
            self.stand_in.put_certificate(self.service, certificate)
        return self.service

    async def envelope(self, user: str = KIM) -> Envelope:
        """Return an envelope for a fresh key."""
        return parse_envelope(self.stand_in.download_token(await self.register(), user))

    async def refused(self) -> Finding:
        """Hand over an envelope for a key that a later fetch has overwritten."""
        stale = await self.envelope()
        await self.nanodep.fetch_certificate(f"{self.name}-stray")
        return await self.refusal(stale)

    async def install(self, envelope: Envelope) -> str:
        """Install and return what was noted before."""
        noted = await self.nanodep.note()
        assert (await self.nanodep.install(Delivery("main", envelope))).refusal is None
        return noted

    async def refusal(self, envelope: Envelope) -> Finding:
        """Hand over an envelope, and return why it was refused."""
        receipt = await self.nanodep.install(Delivery("main", envelope))
        assert receipt.refusal is not None
        return receipt.refusal
