"""The Google Secret Manager target, through Google's library, against a fake of the API over real HTTP."""

import json

import pytest

pytest.importorskip("google.cloud.secretmanager_v1", reason="the extra `google` is not installed")

from contracts.secret_store_contract import Keeps, SecretStoreContract, an_envelope
from contracts.target_contract import install
from fakes.google import Google, key_file
from fakes.troubles import Troubles
from fakes.web import NOWHERE, serving
from tokenward.model.finding import Finding, NeedsOperator
from tokenward.model.secret import Secret
from tokenward.model.target import BlockReason, Delivery
from tokenward.targets.google_secret_manager import Settings, build
from tokenward.wire.secret_store import fields_of


class GoogleCase(Keeps):
    """One secret of one project."""

    upload = ("POST", ":addVersion")
    credential = "PRIVATE KEY"

    def __init__(self, google: Google, troubles: Troubles, url: str) -> None:
        self.google, self.troubles, self.url = google, troubles, url
        self.target = self.build()
        self.nowhere = self.build(endpoint=NOWHERE)
        self.locked_out = self.build(key=key_file("other@example.iam.gserviceaccount.com"))
        self.hold(fields_of(Delivery("main", an_envelope())))

    def build(self, key: str | None = None, **words):
        """Return a target of this project, with other settings where *words* says so."""
        table = {
            "kind": "google-secret-manager",
            "project": "example",
            "endpoint": self.url,
            "service_account": {"env": "KEY"},
            "timeout": "1s",
        }
        key = key_file() if key is None else key
        return build(Settings.model_validate(table | words), service="main", service_account=Secret(key))

    async def refused(self) -> Finding:
        """Hand over an envelope by an identity that may only read."""
        self.google.is_read_only = True
        receipt = await install(self.target, an_envelope())
        assert receipt.refusal is not None
        return receipt.refusal

    def fields(self):
        """Return the newest version."""
        return json.loads(self.google.versions[-1])

    def hold(self, fields):
        """Add a version, or take them all away."""
        if fields is None:
            self.google.versions.clear()
        else:
            self.google.versions.append(json.dumps(fields).encode())

    @property
    def writes(self):
        """How many versions there are."""
        return len(self.google.versions)

    def before_the_next_write(self, act):
        """Do nothing: nobody would tell."""


@pytest.fixture
async def case():
    """Give the project over HTTP."""
    google = Google()
    troubles = Troubles(google.app())
    async with serving(troubles) as url:
        yield GoogleCase(google, troubles, url)


class TestGoogleSecretManager(SecretStoreContract):
    finds_other_writers = False

    @pytest.fixture
    async def case(self):
        """Give the project over HTTP."""
        google = Google()
        troubles = Troubles(google.app())
        async with serving(troubles) as url:
            yield GoogleCase(google, troubles, url)


async def test_a_secret_that_does_not_exist_is_named_with_the_command_that_makes_it(case):
    """B4.1: and is told from one that only has no version yet."""
    case.google.exists = False
    [obstacle] = (await case.target.gate.preflight()).obstacles
    assert obstacle.reason is BlockReason.TARGET_REFUSED
    assert "secrets create tokenward-main --project=example" in obstacle.remedy


async def test_a_newest_version_that_is_disabled_is_the_operators_business(case):
    """Nobody can tell what it holds, so it is no empty place."""
    case.google.is_disabled = True
    with pytest.raises(NeedsOperator) as raised:
        await case.target.read_back.read_back()
    assert "enabled" in raised.value.finding.do


@pytest.mark.parametrize("key", ["{}", "no json", '{"type": "service_account", "private_key": "x"}', key_file()[:-40]])
async def test_a_key_that_is_none_is_the_operators_business_and_is_not_repeated(case, key):
    """Bad input."""
    with pytest.raises(NeedsOperator) as raised:
        await case.build(key=key).read_back.read_back()
    assert "service_account" in raised.value.finding.do
    assert case.troubles.seen == []


async def test_without_a_key_or_an_identity_the_settings_are_named(case, monkeypatch, tmp_path):
    """Nothing on this machine gives any."""
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    settings = Settings.model_validate({"kind": "google-secret-manager", "project": "example", "endpoint": case.url})
    with pytest.raises(NeedsOperator) as raised:
        await build(settings, service="main", service_account=None).read_back.read_back()
    assert "service_account" in raised.value.finding.do
