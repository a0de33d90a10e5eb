"""Zentral: shows whose token it is and asks Apple when told to; key and file go through its console alone.

Source of every fact: zentralopensource/zentral, ``zentral/contrib/mdm/`` (``api_views/dep.py``,
``api_views/dep_enrollments.py``, ``tasks.py``, ``dep.py``, ``dep_client.py``, ``forms.py``), ``zentral/utils/drf.py``,
``docs/apps/mdm.md`` and the tests of these. What it shows of a server changes with other edits too (``updated_at``), so
no token is told from another by it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from tokenward.model.finding import Code, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import NOTHING_HELD, Abilities, Found, Holding, KeyPolicy, Preflight, Proof, Reading
from tokenward.rotation.ports import Target
from tokenward.schema.secret_ref import SecretRef
from tokenward.targets import TargetSection, target_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer, Lost
from tokenward.wire.findings import in_the_way, let_in, no_verdict
from tokenward.wire.picking import pick
from tokenward.wire.reading import Shown, find_in, read_as
from tokenward.wire.settings import PeerSection

TITLE: Final = "Zentral"
ABILITIES: Final = Abilities(
    kind="zentral",
    title=TITLE,
    summary="Zentral: asks Apple by its token when told to; somebody fetches the key and hands the file over there.",
    key_policy=KeyPolicy.FRESH_BY_HAND,
    installs=False,
    reads_back=True,
    strongest_rung=3,
    verdicts=frozenset(),
    reads_secrets=False,
    least_privilege="A service account with the permission mdm.view_depvirtualserver, and nothing else.",
    tested_against="a fake built from Zentral's source; never run against a real Zentral",
    by_hand=(
        "Before anybody downloads a token: begin to renew it at this virtual server in Zentral, which makes a new key.",
        "Download its public key there, and drop it into certificates/ as the service's certificate.",
        "With the file: go back to that very renewal. Begin no other, which would make another key.",
        "Choose the file whose name ends in .p7m, and save: Zentral asks Apple by it before it keeps it.",
    ),
    finds=True,
)
_SERVERS: Final = "/api/mdm/dep/virtual_servers/"
_PAGE: Final = 500
"""As many as it gives at once."""
_MOST: Final = 2000
"""Beyond so many nobody means one of them, and a list without an end is left."""
_LOOKS: Final = 20
"""How often the same sync is looked for, before another one is asked for."""


class Settings(TargetSection, PeerSection):
    """One virtual server of one Zentral."""

    kind: Literal["zentral"]
    api_token: SecretRef
    """API token of a service account that may view DEP virtual servers."""
    server_id: Annotated[int, Field(ge=1)] | None = None
    """Zentral's number of this virtual server; not needed where it has only one."""


class _Server(Shown):
    """One virtual server, which Zentral makes when it is given a first token."""

    id: int
    name: str = ""
    uuid: UUID
    """Apple's own for the service."""

    @property
    def named(self) -> str:
        return f"{self.id}, {self.name:.60}"

    @property
    def holding(self) -> Holding:
        return Holding(present=True, server_uuid=str(self.uuid))


class _Servers(Shown):
    results: tuple[_Server, ...]
    next: str | None = None


class _Started(Shown):
    task_id: UUID


class _Result(Shown):
    status: str | None = None
    """``SKIPPED`` where another sync was under way; older versions say nothing of it."""


class _Task(Shown):
    status: str
    unready: bool


class _Done(Shown):
    result: _Result


@dataclass(frozen=True, slots=True)
class _Sync:
    """A sync with Apple that was asked for."""

    task_id: UUID
    since: datetime
    """Which handing over it is to prove."""
    looks: int = 0


class Zentral:
    """One virtual server of Zentral's, as far as it can be read."""

    def __init__(self, settings: Settings, api_token: Secret) -> None:
        """Read the server of *settings* by *api_token*."""
        self._server_id = settings.server_id
        self._sync: _Sync | None = None
        self._peer = HttpPeer(
            TITLE,
            settings.url,
            unreachable=Code.TARGET_UNREACHABLE,
            connection=settings.connection(),
            headers={"Authorization": Secret(b"Token " + api_token.reveal())},
        )

    async def preflight(self) -> Preflight:
        """Ask which virtual servers there are (B4.1)."""
        try:
            await self._find()
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        return Preflight(cannot_tell=(_WHICH_KEY,))

    async def read_back(self) -> Holding:
        """Return for which service of Apple's it holds a token."""
        server = await self._find()
        return NOTHING_HELD if server is None else server.holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 3 once a sync with Apple has succeeded that was asked for after *since*; until then a word.

        Zentral makes a new session with Apple for each sync, and Apple lets in none but the token downloaded last. The
        first look asks for a sync, as Zentral's own timetable does anyway, and the next ones look what became of it. A
        restart forgets which one it was, and asks for another.

        Its list of beta tokens would answer at once, but it asks Apple without an end where Apple forbids that list
        (``dep_client.py``, ``send_request``).
        """
        del noted
        server = await self._find()
        if server is None:
            return Proof(0, "Zentral has no virtual server.")
        sync = self._sync
        if sync is None or sync.since != since:
            self._sync = _Sync(await self._start(server), since)
            return _proof(server, 0, "Zentral was asked to speak with Apple; what became of it is looked at next.")
        return await self._outcome(server, sync)

    async def health(self) -> Reading:
        """Return whose token it is, and no verdict: Zentral shows neither date nor state (B10.1)."""
        try:
            server = await self._find()
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        if server is None:
            return Reading(None, "Zentral has no virtual server.", NOTHING_HELD)
        why = "Zentral shows whose token it is; until when it is good, and whether Apple takes it, it does not say."
        return Reading(None, why, server.holding, server_uuid=str(server.uuid))

    async def find_all(self) -> tuple[Found, ...]:
        """Return every virtual server."""
        return tuple(
            Found(one.name, {"server_id": one.id}, one.holding, service_name=one.name) for one in await self._list()
        )

    async def _start(self, server: _Server) -> UUID:
        answer = await self._ask("POST", f"{_SERVERS}{server.id}/sync_devices/")
        return read_as(_Started, answer, TITLE, "did not say whether it speaks with Apple").task_id

    async def _outcome(self, server: _Server, sync: _Sync) -> Proof:
        self._sync = replace(sync, looks=sync.looks + 1) if sync.looks < _LOOKS else None
        answer = await self._ask("GET", f"/api/task_result/{sync.task_id}/")
        task = read_as(_Task, answer, TITLE, "did not say what became of its sync with Apple")
        if task.unready:
            return _proof(server, 0, "Zentral has not told yet what became of its sync with Apple.")
        self._sync = None
        if task.status != "SUCCESS":
            return _proof(server, 0, "Zentral's sync with Apple failed; its log says why. Another one is asked for.")
        done = find_in(_Done, answer)
        if done is None or done.result.status not in {None, "SUCCESS"}:
            return _proof(server, 0, "Zentral did not make that sync with Apple. Another one is asked for.")
        return _proof(server, 3, "Zentral has synced with Apple since, by the token that it has.")

    async def _find(self) -> _Server | None:
        """Return the server that is meant; None where there is none at all, and none was named."""
        return pick(TITLE, "virtual server", await self._list(), "server_id", self._server_id)

    async def _list(self) -> tuple[_Server, ...]:
        servers: tuple[_Server, ...] = ()
        while len(servers) < _MOST:
            answer = await self._ask("GET", _SERVERS, {"limit": str(_PAGE), "offset": str(len(servers))})
            page = read_as(_Servers, answer, TITLE, "did not say which virtual servers it has")
            servers += page.results
            if page.next is None or not page.results:
                break
        return servers

    async def _ask(self, method: str, path: str, query: dict[str, str] | None = None) -> Answer:
        answer = await self._peer.send(method, path, query=query, lost=Lost.HARMLESS)
        return let_in(TITLE, answer, _LET_US_IN)


def _proof(server: _Server, rung: int, why: str) -> Proof:
    return Proof(rung, why, server_uuid=str(server.uuid))


_LET_US_IN: Final = (
    "Set the target's api_token to the token of a service account in Zentral that has the permission "
    "mdm.view_depvirtualserver."
)
_WHICH_KEY: Final = "Which key Zentral has: only its console gives out the certificate, another one for every renewal."


def build(settings: Settings, *, api_token: Secret) -> Target:
    """Return the target, which takes no file from us."""
    return target_of(settings, ABILITIES, Zentral(settings, api_token))
