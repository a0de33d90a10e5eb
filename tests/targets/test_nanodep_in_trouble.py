"""NanoDEP, its small service behind everything that can go wrong on the way."""

import pytest

from contracts.http_target_contract import HttpTargetContract
from fakes.apple_side import a_keypair
from fakes.stand_in import KIM, StandIn
from fakes.troubles import Forward, Troubles
from fakes.web import serving
from targets.nanodep_scene import NAMES, NanoDepCase
from tokenward.crypto import parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.secret import Secret
from tokenward.targets.nanodep import NanoDep, build


class TroubledCase(NanoDepCase):
    """A DEP name that holds a token, behind everything that can go wrong on the way."""

    upload = ("PUT", "/v1/tokenpki/")

    def __init__(self, stand_in: StandIn, troubles: Troubles, url: str) -> None:
        super().__init__(stand_in)
        self.troubles, self.credential = troubles, stand_in.api_key
        behind = self.settings(url=url, timeout="1s")
        self.nanodep = NanoDep(behind, Secret(stand_in.api_key))
        self.target = build(behind, service="main", api_key=Secret(stand_in.api_key))
        self.locked_out = build(behind, service="main", api_key=Secret("wrong"))

    async def wrong_key(self) -> Envelope:
        """Return an envelope for a certificate that NanoDEP never made."""
        foreign = self.stand_in.add_service(next(NAMES), a_keypair("another").certificate)
        return parse_envelope(self.stand_in.download_token(foreign, KIM))

    async def foreign(self) -> Envelope:
        """Return an envelope of another service that was given the same certificate."""
        self.keys += 1
        certificate = (await self.nanodep.fetch_certificate(f"{self.name}-{self.keys}")).decode()
        return parse_envelope(self.stand_in.download_token(self.stand_in.add_service(next(NAMES), certificate), KIM))


class TestNanoDepInTrouble(HttpTargetContract):
    @pytest.fixture
    async def case(self, stand_in):
        """Give a DEP name that holds a token."""
        troubles = Troubles(Forward(stand_in.nanodep))
        async with serving(troubles) as url:
            case = TroubledCase(stand_in, troubles, url)
            await case.install(await case.envelope())
            yield case
