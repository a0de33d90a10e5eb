"""What a person does in Apple's portal, as data: a guide for each portal, with the month of its last check.

Apple moves and renames things without notice, so each guide says how old it is and what its buttons were called. What
the portal calls something stands in quotation marks, what is to be typed or uploaded between backticks; a page shows
both as what they are.

Source: Apple Business Manager, School Manager and Apple Business user guides, "Link to a device management service";
where these are silent (replacing a certificate), support pages of device management vendors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from tokenward.model.organisation import Organisation, Portal


@dataclass(frozen=True, slots=True)
class Guide:
    """The way through one portal. ``{name}``, ``{file}`` and ``{box}`` are filled in for the service."""

    portal: str
    """The name that people know it by."""
    last_checked: date
    """Only its month counts."""
    add: tuple[str, ...]
    """From the front page to the form for a new service."""
    find: tuple[str, ...]
    """From the front page to the service that is there already."""
    new_certificate: tuple[str, ...]
    """With that service before one's eyes: the certificate is replaced and saved, before anything is downloaded."""
    download: str


@dataclass(frozen=True, slots=True)
class Directions:
    """What a person is to do, in order, and what to know besides."""

    portal: str
    """The name that people know it by."""
    portal_url: str
    """Where they sign in to it."""
    in_portal: tuple[str, ...]
    """What is to be done there."""
    hand_over: str
    """What is to be done with the file."""
    notes: tuple[str, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """Everything that is to be done."""
        return (*self.in_portal, self.hand_over)


_PLACE: Final = re.compile(r"\{(name|file|box)\}")
_CHECKED: Final = date(2026, 11, 1)


def _manager(portal: str) -> Guide:
    """Return the guide of the two Manager portals, which differ in their name alone."""
    return Guide(
        portal=portal,
        last_checked=_CHECKED,
        add=(
            "Click your account name, then “Preferences”.",
            "Beside “Your device management services”, click “Add”.",
            "Enter exactly this name: `{name}`",
            "{box}",
            "Upload the public key certificate `{file}`.",
            "Click “Save”. Only after that can a token be downloaded for it.",
        ),
        find=(
            "Click your account name, then “Preferences”.",
            "Under “Your device management services”, choose “{name}”.",
        ),
        new_certificate=(
            "Click “Edit”. {box}",
            "Beside the public key, choose “Replace Certificate” and upload `{file}`.",
            "Click “Save”. Only after that does a download fit the new certificate.",
        ),
        download="Click “Download Token” and confirm, once. From that click any older token is dead for good.",
    )


GUIDES: Final[Mapping[Portal, Guide]] = {
    Portal.BUSINESS_MANAGER: _manager("Apple Business Manager"),
    Portal.SCHOOL_MANAGER: _manager("Apple School Manager"),
    Portal.APPLE_BUSINESS: Guide(
        portal="Apple Business",
        last_checked=_CHECKED,
        add=(
            "Open “Devices”, then “Management Services”.",
            "Click “Get Started” or, if there are services, “Connect external device management”; then “Continue”.",
            "Enter exactly this name: `{name}`",
            "{box}",
            "Upload the public key certificate `{file}`.",
            "Click “Next”.",
        ),
        # unconfirmed: Apple describes only the first link here; these are the Manager portals' words
        find=("Open “Devices”, then “Management Services”.", "Choose “{name}”."),
        new_certificate=(
            "Edit the service. {box}",
            "Replace the public key certificate by `{file}`.",
            "Save. Only after that does a download fit the new certificate.",
        ),
        download="Download the token, once. From that click any older token is dead for good.",
    ),
}


def directions(
    organisation: Organisation,
    service_name: str,
    certificate_file: str | None,
    *,
    release_devices: bool,
    first_link: bool,
) -> Directions:
    """Return what leads a person to a new token file, in order, each a sentence or two.

    Args:
        organisation: Decides by its portal, or by its own steps.
        service_name: The service's name in the portal.
        certificate_file: Name of the certificate's file as the person has it; None where Apple has it already.
        release_devices: Whether the service may release devices from the organisation.
        first_link: Whether the service is not in the portal yet.

    Raises:
        ValueError: A first link without a certificate, which the portal's form demands.
    """
    if first_link and certificate_file is None:
        raise ValueError(f"{service_name} can't be linked for the first time without a certificate")
    guide = GUIDES[organisation.portal]
    words = {"name": service_name, "file": certificate_file or "", "box": _box(release_devices=release_devices)}
    way = organisation.steps or (
        f"On a computer, sign in to {guide.portal} with your Managed Apple Account.",
        *_way(guide, certificate_file, first_link=first_link),
        guide.download,
    )
    age = f"If the portal looks different: these steps were last checked in {guide.last_checked:%B %Y}."
    away = "If Tokenward can't be reached: keep the file, do not download again, and give it to whoever runs"
    return Directions(
        portal=guide.portal,
        portal_url=organisation.portal_address,
        in_portal=tuple(_filled(step, words) for step in way),
        hand_over="Hand over the file, whose name ends in .p7m, on this page.",
        notes=(*(() if organisation.steps else (age,)), f"{away} “{service_name}”."),
    )


def _filled(step: str, words: Mapping[str, str]) -> str:
    """Return *step* with its words filled in; other braces, in whatever an operator wrote, stay as they are."""
    return _PLACE.sub(lambda found: words.get(found[1], found[0]), step)


def _way(guide: Guide, certificate_file: str | None, *, first_link: bool) -> tuple[str, ...]:
    if first_link:
        return guide.add
    return guide.find if certificate_file is None else (*guide.find, *guide.new_certificate)


def _box(*, release_devices: bool) -> str:
    if release_devices:
        return "Tick the box that lets the service release devices."
    return "Leave the box that lets the service release devices unticked."
