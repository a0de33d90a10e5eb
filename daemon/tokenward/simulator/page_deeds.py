"""What submitting a form of the portal's pages does: one step of the world, and where the browser goes next."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tokenward.simulator.answers import Answer
from tokenward.simulator.forms import Form
from tokenward.simulator.people import NewUser, PersonRefused, UserChange, add_user, change_user
from tokenward.simulator.portal import token_file
from tokenward.simulator.services import (
    PortalRefused,
    add_service,
    find_service,
    known_person,
    read_certificate,
    replace_certificate,
    signed_in,
)
from tokenward.simulator.state import Certificate, Status, World
from tokenward.simulator.terms import accept_terms, publish_terms


@dataclass(frozen=True, slots=True)
class Deed:
    """A submitted form: by whom, about which service, when."""

    account: str
    service: str  # the uuid in the address
    form: Form
    now: datetime


Act = Callable[[World, Deed], tuple[World, Answer]]


def go_to(address: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a redirect that is followed with GET."""
    return Answer(303, headers={"location": address, **(headers or {})})


def add(world: World, deed: Deed) -> tuple[World, Answer]:
    """Add a service, with a certificate or for the time being without."""
    user = signed_in(world, deed.account)
    certificate = _certificate(deed, user.account) if "certificate" in deed.form.files else None
    allowed = bool(deed.form.text("release_devices"))
    world, service = add_service(world, deed.form.text("name"), certificate, deed.now, release_devices=allowed)
    return world, go_to(f"/services/{service.uuid}?done={'added' if certificate else 'bare'}")


def save_certificate(world: World, deed: Deed) -> tuple[World, Answer]:
    """Save or replace the certificate of a service."""
    user = signed_in(world, deed.account)
    find_service(world, deed.service)
    world, service = replace_certificate(world, deed.service, _certificate(deed, user.account))
    return world, go_to(f"/services/{service.uuid}?done=certificate")


def _certificate(deed: Deed, account: str) -> Certificate:
    """Return the chosen file, which is PEM or DER."""
    file = deed.form.files.get("certificate")
    if file is None:
        raise PortalRefused(400, "Choose a certificate file first.")
    text = file.decode("utf-8", "replace") if b"-----BEGIN" in file else base64.b64encode(file).decode()
    return read_certificate(text, account, deed.now)


def download(world: World, deed: Deed) -> tuple[World, Answer]:
    """Make a new token, which ends the old one, and answer with the file."""
    return token_file(world, deed.service, signed_in(world, deed.account), deed.now)


def change_password(world: World, deed: Deed) -> tuple[World, Answer]:
    """Change the password of whoever is signed in; which password, nobody asks."""
    user = known_person(world, deed.account)
    world = change_user(world, user.account, UserChange(password_changed=True), deed.now)
    return world, go_to("/?done=password")


def leave(world: World, deed: Deed) -> tuple[World, Answer]:
    """Delete the account of whoever is signed in."""
    user = known_person(world, deed.account)
    if not deed.form.text("sure"):
        raise PortalRefused(400, "Tick the box to say that you know what leaving does to your tokens.")
    return change_user(world, user.account, UserChange(status=Status.DELETED), deed.now), go_to("/?done=left")


def accept(world: World, deed: Deed) -> tuple[World, Answer]:
    """Accept Apple's terms, as an administrator."""
    return accept_terms(world, known_person(world, deed.account)), go_to("/?done=accepted")


def publish(world: World, _deed: Deed) -> tuple[World, Answer]:
    """Publish new terms, as Apple."""
    return publish_terms(world), go_to("/?done=published")


def add_person(world: World, deed: Deed) -> tuple[World, Answer]:
    """Add somebody to the organisation."""
    new = NewUser(deed.form.text("new_account"), deed.form.text("role"))
    try:
        return add_user(world, new, deed.now), go_to("/?done=person")
    except PersonRefused as refused:
        raise PortalRefused(400, str(refused)) from refused
