"""A service is retired and taken back, with a daemon that really runs (B12.4)."""

import json
from pathlib import Path

from end_to_end.scene import call, linked_quickstart, quickstart
from fakes.running import Running, short_folder


def asked(folder: Path, *arguments: str, code: int = 0) -> str:
    """Return what a command prints, which must end with *code*."""
    result = call("--config", str(folder / "tokenward.toml"), *arguments)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout


def measured(daemon: Running) -> set[str]:
    """Return the services whose days are counted."""
    found = (one for one in daemon.exposition().splitlines() if one.startswith("tokenward_token_expiry_timestamp"))
    text = "".join(found)
    return {service for service in ("main", "labs") if f'service="{service}"' in text}


def test_a_service_is_retired_over_a_restart_and_taken_back() -> None:
    """B12.4: only its name does it, where nobody can tell of devices; it is left out, and stays on record."""
    with short_folder() as root:
        folder = root / "var"
        with linked_quickstart(folder) as daemon:
            assert measured(daemon) == {"main", "labs"}
            asked(folder, "retire", "labs", code=4)
            asked(folder, "retire", "labs", "--confirm", "labs", code=4)

            asked(folder, "retire", "labs", "--confirm", "Labs MDM", "--reason", "its devices moved")

            assert json.loads(asked(folder, "status", "--json"))["retired"] == ["labs"]
            assert measured(daemon) == {"main"}
            assert "its devices moved" in asked(folder, "show", "labs")
            assert json.loads(asked(folder, "history", "labs", "--json"))["rotations"]
            asked(folder, "rotate", "labs", code=4)

        assert asked(folder, "status", code=5).splitlines()[-1] == "Retired: labs"
        explained = asked(folder, "config", "explain", "labs", "token.expired")
        assert "ignore: the service is retired" in explained
        with quickstart(folder) as daemon:
            daemon.until_ready()
            asked(folder, "retire", "labs", code=4)
            asked(folder, "retire", "labs", "--undo")
            daemon.until(lambda: measured(daemon) == {"main", "labs"}, "labs is there again")
            asked(folder, "rotate", "labs")
