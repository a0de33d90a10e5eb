"""The drop folder: certificates, token files and events that somebody puts there, taken once and never lost.

``entry`` and ``folder`` know the file system, ``reader`` knows what a file says, ``inlet`` takes one folder's files
without losing any, ``watch`` gives hints, and ``source`` is what the application runs.
"""

from tokenward.sources.drop.entry import Folder
from tokenward.sources.drop.folder import Modes
from tokenward.sources.drop.source import DropSettings, DropSource

__all__ = ["DropSettings", "DropSource", "Folder", "Modes"]
