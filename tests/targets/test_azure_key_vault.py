"""The Azure Key Vault target, through Azure's libraries, against a fake of the API over real HTTP with TLS."""

import json
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("azure.keyvault.secrets", reason="the extra `azure` is not installed")
pytest.importorskip("azure.identity", reason="the extra `azure` is not installed")

from contracts.secret_store_contract import Keeps, SecretStoreContract, an_envelope
from contracts.target_contract import install
from fakes.authority import own_certificate
from fakes.azure import CLIENT, CLIENT_SECRET, TENANT, Azure
from fakes.troubles import OUT_OF_ORDER, Troubles
from fakes.web import NOWHERE, serving
from tokenward.model.finding import Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import Delivery
from tokenward.targets.azure_key_vault import Settings, build
from tokenward.wire.secret_store import fields_of

TLS_NOWHERE = NOWHERE.replace("http:", "https:")


class AzureCase(Keeps):
    """One secret of one vault."""

    upload = ("PUT", "/secrets/")
    credential = CLIENT_SECRET

    def __init__(self, azure: Azure, troubles: Troubles, table: dict[str, object]) -> None:
        self.azure, self.troubles, self.table = azure, troubles, table
        self.sign_in = troubles
        self.target = self.build()
        self.nowhere = self.build(url=TLS_NOWHERE)
        self.locked_out = self.build(client_secret="wrong")
        self.hold(fields_of(Delivery("main", an_envelope())))

    def build(self, client_secret=CLIENT_SECRET, **words):
        """Return a target of this vault, with other settings where *words* says so."""
        principal = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": {"env": "SECRET"}}
        settings = Settings.model_validate(self.table | principal | words)
        return build(settings, service="main", client_secret=Secret(client_secret))

    async def refused(self) -> Finding:
        """Hand over an envelope by an identity that may only read."""
        self.azure.is_read_only = True
        receipt = await install(self.target, an_envelope())
        assert receipt.refusal is not None
        return receipt.refusal

    def fields(self):
        """Return the newest version."""
        return json.loads(self.azure.versions[-1])

    def hold(self, fields):
        """Add a version, or take them all away."""
        if fields is None:
            self.azure.versions.clear()
        else:
            self.azure.versions.append(json.dumps(fields))

    @property
    def writes(self):
        """How many versions there are."""
        return len(self.azure.versions)

    def before_the_next_write(self, act):
        """Do nothing: nobody would tell."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the certificate of the vault and of the sign-in."""
    return own_certificate(tmp_path_factory.mktemp("azure") / "authority.pem")


@asynccontextmanager
async def a_case(certificate):
    """Give the vault, and the place to sign in, over HTTP with TLS."""
    azure = Azure()
    troubles, sign_in = Troubles(azure.vault()), Troubles(azure.sign_in())
    async with (
        serving(troubles, certificate=certificate) as url,
        serving(sign_in, certificate=certificate) as authority,
    ):
        table = {"kind": "azure-key-vault", "url": url, "authority": authority, "timeout": "1s"}
        case = AzureCase(azure, troubles, {**table, "ca_file": str(certificate)})
        case.sign_in = sign_in
        yield case


@pytest.fixture
async def case(certificate):
    """Give the vault."""
    async with a_case(certificate) as case:
        yield case


class TestAzureKeyVault(SecretStoreContract):
    finds_other_writers = False

    @pytest.fixture
    async def case(self, certificate):
        """Give the vault."""
        async with a_case(certificate) as case:
            yield case


async def test_a_vault_that_names_somebody_elses_resource_gets_no_token(case):
    """A token for another service must not go to whoever answers here."""
    case.azure.believes = "else"
    with pytest.raises(NeedsOperator):
        await case.target.read_back.read_back()
    assert case.sign_in.seen == []


async def test_an_outage_of_the_sign_in_is_no_refusal(case):
    """B10.2: nobody has to change a setting for it."""
    with pytest.raises(Retryable) as raised:
        await case.build(authority=TLS_NOWHERE).read_back.read_back()
    assert "Entra" in raised.value.finding.happened


async def test_a_sign_in_that_is_out_of_order_takes_no_token(case):
    """And what it answered is not repeated."""
    case.sign_in.now = OUT_OF_ORDER
    with pytest.raises((Retryable, NeedsOperator)) as raised:
        await case.target.read_back.read_back()
    assert "oops" not in raised.value.finding.text()


async def test_a_name_that_is_deleted_and_still_kept_is_said(case):
    """The vault shows nothing there, and takes nothing either."""
    case.hold(None)
    case.azure.is_deleted = True
    assert "purge" in (await install(case.target, an_envelope())).refusal.do


async def test_a_machine_with_an_identity_needs_no_secret(case, monkeypatch):
    """As App Service and others give one; the address is theirs, and on this machine."""
    async with serving(case.azure.sign_in()) as url:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/identity")
        monkeypatch.setenv("IDENTITY_HEADER", "machine")
        target = build(Settings.model_validate(case.table), service="main", client_secret=None)
        assert (await install(target, an_envelope())).refusal is None


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({"url": "http://127.0.0.1:1"}, "TLS"),
        ({"tenant_id": TENANT}, "belong together"),
        ({"client_secret": {"env": "SECRET"}}, "belong together"),
    ],
    ids=["in clear", "no client", "no tenant"],
)
def test_what_the_library_would_refuse_later_is_a_fault_now(words, fault):
    """It would be seen at the first question only."""
    with pytest.raises(ValueError, match=fault):
        Settings.model_validate({"kind": "azure-key-vault", "url": "https://mdm.vault.azure.net", **words})
