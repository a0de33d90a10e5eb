"""What a person does on Apple's side, at the stand-in's portal."""

from pathlib import Path

from playwright.sync_api import Download, Page

from browser.window import Window
from end_to_end.handover_scene import Scene
from fakes.stand_in import KIM


def save_certificate(window: Window, folder: Path) -> Path:
    """Save the certificate that the page offers."""
    window.actions += 1
    with window.page.expect_download() as started:
        window.page.locator("a[download]").click()
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


def link_by_hand(portal: Page, name: str, certificate: Path, folder: Path, user: str = KIM) -> Path:
    """Do all of Apple's side on the stand-in's own pages, in its own tab; return the file that was downloaded."""
    portal.get_by_role("button", name=user).click()
    portal.get_by_role("link", name="Add a service").click()
    portal.get_by_label("Name").fill(name)
    portal.locator("input[type=file]").set_input_files(certificate)
    portal.get_by_role("button", name="Save").click()
    portal.get_by_role("link", name="Download token").click()
    with portal.expect_download() as started:
        portal.get_by_role("button", name="Download token").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path
