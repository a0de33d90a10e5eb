"""SimpleMDM: shows until when each token is good; the file is handed over in its console.

Source of every fact: SimpleMDM's API reference, "Authentication" (the API key as user name, no password), "Errors",
"Pagination" and "DEP Servers", and macadmins/simpleMDMpy.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from tokenward.model.finding import Code, NeedsOperator, Retryable
from tokenward.model.instant import format_instant
from tokenward.model.secret import Secret
from tokenward.model.target import NOTHING_HELD, Abilities, Found, Holding, KeyPolicy, Preflight, Proof, Reading
from tokenward.rotation.ports import Target
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.web_url import AnyWebUrl
from tokenward.targets import TargetSection, target_of
from tokenward.wire.client import HttpPeer, Lost, basic_auth
from tokenward.wire.findings import in_the_way, let_in, no_date, no_verdict
from tokenward.wire.pacing import Pacing
from tokenward.wire.picking import pick
from tokenward.wire.reading import Moment, Shown, mark_of, read_as
from tokenward.wire.settings import PeerSection

TITLE: Final = "SimpleMDM"
ABILITIES: Final = Abilities(
    kind="simplemdm",
    title=TITLE,
    summary="SimpleMDM: shows until when the token is good; somebody hands the file over in its console.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=False,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(),
    reads_secrets=False,
    least_privilege="An API key that may read DEP servers; that it may sync them too is of use, and not needed.",
    tested_against="a fake built from SimpleMDM's API reference; never run against SimpleMDM",
    by_hand=(
        "Sign in to SimpleMDM, and open its settings for Apple's automated device enrolment.",
        "Find the token of this service there. Choose to renew or replace it; add no new one beside it.",
        "Choose the file whose name ends in .p7m, save, and see that the date of expiry is a year ahead.",
    ),
    finds=True,
)
SYNC_PAUSE: Final = timedelta(minutes=15)
"""How long it is left alone before it is asked again to sync for the same token."""
_PATH: Final = "/api/v1/dep_servers"
_PAGE: Final = 100
"""As many as it gives at once."""
_MOST: Final = 2000
"""Beyond so many nobody means one of them, and a list without an end is left."""


class Settings(TargetSection, PeerSection):
    """One DEP server of one SimpleMDM account."""

    kind: Literal["simplemdm"]
    url: AnyWebUrl = "https://a.simplemdm.com"
    """Where SimpleMDM is reached."""
    api_key: SecretRef
    """API key that may read DEP servers."""
    server_id: Annotated[int, Field(ge=1)] | None = None
    """SimpleMDM's number of this DEP server; not needed where it has only one."""


class _Attributes(Shown):
    server_name: str | None = None
    organization_name: str | None = None
    token_expires_at: Moment | None = None
    last_synced_at: Moment | None = None


class _Server(Shown):
    """One DEP server, and what is shown of its token."""

    id: int
    attributes: _Attributes

    @property
    def named(self) -> str:
        return f"{self.id}, {self.attributes.server_name or 'without a name':.60}"


class _Servers(Shown):
    data: tuple[_Server, ...]
    has_more: bool = False


class SimpleMdm:
    """One DEP server of SimpleMDM's, as far as it can be read."""

    def __init__(self, settings: Settings, api_key: Secret, steady: Callable[[], float]) -> None:
        """Read the account that *api_key* belongs to; *steady* measures what lasts."""
        self._syncs = Pacing(SYNC_PAUSE, steady)
        self._server_id = settings.server_id
        self._peer = HttpPeer(
            TITLE,
            settings.url,
            unreachable=Code.TARGET_UNREACHABLE,
            connection=settings.connection(),
            headers={"Authorization": basic_auth(api_key.reveal_text(), Secret(""))},
        )

    async def preflight(self) -> Preflight:
        """Ask which DEP servers there are (B4.1)."""
        try:
            await self._find()
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        return Preflight(cannot_tell=(_WHICH_KEY,))

    async def read_back(self) -> Holding:
        """Return until when its token is good, which is all by which it can be told from another."""
        server = await self._find()
        return NOTHING_HELD if server is None else _held(server)

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 2: it shows the token.

        That it synced since is said, and is no rung 3: nothing says that ``last_synced_at`` stands still where Apple
        refused. Where it has not, it is asked to, as its own timetable would: Apple's own record can then prove more.
        """
        del noted
        server = await self._find()
        if server is None:
            return Proof(0, "SimpleMDM has no DEP server.")
        synced = server.attributes.last_synced_at
        if synced is not None and synced > since:
            how = "has synced since"
        else:
            how = "has not synced since" + (await self._sync(server) if self._syncs.allows(since) else "")
        return Proof(2, f"SimpleMDM shows the token and {how}; whether Apple takes it, it does not say.")

    async def _sync(self, server: _Server) -> str:
        """Return how SimpleMDM took the request to sync with Apple; the token shows all the same."""
        try:
            answer = await self._peer.send("POST", f"{_PATH}/{server.id}/sync", lost=Lost.HARMLESS)
        except Retryable:
            return ", and gave no answer when it was asked to"
        return f", was asked to, and answered {answer.status}"

    async def health(self) -> Reading:
        """Return until when it is good, and no verdict: what Apple says of the token is not shown (B10.1)."""
        try:
            server = await self._find()
            if server is None:
                return Reading(None, "SimpleMDM has no DEP server.", NOTHING_HELD)
            return Reading(None, _why(server), _held(server))
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)

    async def find_all(self) -> tuple[Found, ...]:
        """Return every DEP server of the account."""
        return tuple(_found(server) for server in await self._list() if server.attributes.token_expires_at)

    async def _find(self) -> _Server | None:
        """Return the server that is meant; None where there is none at all, and none was named."""
        return pick(TITLE, "DEP server", await self._list(), "server_id", self._server_id)

    async def _list(self) -> tuple[_Server, ...]:
        servers: tuple[_Server, ...] = ()
        while len(servers) < _MOST:
            page = await self._page(servers[-1].id if servers else None)
            servers += page.data
            if not page.has_more or not page.data:
                break
        return servers

    async def _page(self, after: int | None) -> _Servers:
        query = {"limit": str(_PAGE)} | ({} if after is None else {"starting_after": str(after)})
        answer = await self._peer.send("GET", _PATH, query=query)
        let_in(TITLE, answer, _LET_US_IN)
        return read_as(_Servers, answer, TITLE, "did not say which DEP servers it has")


def _held(server: _Server) -> Holding:
    """Return what is known of the token of *server*: names are left out of its mark, for they change without it."""
    expires_at = server.attributes.token_expires_at
    if expires_at is None:
        raise NeedsOperator(no_date(TITLE, f"its DEP server {server.named}"))
    return Holding(present=True, mark=mark_of(server.id, expires_at), expires_at=expires_at)


def _why(server: _Server) -> str:
    synced = server.attributes.last_synced_at
    when = f"it last synced at {format_instant(synced)}" if synced else "it never synced"
    return f"SimpleMDM shows until when the token is good, and that {when}; whether Apple takes it, it does not say."


def _found(server: _Server) -> Found:
    shown = server.attributes
    title = shown.server_name or str(server.id)
    return Found(title, {"server_id": server.id}, _held(server), shown.organization_name, shown.server_name)


_LET_US_IN: Final = "Set the target's api_key to an API key of SimpleMDM that may read DEP servers."
_WHICH_KEY: Final = "Which key SimpleMDM has: only its console gives out the certificate."


def build(settings: Settings, *, api_key: Secret, steady: Callable[[], float] = time.monotonic) -> Target:
    """Return the target, which takes no file from us; *steady* gives seconds that only ever go forward."""
    return target_of(settings, ABILITIES, SimpleMdm(settings, api_key, steady))
