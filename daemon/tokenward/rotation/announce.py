"""Who is told when a rotation moves, and that once. Texts are made when a message is sent."""

from tokenward.model.rotation import Rotation, State
from tokenward.rotation.ledger import Message
from tokenward.rotation.ports import ServiceWorld


def announce(before: Rotation, after: Rotation, served: ServiceWorld) -> tuple[Message, ...]:
    """Return the messages that the move from *before* to *after* asks for."""
    messages: list[Message] = []
    if _asks_somebody(before, after, served):
        asking = f"{after.actor}/{after.entered_at.isoformat()}"
        messages.append(_message(f"person:{after.actor}", "token.asked", after, asking))
    if after.blocked is not None and (before.blocked is None or before.blocked.reason is not after.blocked.reason):
        words = {"reason": after.blocked.reason.value, "remedy": after.blocked.remedy}
        standing = f"{after.state.value}/{after.blocked.reason.value}"
        messages.append(_message("operators", "rotation.blocked", after, standing, words))
    if before.state is not after.state and after.state is State.DONE:
        messages.append(_message("operators", "rotation.done", after, ""))
    return tuple(messages)


def _asks_somebody(before: Rotation, after: Rotation, served: ServiceWorld) -> bool:
    if served.issuer is None or not served.issuer.needs_person or after.actor is None:
        return False
    if after.state is not State.AWAITING_TOKEN or after.recover_until is not None:
        return False
    return before.state is not after.state or before.actor != after.actor


def _message(
    audience: str, template: str, rotation: Rotation, reason: str, words: dict[str, str] | None = None
) -> Message:
    return Message(audience, template, f"{rotation.id}/{template}/{rotation.visit}/{reason}", rotation.service, words)
