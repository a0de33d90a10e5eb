"""What whoever holds a rotation is shown: Apple's steps, and the certificate for them. Nobody else ever sees them."""

from tokenward.model.registration import RegisteredBy
from tokenward.model.rotation import Rotation, State
from tokenward.model.service import Service
from tokenward.web.overview import Overview
from tokenward.web.steps import Directions, directions


def is_cleared(rotation: Rotation) -> bool:
    """Return whether a preflight was green since somebody said that they start."""
    if rotation.state is not State.AWAITING_TOKEN or rotation.claim is None or rotation.certificate is None:
        return False
    return rotation.cleared_at is not None and rotation.cleared_at >= rotation.claim.at


def needs_upload(rotation: Rotation) -> bool:
    """Return whether the person has to put the certificate to Apple before they download."""
    return rotation.registered_by not in {RegisteredBy.API, RegisteredBy.KNOWN}


def certificate_file(service: Service) -> str:
    """Return the name under which the certificate is handed to the person."""
    return f"{service.id}.pem"


def directions_for(service: Service, rotation: Rotation | None, overview: Overview) -> Directions | None:
    """Return Apple's steps for whoever holds *rotation*, once the way was found clear; else nothing shows them."""
    if rotation is None or not is_cleared(rotation):
        return None
    return directions(
        overview.roster.organisation_of(service),
        service.name,
        certificate_file(service) if needs_upload(rotation) else None,
        release_devices=service.release_devices,
        first_link=overview.record_of(service).token is None,
    )
