"""Tokenward keeps the server tokens between Apple's portals and device management services alive.

The rooms and the direction of imports between them are drawn in ``docs/architecture.md``.
"""

__version__ = "0.1.0"
