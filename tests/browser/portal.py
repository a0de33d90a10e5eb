"""What a person does on Apple's side, at the stand-in's portal."""

from pathlib import Path

from playwright.sync_api import Download

from browser.window import Window
from end_to_end.handover_scene import Scene
from fakes.stand_in import KIM


def save_certificate(window: Window, folder: Path) -> Path:
    """Save the certificate that the page offers."""
    window.actions += 1
    with window.page.expect_download() as started:
        window.page.get_by_role("link", name="Save the certificate").click()
    download: Download = started.value
    path = folder / download.suggested_filename
    download.save_as(path)
    return path


def link(scene: Scene, certificate: Path, user: str = KIM) -> str:
    """Add the service with *certificate* at the portal; return its uuid."""
    return scene.stand_in.add_service("Main MDM", certificate.read_text(), user)


def download(scene: Scene, uuid: str, folder: Path, name: str = "", user: str = KIM) -> Path:
    """Download a token as a browser leaves it, under the portal's own name unless another is given."""
    body = scene.stand_in.download_token(uuid, user)
    path = folder / (name or scene.token_file_name())
    path.write_bytes(body)
    return path
