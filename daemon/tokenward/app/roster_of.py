"""The roster that a configuration describes."""

from collections.abc import Callable
from typing import TypeVar

from tokenward.app.settings import (
    ContactSettings,
    OrganisationSettings,
    PersonSettings,
    PolicySettings,
    QuietSettings,
    ServiceSettings,
    Settings,
)
from tokenward.model.organisation import Organisation
from tokenward.model.person import Contact, Person
from tokenward.model.quiet import QuietHours
from tokenward.model.roster import Roster
from tokenward.model.service import Service, ServicePolicy, TargetRef

V = TypeVar("V")


def roster_of(settings: Settings) -> Roster:
    """Return whom and what *settings* names, each service with the policy that holds for it."""
    return Roster(
        organisations={one.id: _organisation(one) for one in settings.organisations},
        people={one.id: _person(one, settings.notify) for one in settings.people},
        services={one.id: _service(one, settings.policy) for one in settings.services},
        operators=_contacts(settings.notify.operators),
        on_call=_contacts(settings.notify.on_call),
        quiet=_quiet(settings.notify, settings.notify),
    )


def policy_of(service: PolicySettings, everywhere: PolicySettings) -> ServicePolicy:
    """Return the policy of one service: what it sets, else what ``[policy]`` sets, else the default."""
    default = ServicePolicy()

    def first(key: Callable[[PolicySettings], V | None], otherwise: V) -> V:
        return next((value for value in (key(service), key(everywhere)) if value is not None), otherwise)

    return ServicePolicy(
        on_password_change=first(lambda of: of.on_password_change, default.on_password_change),
        on_departure=first(lambda of: of.on_departure, default.on_departure),
        departures_open=first(lambda of: of.departures, "discreet") == "open",
        renew_before=first(lambda of: of.renew_before, default.renew_before),
        recover_for=first(lambda of: of.recover_for, default.recover_for),
        departure_lead=first(lambda of: of.departure_lead, default.departure_lead),
        password_due=first(lambda of: of.password_due, default.password_due),
        freeze=first(lambda of: of.freeze, default.freeze),
    )


def _organisation(settings: OrganisationSettings) -> Organisation:
    return Organisation(
        id=settings.id,
        name=settings.name,
        portal=settings.portal,
        terms=settings.terms,
        device_api=settings.device_api,
        steps=settings.steps,
        portal_url=settings.portal_url,
    )


def _person(settings: PersonSettings, everybody: QuietSettings) -> Person:
    return Person(
        id=settings.id,
        accounts=settings.accounts,
        role=settings.role,
        authentication=settings.authentication,
        password_source=settings.password_source,
        also_known_as=settings.also_known_as,
        contact=_contacts(settings.contact),
        name=settings.name or "",
        quiet=_quiet(settings, everybody),
    )


def _quiet(own: QuietSettings, everybody: QuietSettings) -> QuietHours:
    """Return when somebody is left in peace: as they say, else as is said for everybody, else by default."""
    default = QuietHours()
    start, end = own.quiet_hours or everybody.quiet_hours or (default.start, default.end)
    weekends = next(
        (one for one in (own.quiet_weekends, everybody.quiet_weekends) if one is not None), default.weekends
    )
    holidays = own.holidays if own.holidays is not None else everybody.holidays or ()
    zone = own.timezone or everybody.timezone or default.zone
    return QuietHours(start, end, weekends, frozenset(holidays), zone)


def _service(settings: ServiceSettings, everywhere: PolicySettings) -> Service:
    return Service(
        id=settings.id,
        organisation=settings.organisation,
        name=settings.name,
        targets=tuple(TargetRef(one.target_id, one.kind, one.required) for one in settings.targets),
        keyholder=settings.keyholder,
        custodian=settings.custodian,
        deputies=settings.deputies,
        issuer=settings.issuer.kind if settings.issuer else None,
        certificate_validity=settings.certificate_validity,
        release_devices=settings.release_devices,
        is_new=settings.service_state == "new",
        proof=settings.proof,
        stated_expires_at=settings.expires_at,
        policy=policy_of(settings, everywhere),
    )


def _contacts(settings: tuple[ContactSettings, ...]) -> tuple[Contact, ...]:
    return tuple(Contact(one.channel, one.to) for one in settings)
