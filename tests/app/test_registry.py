import pytest
from pydantic import ValidationError

from tokenward.app.registry import ISSUERS, TARGETS, parse_issuer, parse_target
from tokenward.model.secret import Secret
from tokenward.schema.fault import Fault

TARGET_TABLES: dict[str, dict[str, object]] = {
    "nanodep": {"url": "http://127.0.0.1:9001", "dep_name": "main", "api_key": {"env": "KEY"}},
    "fleet": {"url": "https://fleet.corp.example", "api_token": {"env": "KEY"}},
    "jamf": {"url": "https://corp.jamfcloud.com", "client_id": "7d0b", "client_secret": {"env": "KEY"}},
    "intune": {"tenant": "corp.example", "client_id": "app", "client_secret": {"env": "KEY"}},
    "jumpcloud": {"api_key": {"env": "KEY"}},
    "micromdm": {"url": "https://mdm.corp.example", "api_key": {"env": "KEY"}},
    "iru": {"url": "https://corp.api.kandji.io", "api_token": {"env": "KEY"}},
    "simplemdm": {"api_key": {"env": "KEY"}},
    "zentral": {"url": "https://zentral.corp.example", "api_token": {"env": "KEY"}},
    "blackberry-uem": {
        "url": "https://uem.corp.example:18084",
        "tenant": "SRP00000",
        "username": "tokenward",
        "password": {"env": "KEY"},
    },
    "directory": {"path": "/srv/tokens"},
    "aws-secrets-manager": {"region": "eu-central-1"},
    "azure-key-vault": {"url": "https://mdm.vault.azure.net"},
    "google-secret-manager": {"project": "example"},
    "kubernetes": {"namespace": "mdm"},
    "vault": {"url": "https://vault.corp.example", "token": {"env": "KEY"}},
    "command": {"command": ["/bin/put-token"]},
    "handoff": {},
}
ISSUER_TABLES: dict[str, dict[str, object]] = {
    "portal": {},
    "simulator": {"url": "http://127.0.0.1:9002"},
    "command": {"command": ["/bin/fetch", "{certificate}"]},
}


def reveal(ref):
    """Return any secret."""
    return Secret("secret")


@pytest.mark.parametrize("kind", TARGETS)
def test_every_kind_of_target_is_read_and_built_by_its_row(kind):
    """A14: one adapter per product, found in one table."""
    row = TARGETS[kind]

    settings = parse_target({"kind": kind, **TARGET_TABLES[kind]})
    target = row.build(settings, "main", reveal)

    assert isinstance(settings, row.section)
    assert row.abilities.kind == kind
    assert (target.id, target.abilities, target.required) == (kind, row.abilities, True)
    assert (target.installer is not None) == row.abilities.installs
    assert (target.read_back is not None) == row.abilities.reads_back
    assert (target.finder is not None) == row.abilities.finds
    assert row.abilities.by_hand


@pytest.mark.parametrize("kind", [kind for kind, row in TARGETS.items() if row.abilities.finds])
def test_a_product_is_looked_around_in_without_choosing_one_of_its_tokens(kind):
    """A14: what its section requires is enough, but for what means one token."""
    row = TARGETS[kind]
    table = {"kind": kind, **TARGET_TABLES[kind]}
    required = {name for name, one in row.place.model_fields.items() if one.is_required()}

    place = row.place.model_validate({name: value for name, value in table.items() if name in required})

    assert issubclass(row.section, row.place)
    assert row.finder(place, reveal) is not None


@pytest.mark.parametrize("kind", ISSUERS)
def test_every_kind_of_issuer_is_read_and_built_by_its_row(kind):
    """B4.7: the portal is a person, the others need none."""
    issuer = ISSUERS[kind].build(parse_issuer({"kind": kind, **ISSUER_TABLES[kind]}), reveal)

    assert issuer.kind == kind
    assert issuer.needs_person == (kind == "portal")


def test_settings_never_go_to_the_row_of_another_kind():
    """A mix-up is a bug, and is told at once."""
    settings = parse_target({"kind": "directory", **TARGET_TABLES["directory"]})

    with pytest.raises(TypeError):
        TARGETS["nanodep"].build(settings, "main", reveal)


def test_the_same_folder_serves_several_services_and_the_same_name_does_not():
    """A15: a folder keeps one file per service; NanoDEP one token per name."""
    folder = parse_target({"kind": "directory", **TARGET_TABLES["directory"]})
    product = parse_target({"kind": "nanodep", **TARGET_TABLES["nanodep"]})

    assert TARGETS["directory"].identity(folder, "main") != TARGETS["directory"].identity(folder, "labs")
    assert TARGETS["nanodep"].identity(product, "main") == TARGETS["nanodep"].identity(product, "labs")


@pytest.mark.parametrize("raw", [None, "nanodep", {}, {"kind": 5}, {"kind": "nanodpe"}], ids=str)
def test_what_has_no_known_kind_is_a_fault(raw):
    """The fault lists the kinds, or the nearest one."""
    with pytest.raises(Fault, match="nanodep"):
        parse_target(raw)


def test_what_its_kind_does_not_take_is_said_by_its_own_class():
    """Unknown keys are errors in adapters' tables too."""
    with pytest.raises(ValidationError, match="extra_forbidden"):
        parse_target({"kind": "directory", "path": "/srv", "url": "https://mdm.corp.example"})
