"""Signing a login at Apple with a server token."""

from datetime import datetime
from typing import Final

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, Client

from tokenward.model.secret import Secret
from tokenward.model.token import ServerToken

REALM: Final = "ADM"


def authorization(url: str, token: ServerToken, now: datetime, nonce: str) -> Secret:
    """Return the Authorization header's value for a GET of *url*; it is good for one use.

    Source: RFC 5849 section 3; Apple, "Authenticating for Automated Device Enrollment", for the realm.
    """
    client = Client(
        client_key=token.consumer_key.reveal_text(),
        client_secret=token.consumer_secret.reveal_text(),
        resource_owner_key=token.access_token.reveal_text(),
        resource_owner_secret=token.access_secret.reveal_text(),
        signature_method=SIGNATURE_HMAC_SHA1,
        realm=REALM,
        timestamp=str(int(now.timestamp())),
        nonce=nonce,
    )
    _, headers, _ = client.sign(url, http_method="GET")
    return Secret(headers["Authorization"])
