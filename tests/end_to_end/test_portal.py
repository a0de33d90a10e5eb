"""A person at Apple's portal, from the question to the proof, by command line alone; with Apple's API and without."""

from pathlib import Path
from typing import Any

import pytest

from end_to_end.scene import ANY, call
from fakes.running import Running, running, short_folder
from fakes.stand_in import KIM, StandIn, running_stand_in

CONFIGURATION = """
[daemon]
state_dir = "{root}/state"
drop_dir = "{root}/drop"
seal_key = {{ file = "{root}/seal-key" }}

[listen]
metrics = "{any}"
operations = "{any}"
public = "{any}"

[[organisation]]
id = "corp"
name = "Example Corporation"
portal = "business-manager"
device_api = "{apple}"
{apple_api}

[[person]]
id = "kim"
accounts = {{ corp = "kim@corp.example" }}
role = "device-enrolment-manager"
authentication = "federated"

[[service]]
id = "main"
organisation = "corp"
name = "Main MDM"
service_state = "new"
custodian = "kim"
issuer = {{ kind = "portal" }}

[[service.target]]
kind = "nanodep"
url = "{nanodep}"
dep_name = "main"
api_key = {{ file = "{root}/api-key" }}
"""


def configured(root: Path, stand_in: StandIn, *, with_api: bool) -> Path:
    """Write a configuration for a person at the portal, and the secrets that it refers to."""
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
    words = {"root": root, "any": ANY, "apple": stand_in.apple, "nanodep": stand_in.nanodep}
    config = root / "tokenward.toml"
    config.write_text(CONFIGURATION.format(apple_api=account if with_api else "", **words))
    return config


def said(config: Path, *arguments: str, code: int = 0) -> str:
    """Return what the command line answers."""
    done = call(*arguments, "--config", str(config))
    assert done.returncode == code, done.stderr
    return done.stdout


def rotation(daemon: Running) -> dict[str, Any]:
    """Return the open rotation as ``status`` tells it."""
    found = daemon.service("main")["rotation"]
    return found or {}


def is_asked(daemon: Running) -> bool:
    """Return whether a person is waited for."""
    return (rotation(daemon).get("state"), rotation(daemon).get("waiting_for")) == ("awaiting_token", "person")


def hand_over(config: Path, root: Path, file: bytes) -> None:
    """Give the downloaded file to the daemon, as the steps say."""
    downloaded = root / "Main MDM_Token_smime.p7m"
    downloaded.write_bytes(file)
    said(config, "drop", str(downloaded))


@pytest.mark.parametrize("with_api", [True, False], ids=["API account", "none"])
def test_a_person_links_and_renews_with_nothing_but_the_steps_that_are_theirs(tmp_path, with_api):
    """A12, A2, B4.2: Start now shows Apple's steps; with an API account a renewal is a download and nothing else."""
    with running_stand_in(tmp_path / "apple") as stand_in, short_folder() as root:
        config = configured(root, stand_in, with_api=with_api)
        with running(root / "x", "-m", "tokenward", "run", "--config", str(config)) as daemon:
            daemon.folder = root
            daemon.until(lambda: is_asked(daemon), "kim is asked to link the service")
            assert "Enter exactly this name" not in said(config, "show", "main")

            steps = said(config, "show", "main", "--start-as", "kim")
            assert "Enter exactly this name: Main MDM" in steps
            assert "main.pem" in steps
            certificate = said(config, "export-certificate", "main")
            service = stand_in.add_service("Main MDM", certificate)
            hand_over(config, root, stand_in.download_token(service, KIM))
            daemon.until(lambda: daemon.is_settled("main"), "the service is linked and proven")

            said(config, "rotate", "main", "--reason", "to see a renewal")
            daemon.until(lambda: is_asked(daemon), "kim is asked to renew")
            steps = said(config, "show", "main", "--start-as", "kim")
            assert ("Replace Certificate" in steps) is not with_api
            if not with_api:
                stand_in.put_certificate(service, said(config, "export-certificate", "main"))
            hand_over(config, root, stand_in.download_token(service, KIM))
            daemon.until(lambda: daemon.is_settled("main"), "the renewal is proven")

        ended = [line["state"] for line in daemon.lines("rotation.closed")]
        assert ended == ["done", "done"]
