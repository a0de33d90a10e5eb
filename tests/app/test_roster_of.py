from datetime import UTC, datetime, timedelta

import pytest

from tokenward.app.roster_of import policy_of, roster_of
from tokenward.app.settings import PolicySettings, Settings
from tokenward.model.person import Authentication, Contact, Role
from tokenward.model.service import Keyholder, OnDeparture, OnPasswordChange, ServicePolicy, TargetRef


@pytest.fixture
def tables():
    """A small configuration, as TOML gives it."""
    return {
        "daemon": {"state_dir": "/s", "drop_dir": "/d", "seal_key": {"env": "KEY"}},
        "organisation": [{"id": "corp", "name": "Corp", "portal": "business-manager", "terms": ["kim"]}],
        "person": [
            {
                "id": "kim",
                "accounts": {"corp": "kim@corp.example"},
                "role": "administrator",
                "authentication": "apple",
                "also_known_as": {"employee": "E042", "email": ["k@corp.example"]},
                "contact": [{"channel": "mail", "to": "kim@corp.example"}],
            }
        ],
        "notify": {"on_call": [{"channel": "mail"}]},
        "policy": {"renew_before": "60d", "on_password_change": "probe"},
        "service": [
            {
                "id": "main",
                "organisation": "corp",
                "name": " Main MDM ",
                "keyholder": "operator",
                "custodian": "kim",
                "issuer": {"kind": "portal"},
                "service_state": "new",
                "proof": 1,
                "expires_at": datetime(2027, 3, 1, tzinfo=UTC),
                "on_password_change": "record",
                "target": [
                    {"kind": "directory", "path": "/a"},
                    {"kind": "directory", "id": "copy", "path": "/b", "required": False},
                ],
            }
        ],
    }


def test_the_roster_says_what_the_configuration_says(tables):
    """A13, B1.2, B1.3: every key arrives where the core looks for it."""
    roster = roster_of(Settings.model_validate(tables))

    service = roster.services["main"]
    assert (service.name, service.keyholder, service.custodian) == ("Main MDM", Keyholder.OPERATOR, "kim")
    assert (service.issuer, service.is_new, service.proof) == ("portal", True, 1)
    assert service.release_devices is False
    assert service.stated_expires_at == datetime(2027, 3, 1, tzinfo=UTC)
    assert service.targets == (TargetRef("directory", "directory"), TargetRef("copy", "directory", required=False))
    kim = roster.people["kim"]
    assert (kim.role, kim.authentication) == (Role.ADMINISTRATOR, Authentication.APPLE)
    assert kim.also_known_as == {"employee": ("E042",), "email": ("k@corp.example",)}
    assert kim.contact == (Contact("mail", "kim@corp.example"),)
    assert roster.on_call == (Contact("mail"),)
    assert roster.organisation_of(service).terms == ("kim",)


def test_a_service_without_issuer_is_only_watched(tables):
    """B1.5: the custodian is optional then."""
    del tables["service"][0]["issuer"], tables["service"][0]["custodian"]

    assert roster_of(Settings.model_validate(tables)).services["main"].is_watched


def test_what_a_service_sets_goes_before_the_policy_and_that_before_the_default(tables):
    """Section 9: the service's setting, then `[policy]`, then the table."""
    policy = roster_of(Settings.model_validate(tables)).services["main"].policy

    assert policy.on_password_change is OnPasswordChange.RECORD
    assert policy.renew_before == timedelta(days=60)
    assert policy.on_departure is OnDeparture.ROTATE


def test_where_nothing_is_set_the_defaults_hold():
    """B7.2, B7.3: discreet, two weeks before."""
    assert policy_of(PolicySettings(), PolicySettings()) == ServicePolicy()


def test_an_empty_list_of_freezes_lifts_those_of_the_policy():
    """B2.7: set to nothing is not the same as not set."""
    everywhere = PolicySettings.model_validate({"freeze": ["2026-12-15/2027-01-05"]})

    assert policy_of(PolicySettings.model_validate({"freeze": []}), everywhere).freeze == ()


@pytest.mark.parametrize(("word", "is_open"), [("open", True), ("discreet", False)])
def test_departures_are_open_only_where_that_is_said(word, is_open):
    """B7.2: discreet by default, and a service can go back to it."""
    open_everywhere = PolicySettings(departures="open")

    assert policy_of(PolicySettings(departures=word), open_everywhere).departures_open is is_open
