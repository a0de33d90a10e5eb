"""The public listener over a real core that works when something is handed in, and browsers at it."""

from datetime import UTC, datetime

import httpx2

from fakes.target import FakeTarget
from fakes.world import Stage, a_service
from tokenward.app.knowledge import Commits
from tokenward.crypto.link_keys import LinkKeys
from tokenward.model.event import EventKind
from tokenward.model.link import Link
from tokenward.model.rotation import State
from tokenward.model.secret import Secret
from tokenward.rotation.links import Links
from tokenward.web.apps import public_app
from tokenward.web.exports import Exports
from tokenward.web.handover.deeds import Deeds
from tokenward.web.handover.routes import Answering, Handover

KEYS = LinkKeys(Secret(bytes(32)))
KIM, ANA = (KEYS.key_of(Link(person, 1, datetime.now(UTC))).reveal_text() for person in ("kim", "ana"))  # noqa: TID251


class Scene:
    """A core, and browsers at the public listener."""

    def __init__(self, folder):
        self.target = FakeTarget()
        self.stage = Stage(folder, self.target, service=a_service())
        self.links = Links(self.stage.tools, self.stage.present)
        self.deeds = Deeds(self.stage.intake, self, self.stage.clock, self.stage.tools.chance)
        self.app = public_app(
            Handover(
                Answering(
                    self.stage.ledger,
                    self.stage.present,
                    KEYS.find,
                    self.deeds,
                    Commits(),
                    self.stage.clock,
                    Exports(self.stage.tools, self.stage.present).envelope_of,
                    is_ending=lambda: True,
                )
            )
        )

    async def settled(self, event_id, timeout_seconds):
        """Have the core work, and return what became of the event."""
        await self.stage.work()
        return await self.stage.ledger.read(lambda change: change.inbox.settlement(event_id))

    async def asked(self, kind=EventKind.ROTATE):
        """Have kim asked, with a link."""
        await self.stage.ask(kind)
        await self.stage.until(State.AWAITING_TOKEN)
        await self.links.settle()

    async def __call__(self, method, path, **words):
        """Return the answer."""
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://evil.example") as client:
            return await client.request(method, path, **words)

    async def get(self, path):
        """Look."""
        return await self("GET", path)

    async def read(self, key=KIM):
        """Return what the page says."""
        return (await self.get(f"/handover/{key}")).text

    async def post(self, path, **words):
        """Press."""
        return await self("POST", path, **words)

    async def record(self):
        """Return all that anybody could have changed."""
        return await self.stage.ledger.look(lambda views: (views.audit_head(), views.latest_arrivals(50)))


def at(deed, key=KIM, service="main"):
    """Return the address of a button."""
    return f"/handover/{key}/service/{service}/{deed}"
