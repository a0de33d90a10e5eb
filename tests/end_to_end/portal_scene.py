"""A daemon whose token is downloaded by a person at the stand-in's portal."""

from pathlib import Path
from typing import Any

from end_to_end.scene import ANY
from fakes.running import Running
from fakes.stand_in import StandIn

CONFIGURATION = """
[daemon]
state_dir = "{root}/state"
drop_dir = "{root}/drop"
seal_key = {{ file = "{root}/seal-key" }}

[listen]
metrics = "{any}"
operations = "{any}"
public = "{public}"

[[organisation]]
id = "corp"
name = "Example Corporation"
portal = "business-manager"
device_api = "{apple}"
portal_url = "{portal}"
{apple_api}

[[person]]
id = "kim"
accounts = {{ corp = "kim@corp.example" }}
role = "device-enrolment-manager"
authentication = "federated"
name = "Kim"
{kim}

[[person]]
id = "ana"
accounts = {{ corp = "ana@corp.example" }}
role = "administrator"
name = "Ana"

[[service]]
id = "main"
organisation = "corp"
name = "Main MDM"
service_state = "new"
custodian = "kim"
deputies = ["ana"]
issuer = {{ kind = "portal" }}

[[service.target]]
kind = "nanodep"
url = "{nanodep}"
dep_name = "main"
api_key = {{ file = "{root}/api-key" }}
{more}
"""


def configured(
    root: Path, stand_in: StandIn, *, with_api: bool, kim: str = "", more: str = "", public: str = ANY
) -> Path:
    """Write a configuration for a person at the portal, and the secrets that it refers to.

    *kim* are further keys of the custodian's table, *more* are further tables, *public* is where the pages are served.
    """
    client = stand_in.add_api_client()
    secrets = {"seal-key": "A" * 43 + "=", "api-key": stand_in.api_key, "apple-key": client["private_key"]}
    for name, content in secrets.items():
        (root / name).write_text(content)
        (root / name).chmod(0o600)
    account = (
        f'apple_api = {{ client_id = "{client["client_id"]}", key_id = "{client["key_id"]}", '
        f'private_key = {{ file = "{root}/apple-key" }}, url = "{stand_in.business}", '
        f'token_url = "{stand_in.business}/auth/oauth2/token" }}'
    )
    words = {"root": root, "any": ANY, "public": public, "portal": stand_in.portal, "kim": kim}
    words |= {"apple": stand_in.apple, "nanodep": stand_in.nanodep}
    config = root / "tokenward.toml"
    config.write_text(CONFIGURATION.format(apple_api=account if with_api else "", more=more, **words))
    return config


def rotation(daemon: Running) -> dict[str, Any]:
    """Return the open rotation as ``status`` tells it."""
    found = daemon.service("main")["rotation"]
    return found or {}


def is_asked(daemon: Running) -> bool:
    """Return whether a person is waited for."""
    return (rotation(daemon).get("state"), rotation(daemon).get("waiting_for")) == ("awaiting_token", "person")
