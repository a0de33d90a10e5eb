"""A person at Apple's portal, from the question to the proof, by command line alone; with Apple's API and without."""

from pathlib import Path

import pytest

from end_to_end.portal_scene import configured, is_asked
from end_to_end.scene import call
from fakes.running import running, short_folder
from fakes.stand_in import KIM, running_stand_in


def said(config: Path, *arguments: str, code: int = 0) -> str:
    """Return what the command line answers."""
    done = call(*arguments, "--config", str(config))
    assert done.returncode == code, done.stderr
    return done.stdout


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
            assert "Enter exactly this name: `Main MDM`" in steps
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
