"""The Vault target, through hvac, against a fake of the key/value engine over real HTTP."""

import pytest
from pydantic import ValidationError

pytest.importorskip("hvac", reason="the extra `vault` is not installed")

from contracts.secret_store_contract import Keeps, SecretStoreContract, an_envelope
from contracts.target_contract import install
from fakes.authority import own_certificate
from fakes.troubles import Trouble, Troubles
from fakes.vault import TOKEN, Vault
from fakes.web import NOWHERE, serving
from tokenward.model.finding import Finding
from tokenward.model.secret import Secret
from tokenward.model.target import Delivery
from tokenward.schema.fault import Fault
from tokenward.targets.vault import Settings, build
from tokenward.wire.secret_store import fields_of


class VaultCase(Keeps):
    """One Vault with one secret."""

    upload = ("POST", "/data/")
    credential = TOKEN

    def __init__(self, vault: Vault, troubles: Troubles, url: str) -> None:
        self.vault, self.troubles, self.url = vault, troubles, url
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(token="wrong")
        self.hold(fields_of(Delivery("main", an_envelope())))

    def build(self, token=TOKEN, **words):
        """Return a target of this Vault, with other settings where *words* says so."""
        table = {"kind": "vault", "url": self.url, "token": {"env": "TOKEN"}, "mount": "kv", "timeout": "1s"}
        return build(Settings.model_validate(table | words), service="main", token=Secret(token))

    async def refused(self) -> Finding:
        """Hand over an envelope with a token that may only read."""
        self.vault.is_read_only = True
        receipt = await install(self.target, an_envelope())
        assert receipt.refusal is not None
        return receipt.refusal

    def fields(self):
        """Return the newest version."""
        return self.vault.versions[-1]

    def hold(self, fields):
        """Add a version; None deletes the newest."""
        if fields is None:
            self.vault.versions[-1] = None
        else:
            self.vault.versions.append(fields)

    @property
    def writes(self):
        """How many versions were written."""
        return self.vault.writes

    def before_the_next_write(self, act):
        """Let somebody be quicker."""
        self.vault.meanwhile = act


@pytest.fixture
async def case():
    """Give the Vault over HTTP."""
    vault = Vault()
    troubles = Troubles(vault.app())
    async with serving(troubles) as url:
        yield VaultCase(vault, troubles, url)


class TestVault(SecretStoreContract):
    @pytest.fixture
    async def case(self):
        """Give the Vault over HTTP."""
        vault = Vault()
        troubles = Troubles(vault.app())
        async with serving(troubles) as url:
            yield VaultCase(vault, troubles, url)


async def test_a_path_that_never_held_anything_is_made(case):
    """The first version is written with a cas of 0: only where nothing is."""
    case.vault.versions.clear()
    assert (await install(case.target, an_envelope())).refusal is None
    assert len(case.vault.versions) == 1


async def test_what_is_outdated_is_told_from_what_is_refused_by_a_second_look(case):
    """Vault has one status for both, and its words are nobody's promise."""
    case.troubles.only = case.upload
    case.troubles.now = Trouble("refuses", 400, b'{"errors": ["whatever"]}')
    receipt = await install(case.target, an_envelope())
    assert receipt.refusal.happened == "Vault answered 400 and did not take the token."


async def test_the_namespace_goes_with_every_request(case):
    """Enterprise and OpenBao."""
    case.vault.namespace = "mdm/apple"
    receipt = await install(case.build(namespace="mdm/apple"), an_envelope())
    assert receipt.refusal is None
    assert "namespace" in (await install(case.target, an_envelope())).refusal.do


async def test_a_mount_without_an_engine_is_named_when_it_is_written_to(case):
    """Before that Vault answers as for a path that holds nothing, which the preflight says."""
    case.vault.has_engine = False
    preflight = await case.target.gate.preflight()
    assert preflight.is_clear
    assert "version 2" in " ".join(preflight.cannot_tell)
    assert "mount" in (await install(case.target, an_envelope())).refusal.do


async def test_a_certificate_of_an_own_authority_is_believed_where_it_is_set(case, tmp_path):
    """Vault is often behind one."""
    certificate = own_certificate(tmp_path / "vault.pem")
    async with serving(case.troubles, certificate=certificate) as url:
        assert (await case.build(url=url, ca_file=str(certificate)).read_back.read_back()).present
        assert not (await case.build(url=url).gate.preflight()).is_clear


@pytest.mark.parametrize("path", ["../sys/seal", "a//b", "/a", "a/", ".a", "a?b", ""])
def test_a_path_leads_nowhere_else(path):
    """The path becomes part of an address."""
    table = {"kind": "vault", "url": "https://vault.corp.example", "token": {"env": "T"}}
    with pytest.raises(ValueError, match="path"):
        Settings.model_validate({**table, "path": path})


def test_without_the_library_the_configuration_says_what_to_install(monkeypatch):
    """An extra is nobody's surprise at the moment of a rotation."""
    monkeypatch.setattr("tokenward.targets.find_spec", lambda _: None)
    with pytest.raises(ValidationError, match="not installed") as raised:
        Settings.model_validate({"kind": "vault", "url": "https://vault.corp.example", "token": {"env": "T"}})
    fault = raised.value.errors()[0]["ctx"]["error"]
    assert isinstance(fault, Fault)
    assert "tokenward[vault]" in fault.right
