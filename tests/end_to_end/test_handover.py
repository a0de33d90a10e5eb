"""A custodian's page over plain HTTP, without a script, against a real daemon and the stand-in for Apple."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from end_to_end.handover_scene import Scene, asking, opened
from fakes.stand_in import KIM


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a daemon that asks kim to link ``main``."""
    with asking(tmp_path) as scene:
        yield scene


def test_a_custodian_does_it_all_on_one_page(scene):
    """A12, B4.2, B6.5: open, start, upload the certificate, drop the file, read that nothing is left."""
    page = opened(scene)
    assert page.stage() == "ready"
    assert "Enter exactly this name" not in page.get().text

    started = page.press("service/main/start")
    assert "Enter exactly this name: <code>Main MDM</code>" in started.text
    certificate = page.get("/service/main/certificate").text
    service = scene.stand_in.add_service("Main MDM", certificate)
    handed = page.hand_over(scene.stand_in.download_token(service, KIM), confirmed="yes")

    assert "nothing left to do" in handed.text
    scene.daemon.until(lambda: page.stage() == "done", "the page says that it is done")
    assert "Nothing is left to do" in page.get().text
    assert scene.daemon.service("main")["state"] == "valid"
