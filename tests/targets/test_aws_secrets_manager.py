"""The AWS Secrets Manager target, through boto3, against moto over real HTTP."""

import json

import pytest

pytest.importorskip("boto3", reason="the extra `aws` is not installed")
pytest.importorskip("moto.server", reason="moto, which plays AWS, is not installed")

from contracts.secret_store_contract import Keeps, SecretStoreContract, an_envelope
from contracts.target_contract import install
from fakes.aws import ACCESS_KEY, REGION, SECRET_KEY, Aws, running_moto
from fakes.troubles import Troubles
from fakes.web import NOWHERE, serving, speaking
from tokenward.model.finding import Finding, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import BlockReason, Delivery
from tokenward.targets.aws_secrets_manager import Settings, build
from tokenward.wire.secret_store import fields_of


class AwsCase(Keeps):
    """One secret of one account."""

    upload = ("POST", "PutSecretValue")
    credential = SECRET_KEY

    def __init__(self, aws: Aws, troubles: Troubles, url: str) -> None:
        self.aws, self.troubles, self.url = aws, troubles, url
        self.target = self.build()
        self.nowhere = self.build(endpoint=NOWHERE)
        self.locked_out = self.build(access_key_id="AKIAWRONG")
        self.hold(fields_of(Delivery("main", an_envelope())))

    def build(self, **words):
        """Return a target of this account, with other settings where *words* says so."""
        table = {
            "kind": "aws-secrets-manager",
            "region": REGION,
            "endpoint": self.url,
            "access_key_id": ACCESS_KEY,
            "secret_access_key": {"env": "KEY"},
            "timeout": "1s",
        }
        return build(Settings.model_validate(table | words), service="main", secret_access_key=Secret(SECRET_KEY))

    async def refused(self) -> Finding:
        """Hand over an envelope by a key that may only read."""
        self.aws.refusals["PutSecretValue"] = (400, "AccessDeniedException")
        receipt = await install(self.target, an_envelope())
        assert receipt.refusal is not None
        return receipt.refusal

    def fields(self):
        """Return the current version."""
        return self.aws.read()

    def hold(self, fields):
        """Add a version, or make the secret anew without one."""
        if fields is None:
            self.aws.empty()
        else:
            self.aws.write(json.dumps(fields))

    @property
    def writes(self):
        """How many versions there are."""
        return len(self.aws.versions())

    def before_the_next_write(self, act):
        """Do nothing: nobody would tell."""


@pytest.fixture(scope="module")
def moto():
    """Run moto for all tests of this module."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with running_moto() as url:
            yield url


@pytest.fixture
async def case(moto):
    """Give the account over HTTP."""
    aws = Aws(moto)
    troubles = Troubles(aws, named_in=b"x-amz-target")
    async with serving(troubles) as url:
        yield AwsCase(aws, troubles, url)


class TestAwsSecretsManager(SecretStoreContract):
    finds_other_writers = False

    @pytest.fixture
    async def case(self, moto):
        """Give the account over HTTP."""
        aws = Aws(moto)
        troubles = Troubles(aws, named_in=b"x-amz-target")
        async with serving(troubles) as url:
            yield AwsCase(aws, troubles, url)


async def test_the_former_version_keeps_its_label(case):
    """Whoever needs what was there before finds it."""
    await install(case.target, an_envelope())
    assert sorted(stages for stages in case.aws.versions().values() if stages) == [["AWSCURRENT"], ["AWSPREVIOUS"]]


async def test_a_secret_that_does_not_exist_is_named_with_the_command_that_makes_it(case):
    """B4.1: and is told from one that only has no version yet."""
    case.aws.empty(makes=False)
    [obstacle] = (await case.target.gate.preflight()).obstacles
    assert obstacle.reason is BlockReason.TARGET_REFUSED
    assert "create-secret --region eu-central-1 --name tokenward/main" in obstacle.remedy


@pytest.mark.parametrize("code", ["ThrottlingException", "com.amazonaws.x#TooManyRequestsException"])
async def test_throttling_has_the_status_of_a_refusal_and_is_none(case, code):
    """AWS answers 400 to both; the code tells."""
    case.aws.refusals = {"PutSecretValue": (400, code)}
    with pytest.raises(Retryable):
        await install(case.target, an_envelope())
    case.aws.refusals = {"GetSecretValue": (400, code)}
    with pytest.raises(Retryable):
        await case.target.read_back.read_back()


async def test_an_answer_lost_in_the_service_is_in_doubt(case):
    """A version may have been added."""
    case.aws.refusals = {"PutSecretValue": (500, "InternalServiceError")}
    with pytest.raises(OutcomeUnknown):
        await install(case.target, an_envelope())


async def test_binary_secrets_are_somebody_elses(case):
    """Tokenward writes text."""
    case.aws.client.put_secret_value(SecretId="tokenward/main", SecretBinary=b"\0\1")
    assert not (await case.target.gate.preflight()).is_clear


async def test_without_credentials_the_settings_are_named(case, monkeypatch, tmp_path):
    """Nothing on this machine gives any."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    settings = Settings.model_validate({"kind": "aws-secrets-manager", "region": REGION, "endpoint": case.url})
    target = build(settings, service="main", secret_access_key=None)
    with pytest.raises(NeedsOperator) as raised:
        await target.read_back.read_back()
    assert "access_key_id" in raised.value.finding.do
    assert case.troubles.seen == []


async def test_an_endpoint_in_the_environment_is_not_used(case, monkeypatch):
    """Only the configuration says where the token goes; what the proxy hears tells where that was."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", case.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", case.url)
    heard: list[bytes] = []

    async def listen(reader, _):
        heard.append(await reader.readline())

    async with speaking(listen) as proxy:
        assert not (await case.build(endpoint=None, proxy=proxy).gate.preflight()).is_clear
    assert heard == [b"CONNECT secretsmanager.eu-central-1.amazonaws.com:443 HTTP/1.1\r\n"]


def test_half_a_pair_of_keys_is_a_fault():
    """It would be seen at the first question only."""
    with pytest.raises(ValueError, match="belong together"):
        Settings.model_validate({"kind": "aws-secrets-manager", "region": REGION, "access_key_id": ACCESS_KEY})
