from dataclasses import replace

import pytest

from policy.situations import ANA, BOSS, KIM, NOW, a_roster, a_rotation, a_service, a_token, an_event, the_facts
from tokenward.model.event import EventKind, Way
from tokenward.model.person import Authentication, Person, Role, Subject
from tokenward.model.rotation import State
from tokenward.policy.identity import (
    Ambiguous,
    Known,
    Nobody,
    Resolution,
    is_downloader,
    is_next_downloader,
    resolve,
    services_of,
    speaks_of_password,
)


def whom(format_: str, value: str, *people: Person, source: str = "hr") -> Resolution:
    """Return whom the subject means among kim, ana and boss, or among *people*."""
    return resolve(Subject(format_, value), source, a_roster(*people))


@pytest.mark.parametrize(
    ("format_", "value"),
    [
        ("email", "kim@corp.example"),
        ("email", " KIM.LEE@corp.example "),
        ("account", "Kim@Corp.Example"),
        ("okta", "00ukim"),
        ("employee", "e042"),
    ],
)
def test_a_person_is_known_by_any_identifier_whatever_its_case(format_: str, value: str) -> None:
    """B7.8: accounts, addresses and ids."""
    assert whom(format_, value) == Known(KIM)


@pytest.mark.parametrize(
    ("format_", "value"),
    [
        ("email", "kim"),
        ("account", "kim.lee"),
        ("name", "Kim Lee"),
        ("entra", "00uKIM"),
        ("email", ""),
        ("email", "kim@other.example"),
    ],
)
def test_names_local_parts_and_ids_of_another_space_mean_nobody(format_: str, value: str) -> None:
    """B7.8: no match by display name."""
    assert whom(format_, value) == Nobody()


def test_an_id_in_the_words_of_one_source_matches_events_of_that_source_only() -> None:
    """B7.8: `also_known_as` may be keyed by the source's own id."""
    kim = replace(KIM, also_known_as={"corp-okta": ("00uX",)})

    assert whom("opaque", "00uX", kim, source="corp-okta") == Known(kim)
    assert whom("opaque", "00uX", kim, source="other-okta") == Nobody()


def test_an_id_of_two_people_means_neither() -> None:
    """B7.8: nothing is guessed."""
    ana = replace(ANA, also_known_as={"employee": ("E042",)})

    assert whom("employee", "E042", KIM, ana) == Ambiguous(("kim", "ana"))


def test_an_address_of_two_people_means_neither() -> None:
    """B7.8: a recycled address, for instance."""
    ana = replace(ANA, also_known_as={"email": ("kim.lee@corp.example",)})

    assert whom("email", "kim.lee@corp.example", KIM, ana) == Ambiguous(("kim", "ana"))


def test_an_id_of_one_that_is_an_address_of_another_means_neither() -> None:
    """B7.8: id and address disagree."""
    ana = replace(ANA, also_known_as={"entra": ("kim@corp.example",)})

    assert whom("entra", "kim@corp.example", KIM, ana) == Ambiguous(("ana", "kim"))


def test_two_names_of_one_person_are_no_ambiguity() -> None:
    """B7.8: the same person twice is one."""
    kim = replace(KIM, also_known_as={"okta": ("kim@corp.example",), "email": ("kim@corp.example",)})

    assert whom("okta", "kim@corp.example", kim, ANA) == Known(kim)


def test_an_event_concerns_the_services_of_downloader_custodian_deputy_and_acceptor() -> None:
    """B1.4, B7.5: and no other."""
    lone = a_service(id="lone", custodian=None, deputies=())
    kims = a_service(id="kims", deputies=())
    anas = a_service(id="anas", custodian="ana", deputies=())
    roster = a_roster(services=(lone, kims, anas))

    assert [s.id for s in services_of(KIM, roster, {})] == ["kims"]
    assert [s.id for s in services_of(KIM, roster, {"lone": a_token(service="lone")})] == ["lone", "kims"]
    assert [s.id for s in services_of(BOSS, roster, {})] == ["lone", "kims", "anas"]


def test_the_recorded_downloader_decides_not_the_configured_custodian() -> None:
    """B1.4: events are matched against whom Apple names."""
    facts = the_facts(token=a_token(downloader="ANA@corp.example"))

    assert is_downloader(ANA, facts)
    assert not is_downloader(KIM, facts)


def test_a_downloader_whom_nobody_configured_is_none_of_those_configured() -> None:
    """B1.4: the custodian does not stand in for a known stranger."""
    facts = the_facts(token=a_token(downloader="gone@corp.example"))

    assert not any(is_downloader(person, facts) for person in (KIM, ANA, BOSS))


@pytest.mark.parametrize("token", [None, a_token(downloader=None)], ids=["no token known", "nobody on record"])
def test_where_no_downloader_is_on_record_the_custodian_counts(token: object) -> None:
    """B1.4: for that is what the configuration says."""
    facts = the_facts(token=token)

    assert is_downloader(KIM, facts)
    assert not is_downloader(ANA, facts)


def test_an_account_of_another_organisation_is_another_account() -> None:
    """B7.8: `accounts` is per organisation."""
    elsewhere = Person("kim2", {"school": "kim@corp.example"}, Role.ADMINISTRATOR)

    assert not is_downloader(elsewhere, the_facts())


@pytest.mark.parametrize(
    ("supplied_by", "person", "expected"),
    [
        ("Ana@corp.example", ANA, True),
        ("ana@corp.example", KIM, False),
        (None, KIM, True),  # the actor: nobody says otherwise
        (None, ANA, False),
    ],
)
def test_after_the_click_the_next_downloader_is_who_supplied_the_token(
    supplied_by: str | None, person: Person, expected: bool
) -> None:
    """B2.2: whose departure the new token does not satisfy."""
    rotation = a_rotation(state=State.RECEIVED, supplied_by=supplied_by)

    assert is_next_downloader(person, the_facts(rotation=rotation)) is expected


def test_apples_word_on_the_next_downloader_comes_first() -> None:
    """B1.4: before who handed the file over."""
    rotation = a_rotation(state=State.INSTALLED, supplied_by="kim@corp.example", downloader="ana@corp.example")

    assert is_next_downloader(ANA, the_facts(rotation=rotation))
    assert not is_next_downloader(KIM, the_facts(rotation=rotation))


def test_before_the_click_there_is_no_next_downloader() -> None:
    """B2.2: who is asked can still be changed."""
    assert not is_next_downloader(KIM, the_facts(rotation=a_rotation()))
    assert not is_next_downloader(KIM, the_facts(rotation=None))


@pytest.mark.parametrize(
    ("way", "source", "authentication", "expected"),
    [
        (Way.RECEIVER, "corp-okta", Authentication.FEDERATED, True),
        (Way.RECEIVER, "other-okta", Authentication.FEDERATED, False),
        (Way.RECEIVER, "corp-okta", Authentication.APPLE, False),
        (Way.RECEIVER, "hooks", Authentication.APPLE, True),
        (Way.DROP, "drop", Authentication.APPLE, True),
        (Way.OWNED_DROP, "drop", Authentication.UNKNOWN, True),
        (Way.CONTROL, "control", Authentication.APPLE, True),
        (Way.PAGE, "page", Authentication.APPLE, True),
        (Way.WATCH, "ldap", Authentication.FEDERATED, False),
    ],
)
def test_only_some_sources_speak_of_a_persons_password(
    way: Way, source: str, authentication: Authentication, expected: bool
) -> None:
    """B7.7: `password_source`, a drop, Standard Webhooks (`hooks` here), the CLI and the page."""
    person = replace(KIM, authentication=authentication)
    event = an_event(EventKind.PASSWORD_CHANGED, way=way, source=source, received_at=NOW)

    assert speaks_of_password(event, person, the_facts(password_speakers=frozenset({"hooks"}))) is expected
