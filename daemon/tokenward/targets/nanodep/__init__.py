"""NanoDEP's ``depserver``: makes its own keys, opens the envelope itself, and asks Apple through its proxy.

Source of every fact: micromdm/nanodep, its API description and operations guide, and its recorded answers.
"""

from tokenward.targets.nanodep.adapter import ABILITIES, NanoDep, Settings, build

__all__ = ["ABILITIES", "NanoDep", "Settings", "build"]
