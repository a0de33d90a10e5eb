"""The demonstration: a year in the life of two services, told in five scenes, each proven before the next."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tokenward.app.stage import Stage, openssl_certificate
from tokenward.crypto.certificate import parse_certificate
from tokenward.crypto.envelope import parse_envelope
from tokenward.crypto.keypair import LoadedKeypair
from tokenward.crypto.opening import open_envelope
from tokenward.model.finding import Code, TokenwardError
from tokenward.model.instant import DAY, parse_instant
from tokenward.model.rotation import Cause, State, shown_cause
from tokenward.model.secret import Secret
from tokenward.model.token import DEAD, ServerToken
from tokenward.rotation.keys import token_from_json
from tokenward.wire.client import HttpPeer, basic_auth

MAIN: Final = "main"
LABS: Final = "labs"
KIM: Final = "kim@corp.example"
BEFORE_THE_END: Final = 44 * DAY
"""How long before the first token's end the clock is stepped to: inside the default of ``renew_before``."""
SHOWN_METRICS: Final = (
    "tokenward_token_days_until_expiry",
    "tokenward_token_proof_rung",
    "tokenward_rotations_total",
    "tokenward_outage_seconds_total",
)


@dataclass(frozen=True, slots=True)
class Played:
    """One rotation, as it ended."""

    service: str
    cause: str
    state: str
    rung: int | None
    seconds: float
    """Real time from the event's commit to proof."""
    days_until_expiry: float
    old_token_refused: bool | None
    """Whether the stand-in refuses the token from before; None where there was none."""

    @property
    def is_well(self) -> bool:
        """Whether it is done and left no old token alive."""
        return self.state == State.DONE and self.old_token_refused is not False


@dataclass(frozen=True, slots=True)
class Result:
    """The whole demonstration."""

    played: tuple[Played, ...]
    metrics: tuple[str, ...]
    """Lines of ``/metrics``, as they were read over HTTP."""

    @property
    def is_well(self) -> bool:
        """Whether everything is as it should be."""
        return len(self.played) == len(SCENES_PLAYED) and all(one.is_well for one in self.played)

    def as_json(self) -> Mapping[str, object]:
        """Return the object that ``demo --json`` prints."""
        return {"ok": self.is_well, "rotations": [asdict(one) for one in self.played]}


SCENES_PLAYED: Final = (
    (MAIN, Cause.UNLINKED),
    (LABS, Cause.CERTIFICATE),
    (MAIN, Cause.PASSWORD),
    (LABS, Cause.PASSWORD),
    (MAIN, Cause.CUSTODIAN),
    (LABS, Cause.CUSTODIAN),
    (MAIN, Cause.EXPIRY),
    (LABS, Cause.EXPIRY),
)
"""Which rotations there must have been in the end, each exactly once."""


class Narrator(Protocol):
    """Tells what is going on, to whoever watches."""

    def scene(self, title: str, text: str) -> None:
        """Begin a scene."""
        ...

    def proven(self, played: Played) -> None:
        """A rotation has come to its end."""
        ...


class Demo:
    """Plays the scenes on a stage."""

    def __init__(self, stage: Stage, narrator: Narrator) -> None:
        """Play on *stage* and have *narrator* tell it."""
        self._stage = stage
        self._narrator = narrator
        self._tokens = _OldTokens(stage)
        self._played: list[Played] = []

    async def play(self) -> Result:
        """Play everything and return how it went.

        Raises:
            TimeoutError: A scene did not come to its end.
        """
        await self._link()
        await self._certificate()
        await self._password()
        await self._departure()
        await self._year_end()
        return Result(tuple(self._played), await self._metrics())

    async def _link(self) -> None:
        self._narrator.scene("A new service is linked", "main has never had a token; nobody has to do anything.")
        await self._proven(0, MAIN, MAIN)

    async def _certificate(self) -> None:
        self._narrator.scene("A certificate is dropped", "labs waits for one; the openssl program has just made it.")
        mark = self._stage.stopwatch.mark()
        await self._drop_certificate("labs-first")
        await self._proven(mark, LABS, LABS)

    async def _password(self) -> None:
        self._narrator.scene("The custodian's password changes", "kim downloaded both tokens, so both are made anew.")
        await self._tokens.remember()
        mark = self._stage.stopwatch.mark()
        self._stage.drop_event("password.changed", KIM)
        await self._proven(mark, MAIN, "password.changed")
        await self._proven(mark, LABS, "password.changed")

    async def _departure(self) -> None:
        self._narrator.scene(
            "The custodian leaves", "ana, the deputy, steps in, with new keys; labs needs a certificate."
        )
        await self._tokens.remember()
        mark = self._stage.stopwatch.mark()
        self._stage.drop_event("employment.ended", KIM)
        await self._proven(mark, MAIN, "employment.ended")
        await self._drop_certificate("labs-second")
        await self._proven(mark, LABS, "employment.ended")

    async def _year_end(self) -> None:
        self._narrator.scene("The year draws to its end", "The clock is stepped to 44 days before the tokens expire.")
        await self._tokens.remember()
        mark = self._stage.stopwatch.mark()
        ends_at = parse_instant(await self._expiry_of(MAIN))
        await self._stage.step_clock(ends_at - BEFORE_THE_END - self._stage.clock.now())
        await self._proven(mark, MAIN, MAIN)
        await self._proven(mark, LABS, LABS)

    async def _drop_certificate(self, name: str) -> None:
        certificate, key = await asyncio.to_thread(openssl_certificate, self._stage.folder, name)
        self._tokens.keys.append((certificate, key))
        self._stage.drop("certificates", f"{LABS}.pem", certificate)

    async def _proven(self, mark: int, service: str, begun_by: str) -> None:
        """Wait until *service* is proven and done, and tell it."""
        stopwatch = self._stage.stopwatch
        begun_at = await stopwatch.first(mark, "event.taken", begun_by)
        proven_at = await stopwatch.first(mark, f"{State.INSTALLED}.advanced", service)
        await stopwatch.first(mark, f"{State.PROVEN}.advanced", service)
        records = await self._stage.core.ledger.look(lambda views: views.services())
        done, token = records[service].last_done, records[service].token
        if done is None or token is None or token.expiry is None:
            raise LookupError(f"nothing is on record about the rotation of {service}")
        played = Played(
            service=service,
            cause=shown_cause(done.causes).value,
            state=done.state.value,
            rung=done.rung,
            seconds=round(proven_at - begun_at, 3),
            days_until_expiry=round(token.expiry.days_left(self._stage.clock.now()), 2),
            old_token_refused=await self._tokens.is_refused(service),
        )
        self._played.append(played)
        self._narrator.proven(played)

    async def _expiry_of(self, service: str) -> str:
        records = await self._stage.core.ledger.look(lambda views: views.services())
        token = records[service].token
        if token is None or token.expiry is None:
            raise LookupError(f"the token of {service} is not known")
        return token.expiry.at.isoformat()

    async def _metrics(self) -> tuple[str, ...]:
        """Read ``/metrics`` over HTTP, as Prometheus does."""
        daemon = self._stage.daemon
        if daemon is None or daemon.faces is None:
            return ()
        peer = HttpPeer("The daemon", f"http://{daemon.faces.metrics}", unreachable=Code.TARGET_UNREACHABLE)
        answer = await peer.send("GET", "/metrics")
        lines = answer.body.decode().splitlines()
        return tuple(line for line in lines if line.startswith(SHOWN_METRICS) and not line.endswith(" 0.0"))


class _OldTokens:
    """Keeps the tokens in use, so that afterwards the stand-in can be asked whether it still takes them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._kept: dict[str, ServerToken] = {}
        self.keys: list[tuple[bytes, bytes]] = []
        """Certificates and keys of labs, which the openssl program made."""

    async def remember(self) -> None:
        """Look up the token that each service works with now."""
        self._kept = {MAIN: await self._of_main(), LABS: await self._of_labs()}

    async def is_refused(self, service: str) -> bool | None:
        """Return whether Apple refuses the token that *service* had before."""
        token = self._kept.get(service)
        if token is None:
            return None
        served = self._stage.core.world.services[service]
        reading = await served.witness.account(served.organisation, token)
        return reading.verdict in DEAD

    async def _of_main(self) -> ServerToken:
        """Return what the small device management service holds."""
        stand_in = self._stage.stand_in
        peer = HttpPeer("The product", stand_in.nanodep, unreachable=Code.TARGET_UNREACHABLE)
        login = basic_auth("depserver", stand_in.nanodep_api_key)
        answer = await peer.send("GET", f"/v1/tokens/{MAIN}", headers={"Authorization": login})
        return token_from_json(Secret(answer.body))

    async def _of_labs(self) -> ServerToken:
        """Open the installed file with the key that belongs to it."""
        installed = parse_envelope((self._stage.folder / "targets" / LABS / f"{LABS}.p7m").read_bytes())
        for certificate, key in reversed(self.keys):
            try:
                return open_envelope(installed, _keypair(certificate, key, self._stage))
            except TokenwardError:
                continue
        raise LookupError("no key opens the installed file")


def _keypair(certificate: bytes, key: bytes, stage: Stage) -> LoadedKeypair:
    private_key = load_pem_private_key(key, password=None)
    if not isinstance(private_key, RSAPrivateKey):
        raise TypeError("openssl was asked for an RSA key")
    return LoadedKeypair(parse_certificate(certificate, stage.clock.now()), private_key)


async def play(folder: Path, narrator: Narrator) -> Result:
    """Play the whole demonstration in *folder* and return how it went."""
    async with Stage(folder) as stage:
        return await Demo(stage, narrator).play()
