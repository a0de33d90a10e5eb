"""Where new envelopes come from: a person in the portal, the operator's program, or the stand-in for Apple.

The files know nothing of each other. An issuer's download is the click: from then on the old token is dead.
"""

from tokenward.schema.section import Section


class IssuerSection(Section):
    """What can be set for every issuer, whatever its kind."""

    kind: str
