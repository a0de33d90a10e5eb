"""Products and stores that need the token: one module each, with its settings and its abilities.

They know nothing of each other, of rotations, or of the store. Here stands only what the table of every
target in the configuration has in common.
"""

from tokenward.schema.section import Section
from tokenward.schema.slug import Slug


class TargetSection(Section):
    """What can be set for every target, whatever its kind."""

    kind: str
    id: Slug | None = None
    """The kind, unless given."""
    required: bool = True
    """Whether a rotation waits for it; copies in secret stores need not be waited for."""

    @property
    def target_id(self) -> str:
        """The target's id within its service."""
        return self.id or self.kind
