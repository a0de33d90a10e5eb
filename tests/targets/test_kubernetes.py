"""The Kubernetes target, through kubernetes-asyncio, against a fake of the API over real HTTP."""

import base64
import json

import pytest

pytest.importorskip("kubernetes_asyncio", reason="the extra `kubernetes` is not installed")

from contracts.secret_store_contract import NOW, Keeps, SecretStoreContract, an_envelope
from contracts.target_contract import install
from fakes.authority import own_certificate
from fakes.kubernetes import LABELS, TOKEN, Kubernetes
from fakes.target import a_token
from fakes.troubles import Trouble, Troubles
from fakes.web import NOWHERE, serving
from tokenward.model.finding import Finding, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import NOTHING_HELD, BlockReason, Delivery
from tokenward.targets import kubernetes
from tokenward.targets.kubernetes import Settings, build


class KubernetesCase(Keeps):
    """One Secret of one cluster."""

    upload = ("PUT", "/secrets/")
    credential = TOKEN

    def __init__(self, cluster: Kubernetes, troubles: Troubles, url: str) -> None:
        self.cluster, self.troubles, self.url = cluster, troubles, url
        self.target = self.build()
        self.nowhere = self.build(url=NOWHERE)
        self.locked_out = self.build(token="wrong")
        self.hold({"envelope": base64.b64encode(an_envelope().original).decode()})

    def build(self, token=TOKEN, **words):
        """Return a target of this cluster, with other settings where *words* says so."""
        table = {"kind": "kubernetes", "url": self.url, "token": {"env": "T"}, "namespace": "mdm", "timeout": "1s"}
        return build(Settings.model_validate(table | words), service="main", token=Secret(token))

    async def refused(self) -> Finding:
        """Hand over an envelope by an account that may only read."""
        self.cluster.is_read_only = True
        receipt = await install(self.target, an_envelope())
        assert receipt.refusal is not None
        return receipt.refusal

    def fields(self):
        """Return what a pod reads, in the words of the contract: the file in base64, and everything else as it is."""
        files = {name: self.cluster.entry(name) for name in self.cluster.names}
        values = json.loads(files.pop("token.json", b"{}"))
        envelope = {"envelope": base64.b64encode(files.pop("token.p7m")).decode()} if "token.p7m" in files else {}
        return envelope | {name: content.decode() for name, content in files.items()} | values

    def hold(self, fields):
        """Let somebody apply a Secret."""
        files = {name: base64.b64encode(text.encode()).decode() for name, text in (fields or {}).items()}
        if "envelope" in files:
            del files["envelope"]
            files["token.p7m"] = fields["envelope"]
        self.cluster.hold(files if fields else None)

    @property
    def writes(self):
        """How often it was written to."""
        return self.cluster.writes

    def before_the_next_write(self, act):
        """Let somebody be quicker."""
        self.cluster.meanwhile = act


@pytest.fixture
async def case():
    """Give the cluster over HTTP."""
    cluster = Kubernetes()
    troubles = Troubles(cluster.app())
    async with serving(troubles) as url:
        yield KubernetesCase(cluster, troubles, url)


class TestKubernetes(SecretStoreContract):
    @pytest.fixture
    async def case(self):
        """Give the cluster over HTTP."""
        cluster = Kubernetes()
        troubles = Troubles(cluster.app())
        async with serving(troubles) as url:
            yield KubernetesCase(cluster, troubles, url)


async def test_a_pod_that_mounts_the_secret_reads_the_two_files(case):
    """A14: as they lie in a folder of the directory target."""
    token, envelope = a_token("new", NOW), an_envelope()
    await case.target.installer.install(Delivery("main", envelope, token))
    assert case.cluster.entry("token.p7m") == envelope.original
    assert json.loads(case.cluster.entry("token.json")) == token.reveal_values()


async def test_labels_and_owners_of_the_secret_stay(case):
    """They are somebody's: what selects the Secret by them goes on finding it."""
    await install(case.target, an_envelope())
    assert case.cluster.secret["metadata"]["labels"] == LABELS


async def test_a_secret_that_somebody_else_makes_first_is_not_overwritten(case):
    """Two writers at once, where nothing was."""
    case.hold(None)
    case.before_the_next_write(lambda: case.hold({"envelope": "AAAA"}))
    with pytest.raises(Retryable) as raised:
        await install(case.target, an_envelope())
    assert "same moment" in raised.value.finding.happened
    assert case.cluster.entry("token.p7m") == b"\0\0\0"


async def test_what_changes_between_our_look_and_the_replacement_is_not_overwritten_either(case):
    """The Secret is read once more for its labels; what is replaced must still be what was looked at."""
    case.cluster.after_a_look = lambda: case.hold({"password": "of somebody"})
    with pytest.raises(Retryable) as raised:
        await install(case.target, an_envelope())
    assert "same moment" in raised.value.finding.happened
    assert case.fields() == {"password": "of somebody"}


async def test_a_conflict_that_shows_no_other_version_is_a_refusal(case):
    """What is no change of the Secret does not mend itself."""
    case.troubles.now, case.troubles.only = Trouble("conflict", 409, b"{}"), case.upload
    assert (await install(case.target, an_envelope())).refusal.do


async def test_a_missing_namespace_is_named(case):
    """A Secret is made where there is none; a namespace is not."""
    case.cluster.has_namespace = False
    receipt = await install(case.target, an_envelope())
    assert "namespace mdm" in receipt.refusal.do


async def test_a_secret_without_entries_is_empty_and_filled(case):
    """As somebody makes it beforehand, so that the account needs no right to create any."""
    case.hold(None)
    case.cluster.hold({})
    assert await case.target.read_back.read_back() == NOTHING_HELD
    assert (await install(case.target, an_envelope())).refusal is None
    assert case.cluster.secret["metadata"]["labels"] == LABELS


# --- Inside a pod ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def pod(case, tmp_path, monkeypatch):
    """Give the folder of a pod's service account, whose cluster is the one of the case."""
    certificate = own_certificate(tmp_path / "ca.crt")
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setattr(kubernetes, "POD", tmp_path)
    async with serving(case.troubles, certificate=certificate) as url:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", url.rpartition(":")[2])
        yield tmp_path


def _inside():
    settings = Settings.model_validate({"kind": "kubernetes", "namespace": "mdm", "timeout": "1s"})
    return build(settings, service="main", token=None)


async def test_a_pod_needs_no_settings_for_its_own_cluster(pod):
    """Address, authority and token are where every pod has them."""
    assert (await install(_inside(), an_envelope())).refusal is None


async def test_the_token_of_a_pod_is_read_each_time(pod, case):
    """It is exchanged by the hour."""
    target = _inside()
    assert (await target.gate.preflight()).is_clear
    case.cluster.token = "next-s3cret"
    (pod / "token").write_text("next-s3cret")
    assert (await target.gate.preflight()).is_clear


async def test_outside_of_a_pod_the_settings_that_are_missing_are_named(tmp_path, monkeypatch):
    """B4.1: before anybody is asked."""
    monkeypatch.setattr(kubernetes, "POD", tmp_path)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    [obstacle] = (await _inside().gate.preflight()).obstacles
    assert obstacle.reason is BlockReason.TARGET_REFUSED
    assert "url" in obstacle.remedy


def test_an_address_without_a_token_is_a_fault():
    """Half of what is needed would be seen at the first question only."""
    table = {"kind": "kubernetes", "namespace": "mdm", "url": "https://cluster.corp.example"}
    with pytest.raises(ValueError, match="belong together"):
        Settings.model_validate(table)
