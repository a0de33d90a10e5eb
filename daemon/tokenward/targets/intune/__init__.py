"""Microsoft Intune, over Microsoft Graph's beta: keeps its key until somebody makes another, and syncs when asked.

Source of every fact: Microsoft Graph, beta, "depOnboardingSetting resource type" and its actions; "Paging Microsoft
Graph data in your app"; Microsoft identity platform, "OAuth 2.0 client credentials flow". Not written down anywhere:
which form the key and the token have, and whether a new key spoils a token that is under way.
"""

from tokenward.targets.intune.adapter import ABILITIES, Intune, build
from tokenward.targets.intune.settings import Settings

__all__ = ["ABILITIES", "Intune", "Settings", "build"]
