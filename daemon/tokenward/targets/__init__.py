"""Products and stores that need the token: one module each, with its settings and its abilities.

They know nothing of each other, of rotations, or of the store. Here stands only what the table of every
target in the configuration has in common.
"""

from tokenward.model.target import Abilities
from tokenward.rotation.ports import Finder, Installer, KeySource, Product, Prover, ReadBack, Target
from tokenward.schema.section import Section
from tokenward.schema.slug import Slug


class TargetSection(Section):
    """What can be set for every target, whatever its kind."""

    kind: str
    """Which product or store it is."""
    id: Slug | None = None
    """The kind, unless given."""
    required: bool = True
    """Whether a rotation waits for it; copies in secret stores need not be waited for."""

    @property
    def target_id(self) -> str:
        """The target's id within its service."""
        return self.id or self.kind


def target_of(settings: TargetSection, abilities: Abilities, product: Product) -> Target:
    """Return *product* as the target that *settings* names, in every role whose method it has."""
    return Target(
        id=settings.target_id,
        abilities=abilities,
        required=settings.required,
        gate=product,
        health=product,
        key_source=product if isinstance(product, KeySource) else None,
        installer=product if isinstance(product, Installer) else None,
        read_back=product if isinstance(product, ReadBack) else None,
        prover=product if isinstance(product, Prover) else None,
        finder=product if isinstance(product, Finder) else None,
    )
