"""NanoDEP's ``depserver``: makes its own keys, opens the envelope itself, and asks Apple through its proxy.

Source of every fact: micromdm/nanodep, its API description and operations guide, and its recorded answers.
"""

from tokenward.targets.nanodep.adapter import ABILITIES, NanoDep, build
from tokenward.targets.nanodep.server import DepServer
from tokenward.targets.nanodep.settings import Server, Settings

__all__ = ["ABILITIES", "DepServer", "NanoDep", "Server", "Settings", "build"]
