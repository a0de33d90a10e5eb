"""The issuer that is a person."""

from tokenward.issuers.portal import Settings, build


def test_the_portal_needs_a_person():
    """Apple offers no call that downloads a token, so nothing is issued without somebody."""
    issuer = build(Settings(kind="portal"))
    assert issuer.needs_person
    assert issuer.kind == "portal"
