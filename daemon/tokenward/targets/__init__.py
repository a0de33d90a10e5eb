"""Products and stores that need the token: one module each, with its settings and its abilities.

They know nothing of each other, of rotations, or of the store. Here stands only what the table of every
target in the configuration has in common.
"""

from importlib.util import find_spec
from typing import ClassVar

from pydantic import field_validator

from tokenward.model.target import Abilities
from tokenward.rotation.ports import Finder, Installer, KeySource, Product, Prover, ReadBack, Target
from tokenward.schema.fault import Fault
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


class ClientSection(TargetSection):
    """What is set for a target that is spoken to by a client library, which not everybody has installed."""

    extra: ClassVar[str]
    """The extra of Tokenward that brings the library."""
    client: ClassVar[tuple[str, ...]]
    """The modules that must be there. They are imported when the target is first asked."""

    @field_validator("kind")
    @classmethod
    def _has_its_client(cls, kind: str) -> str:
        if not all(map(_is_installed, cls.client)):
            raise Fault(
                f"the library for {kind} is not installed",
                f'pip install "tokenward[{cls.extra}]", or the Debian package tokenward-stores',
            )
        return kind


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False


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
