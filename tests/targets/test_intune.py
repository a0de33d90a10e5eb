"""The Intune target against a fake that answers as Microsoft Graph's documentation says, over real HTTP."""

from datetime import timedelta

import pytest

from contracts.http_target_contract import HttpTargetContract
from contracts.target_contract import LONG_AGO, install
from fakes.apple_side import ANA, BEGIN, FOREIGN_ORG, FOREIGN_UUID, KIM
from fakes.intune import CLIENT_ID, TENANT, Intune, Setting
from fakes.web import NOWHERE
from targets.intune_scene import a_tenant
from tokenward.crypto import parse_certificate, parse_envelope
from tokenward.model.finding import Code, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.target import Delivery
from tokenward.model.token import TokenState
from tokenward.targets.intune import Settings

MINUTE = 60.0


@pytest.fixture
async def case():
    """Give a tenant with one token over HTTP."""
    async with a_tenant() as case:
        yield case


@pytest.fixture
def intune(case):
    """Return the tenant itself."""
    return case.intune


class TestIntune(HttpTargetContract):
    @pytest.fixture
    async def case(self):
        """Give a tenant with one token over HTTP."""
        async with a_tenant() as case:
            yield case


# --- Logging in -----------------------------------------------------------------------------------------------------


async def test_one_login_serves_many_questions_and_its_token_is_never_said(case, intune):
    """The access token is in memory only."""
    said = [repr(await case.target.health.health()) for _ in range(3)]
    assert intune.entra.given == ["acc3ss-1"]
    assert "acc3ss" not in repr([said, vars(case.target.gate)])


async def test_a_login_that_was_revoked_is_made_anew(case, intune):
    """Nothing was done with it, so not even an upload is in doubt."""
    envelope = await case.envelope()
    await case.target.health.health()
    intune.entra.revoked.update(intune.entra.given)
    assert (await install(case.target, envelope)).refusal is None


async def test_an_app_that_may_only_read_is_told_which_permission_it_lacks(case, intune):
    """B4.1: it won't mend itself, and what is granted counts at once."""
    intune.may_write = False
    with pytest.raises(NeedsOperator) as raised:
        await install(case.target, await case.envelope())
    assert "DeviceManagementServiceConfig.ReadWrite.All" in raised.value.finding.do

    intune.may_write = True
    assert (await install(case.target, await case.envelope())).refusal is None


async def test_a_login_that_cannot_be_reached_is_named_as_what_is_away(case):
    """Not Intune: its own address is right."""
    reading = await case.build(login_url=NOWHERE).health.health()
    assert (reading.verdict, reading.answered) == (None, False)
    assert reading.why.startswith("Microsoft Entra could not be reached")


def test_the_login_follows_from_the_tenant():
    """Source: Microsoft identity platform, client credentials."""
    table = {"kind": "intune", "tenant": TENANT, "client_id": CLIENT_ID, "client_secret": {"env": "SECRET"}}
    settings = Settings.model_validate(table)
    assert settings.token_url == "https://login.microsoftonline.com/corp.example/oauth2/v2.0/token"
    assert settings.url == "https://graph.microsoft.com"


@pytest.mark.parametrize("tenant", ["", "a/b", "..", "a b", "corp.example?x"])
def test_a_tenant_that_would_change_the_address_is_refused(tenant):
    """The client secret goes where it was meant to go."""
    table = {"kind": "intune", "tenant": tenant, "client_id": CLIENT_ID, "client_secret": {"env": "SECRET"}}
    with pytest.raises(ValueError, match="tenant"):
        Settings.model_validate(table)


# --- Which token ----------------------------------------------------------------------------------------------------


def more_tokens(intune: Intune, *ids: str) -> None:
    """Give the tenant further tokens, of another organisation."""
    for one in ids:
        file = intune.apple.download(intune.certificate, ANA, org=FOREIGN_ORG, server_uuid=FOREIGN_UUID)
        intune.holds(file, one, ANA)


async def test_the_only_token_needs_no_id(case):
    """What a user sets is what is needed."""
    assert (await case.build(token_id=None).read_back.read_back()).present


@pytest.mark.parametrize("token_id", [None, "three"])
async def test_several_tokens_are_never_guessed_at(case, intune, token_id):
    """It never makes things worse: the wrong place is another organisation's."""
    more_tokens(intune, "two")
    with pytest.raises(NeedsOperator) as raised:
        await case.build(token_id=token_id).read_back.read_back()
    assert "one (Token one); two (Token two)" in raised.value.finding.means
    assert "token_id" in raised.value.finding.do


async def test_a_tenant_without_any_token_says_what_comes_first(case, intune):
    """The first one is made in the admin center: it also gives Microsoft leave to speak with Apple."""
    intune.settings.clear()
    with pytest.raises(NeedsOperator) as raised:
        await case.target.key_source.fetch_certificate("main")
    assert "admin center" in raised.value.finding.do


async def test_a_long_list_is_read_to_its_end_at_the_configured_address(case, intune):
    """Its links name Microsoft's own host, and the access token goes nowhere but where it was configured to go."""
    more_tokens(intune, "two", "three", "four", "five")
    intune.page_size = 2
    found = await case.build(token_id=None).finder.find_all()
    assert [one.settings["token_id"] for one in found] == ["one", "two", "three", "four", "five"]
    assert [one.holding.downloader for one in found][:2] == ["before@corp.example", ANA]
    assert (await case.build(token_id="five").read_back.read_back()).downloader == ANA


async def test_a_list_without_an_end_is_given_up(case, intune, monkeypatch):
    """Bad input."""
    more_tokens(intune, "two")
    intune.page_size = 0
    with pytest.raises(Retryable):
        await case.target.read_back.read_back()
    assert len(case.troubles.seen) < 50


async def test_a_place_without_a_token_holds_none(case, intune):
    """B1.3: said so by the product itself; dates of the year 1 are none."""
    intune.settings["one"] = Setting("one", sync_error=None)
    reading = await case.target.health.health()
    assert reading.verdict is None
    assert not reading.holding.present
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 0


# --- The key --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["pem", "base64"])
async def test_the_key_is_taken_in_either_form(case, intune, form):
    """Which one it is, nobody has written down. Asking never makes another one."""
    intune.key_form = form
    raw = await case.target.key_source.fetch_certificate("main")
    expected = parse_certificate(intune.certificate.encode(), BEGIN)
    assert parse_certificate(raw, BEGIN).fingerprint == expected.fingerprint


async def test_a_tenant_without_a_key_is_not_made_to_make_one(case, intune):
    """Whether a new key spoils a token under way is not known, so a person decides."""
    intune.key = None
    with pytest.raises(NeedsOperator) as raised:
        await case.target.key_source.fetch_certificate("main")
    assert "public key" in raised.value.finding.do


# --- Handing over ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("takes", ["text", "base64"])
async def test_the_form_that_is_refused_is_followed_by_the_other(case, intune, takes):
    """B4.5: which one it is, nobody has written down."""
    intune.takes = takes
    before = case.setting.expires_at
    assert (await install(case.target, await case.envelope())).refusal is None
    assert case.setting.expires_at != before
    assert intune.uploads == ["text", "base64"][: 1 + (takes == "base64")]


async def test_a_form_that_puts_intune_out_of_order_is_not_the_first_again(case, intune):
    """B4.5: it did not say that it refused, so it is looked at before the other form is tried."""
    intune.takes, intune.refuses_with = "base64", 500
    envelope = await case.envelope()
    with pytest.raises(OutcomeUnknown):
        await case.target.installer.install(Delivery("main", envelope))
    assert intune.uploads == ["text"]
    assert (await install(case.target, envelope)).refusal is None
    assert intune.uploads == ["text", "base64"]


@pytest.mark.parametrize("encoding", ["text", "base64"])
async def test_a_form_that_is_set_is_the_only_one(case, intune, encoding):
    """Whoever knows need not have it tried out."""
    intune.takes = encoding
    target = case.build(encoding=encoding)
    assert (await install(target, await case.envelope())).refusal is None
    assert (await install(target, await case.wrong_key())).refusal.code is Code.TARGET_ANSWER
    assert intune.uploads == [encoding, encoding]


async def test_a_file_that_is_no_text_is_handed_over_as_the_portal_writes_it(case):
    """Some programs unwrap what they save."""
    bare = parse_envelope((await case.envelope()).cms)
    assert (await install(case.target, bare)).refusal is None


async def test_intune_is_told_who_downloaded_the_token(case):
    """It shows that account to people, and to us later on."""
    await case.target.installer.install(Delivery("main", await case.envelope(ANA), account=ANA))
    assert (await case.target.read_back.read_back()).downloader == ANA


async def test_where_nobody_knows_who_downloaded_it_the_configured_account_is_told(case):
    """An operator's word, and no guess."""
    await install(case.target, await case.envelope())
    assert case.setting.apple_id == KIM


async def test_without_any_account_nothing_is_claimed(case):
    """Intune wants one: the remedy is a setting."""
    receipt = await install(case.build(apple_id=None), await case.envelope())
    assert receipt.refusal is not None
    assert "apple_id" in receipt.refusal.do
    assert case.intune.uploads == []
    assert case.setting.apple_id == "before@corp.example"


async def test_another_account_alone_is_not_another_token(case):
    """A2: it is what we typed, and no word of Apple's."""
    held = await case.target.read_back.read_back()
    case.setting.apple_id = ANA
    assert (await case.target.read_back.read_back()).mark == held.mark


# --- Health ---------------------------------------------------------------------------------------------------------


async def test_a_good_sync_with_this_token_is_a_verdict(case, intune):
    """B10.1: Apple took it."""
    reading = await case.target.health.health()
    assert reading.verdict is TokenState.VALID
    assert reading.downloader is None
    assert reading.holding.downloader == "before@corp.example"


@pytest.mark.parametrize(
    "change",
    [
        {"sync_error": 401},
        {"sync_error": None},
        {"synced_at": None},
        {"triggered_at": BEGIN + timedelta(days=1)},
        {"modified_at": BEGIN + timedelta(days=1)},
    ],
    ids=lambda one: next(iter(one)),
)
async def test_anything_else_is_none(case, change):
    """B10.1: what it can't tell it never claims."""
    for name, value in change.items():
        setattr(case.setting, name, value)
    reading = await case.target.health.health()
    assert reading.verdict is None
    assert reading.answered
    assert reading.holding.present


async def test_what_intune_cannot_be_asked_is_said_beforehand(case):
    """B4.1: said, never held against it."""
    preflight = await case.target.gate.preflight()
    assert preflight.is_clear
    assert len(preflight.cannot_tell) == 2
