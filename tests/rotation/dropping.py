"""Dropping files as the folder does, and what is to be seen of one that is refused."""

from fakes.world import Stage
from tokenward.model.event import Attachment, AttachmentRole, EventKind, Refused, Way
from tokenward.model.finding import Finding

FILES = "tokenward_drop_files_total"
EVENTS = "tokenward_events_total"


def a_file(role: AttachmentRole, body: bytes, name: str = "file") -> Attachment:
    """Return *body* as a file of that kind."""
    return Attachment(role, name, body)


async def drop(stage: Stage, attachment: Attachment, way: Way = Way.DROP, service: str | None = "main"):
    """Drop a file as the folder does, and return what became of it."""
    is_token = attachment.role is AttachmentRole.ENVELOPE
    kind = EventKind.TOKEN_SUPPLIED if is_token else EventKind.CERTIFICATE_NEW
    folder = "tokens" if is_token else "certificates"
    return await stage.submit(kind, attachment, source="drop", way=way, service=service, data={"folder": folder})


async def refused(stage: Stage, attachment: Attachment, **words) -> Finding:
    """Drop a file that is refused, see that nothing else came of it, and return why."""
    before = await everything(stage)
    verdict = await drop(stage, attachment, **words)
    assert isinstance(verdict, Refused), verdict
    assert await everything(stage) == before
    reason = verdict.finding.code.reason
    folder = "tokens" if attachment.role is AttachmentRole.ENVELOPE else "certificates"
    assert (await stage.tallies(FILES))[("folder", folder), ("outcome", "rejected"), ("reason", reason)] >= 1
    refusals = await stage.ledger.look(lambda views: views.refusals(1))
    assert refusals[0].finding == verdict.finding
    return verdict.finding


async def everything(stage: Stage):
    """Return all that a refusal must leave as it was."""
    return await stage.ledger.read(
        lambda change: (
            change.inbox.next_pending(),
            change.rotations.open_ones(),
            change.tokens.installed("main"),
            change.certificates.latest("main"),
        )
    )


async def refused_except_pending(stage: Stage, attachment: Attachment, way: Way = Way.CONTROL) -> Finding:
    """As ``refused``, once everything before it is decided."""
    await stage.engine.settle_pending()
    return await refused(stage, attachment, way=way)
