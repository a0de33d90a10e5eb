"""The roster: whom and what the configuration names, indexed for every question that the core asks of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from tokenward.model.organisation import FITTING_ROLES, Organisation
from tokenward.model.person import Contact, Person
from tokenward.model.quiet import QuietHours
from tokenward.model.service import Service


@dataclass(frozen=True, slots=True)
class Roster:
    """Organisations, people and services by id."""

    organisations: Mapping[str, Organisation]
    people: Mapping[str, Person]
    services: Mapping[str, Service]
    """Those that are looked after."""
    operators: tuple[Contact, ...] = ()
    on_call: tuple[Contact, ...] = ()
    quiet: QuietHours = field(default_factory=QuietHours)
    """When people are left in peace who say nothing else for themselves."""
    trusted_for_silence: frozenset[str] = frozenset({"control", "clock"})
    """Sources whose events may end a departure or change a name."""
    retired: Mapping[str, Service] = field(default_factory=dict)
    """Services that the configuration names and nobody looks after any more."""

    def without(self, retired: Collection[str]) -> "Roster":
        """Return the roster with exactly those of its services set aside that are named in *retired*."""
        if self.retired.keys() == frozenset(retired):
            return self
        everything = {**self.services, **self.retired}
        return replace(
            self,
            services={name: service for name, service in everything.items() if name not in retired},
            retired={name: service for name, service in everything.items() if name in retired},
        )

    def find(self, service: str) -> Service | None:
        """Return the service with this id, also a retired one, or None where the configuration has none."""
        return self.services.get(service) or self.retired.get(service)

    def organisation_of(self, service: Service) -> Organisation:
        """Return the organisation that *service* belongs to."""
        return self.organisations[service.organisation]

    def account_of(self, person: str, service: Service) -> str | None:
        """Return the Managed Apple Account with which *person* acts for *service*, where there is one."""
        known = self.people.get(person)
        return known.accounts.get(service.organisation) if known else None

    def person_with_account(self, account: str, service: Service) -> Person | None:
        """Return the person whose Managed Apple Account in the service's organisation is *account*, ignoring case."""
        wanted = account.casefold()
        for person in self.people.values():
            if person.accounts.get(service.organisation, "").casefold() == wanted:
                return person
        return None

    def has_fitting_role(self, person: Person, service: Service) -> bool:
        """Return whether the portal of the service's organisation lets *person*'s role link a service."""
        return person.role in FITTING_ROLES[self.organisation_of(service).portal]
