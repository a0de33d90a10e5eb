"""The NanoDEP target against the small device management service of the stand-in, over real HTTP."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from contracts.target_contract import TargetContract
from fakes.stand_in import ANA, KIM
from targets.nanodep_scene import API_KEY, NanoDepCase
from tokenward.crypto import parse_certificate, parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Code, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.instant import parse_instant
from tokenward.model.secret import Secret
from tokenward.model.target import NOTHING_HELD, BlockReason, Delivery
from tokenward.model.token import TokenState
from tokenward.targets.nanodep import NanoDep, Settings

NOW = datetime(2026, 11, 24, tzinfo=UTC)
JUNK = Envelope(b"CS_s3cret", b"CS_s3cret", "0", (), "aes128_cbc", "rsaes_pkcs1v15")


@pytest.fixture
def case(stand_in):
    """Return a DEP name that holds nothing yet."""
    return NanoDepCase(stand_in)


@pytest.fixture
async def linked(case):
    """Return a DEP name that holds a token which works, and has a session with Apple."""
    await case.install(await case.envelope())
    assert (await case.nanodep.health()).verdict is TokenState.VALID
    return case


class TestNanoDep(TargetContract):
    @pytest.fixture
    def case(self, stand_in):
        """Return a DEP name that holds nothing yet."""
        return NanoDepCase(stand_in)


class TestKey:
    async def test_every_fetch_makes_one_key_named_as_asked_and_valid_long_enough(self, case, stand_in):
        """B3.1: one request is one key; the default of one day is too short for a person."""
        raw = await case.nanodep.fetch_certificate("ade-main-7f3a")
        certificate = parse_certificate(raw, parse_instant("2026-11-24T00:00:00Z"))
        assert certificate.subject == "CN=ade-main-7f3a"
        assert 29 <= (certificate.not_after - certificate.not_before).days <= 31

    async def test_a_key_that_could_not_be_made_is_tried_again(self, case, stand_in):
        """B3.1: nobody has seen that certificate."""
        stand_in.admin("POST", "/faults", {"where": "nanodep-get-key", "status": 500, "service": case.name})
        with pytest.raises(Retryable):
            await case.nanodep.fetch_certificate("ade-main")

    async def test_a_wrong_api_key_is_the_operators_business(self, case):
        """B4.1: it will not mend itself."""
        with pytest.raises(NeedsOperator) as raised:
            await NanoDep(case.settings(), Secret("wrong")).fetch_certificate("ade-main")
        assert raised.value.finding.code is Code.TARGET_REFUSED
        assert "wrong" not in raised.value.finding.text()


class TestPreflight:
    async def test_what_cannot_be_told_is_said(self, case):
        """B4.1: NanoDEP never tells which key it has staged."""
        preflight = await case.nanodep.preflight()
        assert preflight.is_clear
        assert any("key" in sentence for sentence in preflight.cannot_tell)

    async def test_it_makes_no_key(self, case):
        """Promise 3: a stray fetch would make the coming envelope useless."""
        envelope = await case.envelope()
        await case.nanodep.preflight()
        await case.nanodep.health()
        assert (await case.nanodep.install(Delivery("main", envelope))).refusal is None

    async def test_a_wrong_api_key_shows_before_anybody_is_asked(self, case):
        """B4.1: the remedy names the setting."""
        [obstacle] = (await NanoDep(case.settings(), Secret("wrong")).preflight()).obstacles
        assert obstacle.reason is BlockReason.TARGET_REFUSED
        assert "api_key" in obstacle.remedy

    async def test_unsigned_terms_show_before_anybody_is_asked(self, linked, stand_in):
        """B4.1: they can be told through the proxy."""
        stand_in.admin("POST", "/terms", {"accepted": False})
        [obstacle] = (await linked.nanodep.preflight()).obstacles
        assert obstacle.reason is BlockReason.TERMS_UNSIGNED

    async def test_a_server_that_is_out_of_order_is_unreachable(self, case, stand_in):
        """B4.1: 503 to everything."""
        stand_in.admin("POST", "/nanodep", {"down": True})
        [obstacle] = (await case.nanodep.preflight()).obstacles
        assert obstacle.reason is BlockReason.TARGET_UNREACHABLE

    async def test_another_server_at_the_address_is_not_taken_for_nanodep(self, case, stand_in):
        """B4.1: a wrong port shows at once."""
        [obstacle] = (await NanoDep(case.settings(url=stand_in.portal), Secret("key")).preflight()).obstacles
        assert obstacle.reason is BlockReason.TARGET_UNREACHABLE
        assert stand_in.portal in obstacle.remedy


class TestInstall:
    async def test_the_answers_secrets_are_hashed_and_shown_nowhere(self, case):
        """Promise 4: what is kept is a digest."""
        receipt = await case.nanodep.install(Delivery("main", await case.envelope()))
        assert receipt.token is not None
        assert receipt.token_digest == receipt.token.digest
        assert "CS_" not in repr(receipt)

    async def test_an_envelope_for_an_overwritten_key_is_refused_as_such(self, case):
        """B5.1: told apart from a damaged file."""
        assert (await case.refused()).code is Code.WRONG_KEY

    async def test_an_envelope_without_any_key_staged_is_refused_as_such(self, case):
        """B5.1: NanoDEP's storage was lost, or the name is wrong."""
        envelope = await case.envelope()
        other = NanoDepCase(case.stand_in)
        assert (await other.refusal(envelope)).code is Code.NO_KEY

    async def test_a_bare_file_is_handed_over_with_the_mail_headers_that_nanodep_wants(self, case):
        """B4.5: an encoding that the product refuses is followed by the other known one."""
        envelope = await case.envelope()
        bare = parse_envelope(envelope.cms)
        receipt = await case.nanodep.install(Delivery("main", bare))
        assert receipt.refusal is None

    async def test_a_file_that_cannot_be_read_is_refused_without_quoting_it(self, case):
        """Promise 4: NanoDEP quotes the line that it could not read, which may be the token."""
        await case.nanodep.fetch_certificate("ade-main")
        finding = await case.refusal(JUNK)
        assert finding.code is Code.DAMAGED
        assert "s3cret" not in finding.text()

    async def test_another_persons_token_is_a_question_and_is_taken_by_force(self, linked):
        """B5.7: the old token stays until the delivery is forced; then the new one's values come back, in memory."""
        held = await linked.nanodep.read_back()
        envelope = await linked.envelope(ANA)
        assert (await linked.refusal(envelope)).code is Code.CONSUMER_KEY_MISMATCH
        assert (await linked.nanodep.read_back()).token_digest == held.token_digest
        receipt = await linked.nanodep.install(Delivery("main", envelope, forced=True))
        assert receipt.token is not None
        assert (await linked.nanodep.read_back()).token_digest == receipt.token_digest

    async def test_an_answer_that_was_lost_leaves_the_outcome_unknown(self, case, stand_in):
        """Promise 2: the token is there, and only the read-back knows."""
        envelope = await case.envelope()
        fault = {"where": "nanodep-put-key", "service": case.name, "truncate": True}
        stand_in.admin("POST", "/faults", fault)
        with pytest.raises(OutcomeUnknown):
            await case.nanodep.install(Delivery("main", envelope))
        assert (await case.nanodep.read_back()).present

    @pytest.mark.parametrize(
        ("fault", "raised"),
        [
            ({"status": 500, "body": '{"error":"database is locked: CS_s3cret"}'}, OutcomeUnknown),
            ({"status": 502, "body": "<html>"}, OutcomeUnknown),
            ({"status": 503, "headers": {"Retry-After": "7"}}, Retryable),
            ({"status": 429}, Retryable),
        ],
    )
    async def test_an_outage_is_no_refusal(self, case, stand_in, fault, raised):
        """What may have been done is looked up; what certainly was not is tried again."""
        stand_in.admin("POST", "/faults", {"where": "nanodep-put-key", "service": case.name} | fault)
        with pytest.raises(raised) as error:
            await case.nanodep.install(Delivery("main", JUNK))
        assert "s3cret" not in error.value.finding.text()
        if "headers" in fault:
            assert error.value.retry_after_seconds == 7

    async def test_a_missing_value_and_a_redirect_are_refusals(self, case, stand_in):
        """B5.1: 400 is NanoDEP's word for a missing value; a redirect is nobody's."""
        place = {"where": "nanodep-put-key", "service": case.name}
        stand_in.admin("POST", "/faults", place | {"status": 400, "body": "Bad Request"})
        assert (await case.refusal(JUNK)).code is Code.VALUE_MISSING
        stand_in.admin("POST", "/faults", place | {"status": 302, "headers": {"Location": "http://else.example"}})
        assert (await case.refusal(JUNK)).code is Code.TARGET_ANSWER

    async def test_a_wrong_api_key_is_a_refusal(self, case):
        """Nothing was handed over, and it will not mend itself."""
        receipt = await NanoDep(case.settings(), Secret("wrong")).install(Delivery("main", JUNK))
        assert receipt.refusal is not None
        assert receipt.refusal.code is Code.TARGET_REFUSED


class TestReadBack:
    async def test_a_name_without_a_token_holds_nothing(self, case):
        """B1.3: this is evidence; a failure is not."""
        assert await case.nanodep.read_back() == NOTHING_HELD

    async def test_expiry_downloader_and_server_are_read_back(self, linked):
        """B1.2, B1.4: what is known of a token that somebody else has installed."""
        held = await linked.nanodep.read_back()
        assert held.expires_at is not None
        assert (held.downloader, held.server_uuid) == (KIM, linked.service)

    async def test_a_date_that_is_missing_is_not_known(self, case, stand_in):
        """B1.2: what Go makes of a missing date is no date."""
        values = {"consumer_key": "a", "consumer_secret": "b", "access_token": "c", "access_secret": "d"}
        answer = stand_in.client.put(
            f"{stand_in.nanodep}/v1/tokens/{case.name}", json=values, auth=("depserver", stand_in.api_key)
        )
        assert answer.status_code == 200
        held = await case.nanodep.read_back()
        assert (held.present, held.expires_at) == (True, None)

    async def test_a_server_that_is_out_of_order_is_unknown_and_not_unlinked(self, linked, stand_in):
        """B1.3: only an answer is evidence."""
        stand_in.admin("POST", "/faults", {"where": "nanodep-tokens", "status": 500, "body": '{"error":"disk"}'})
        with pytest.raises(Retryable):
            await linked.nanodep.read_back()


class TestProof:
    async def test_an_answer_on_the_old_session_proves_no_more_than_that_it_is_held(self, linked):
        """B8.1: without a new login the answer can stand on the old token."""
        assert (await linked.nanodep.prove(await linked.nanodep.note(), NOW)).rung == 2

    async def test_a_new_session_after_the_installation_is_the_third_rung(self, linked):
        """B8.1: the old token's session is refused, so NanoDEP logs in with the new one."""
        noted = await linked.install(await linked.envelope())
        proof = await linked.nanodep.prove(noted, NOW)
        assert (proof.rung, proof.downloader, proof.server_uuid) == (3, KIM, linked.service)

    async def test_a_session_that_outlives_its_token_is_no_false_proof(self, linked, stand_in):
        """B8.1: Apple may let the old session live on for a while."""
        stand_in.admin("POST", "/switches", {"superseded_session": "alive:60"})
        noted = await linked.install(await linked.envelope())
        assert (await linked.nanodep.prove(noted, NOW)).rung == 2

    async def test_a_session_that_is_stuck_is_said_with_its_remedy(self, linked, stand_in):
        """B8.2: NanoDEP passes a 403 on without a new login; only a restart helps."""
        stand_in.admin("POST", "/switches", {"superseded_session": "403"})
        noted = await linked.install(await linked.envelope())
        proof = await linked.nanodep.prove(noted, NOW)
        assert proof.rung == 2
        assert "restart depserver" in proof.why

    async def test_a_name_without_a_token_proves_nothing(self, case):
        """B8.1: never rounded up."""
        assert (await case.nanodep.prove("", NOW)).rung == 0

    async def test_without_apple_there_is_no_more_than_that_it_is_held(self, linked, stand_in):
        """B8.1: never rounded up."""
        stand_in.admin("POST", "/faults", {"where": "nanodep-proxy", "service": linked.name, "status": 502})
        assert (await linked.nanodep.prove("other", NOW)).rung == 2


class TestHealth:
    async def test_a_token_that_works_is_valid(self, linked):
        """B10.1: NanoDEP's own question to Apple was answered."""
        reading = await linked.nanodep.health()
        assert (reading.verdict, reading.downloader) == (TokenState.VALID, KIM)
        assert reading.holding is not None
        assert reading.holding.expires_at is not None

    async def test_a_name_without_a_token_has_no_verdict(self, case):
        """B1.3: it holds none, which is not a state of a token."""
        reading = await case.nanodep.health()
        assert (reading.verdict, reading.holding) == (None, NOTHING_HELD)

    async def test_a_newer_download_shows(self, linked, stand_in):
        """B4.4: Apple's words come through the failed login."""
        assert linked.service is not None
        stand_in.download_token(linked.service)
        assert (await linked.nanodep.health()).verdict is TokenState.SUPERSEDED

    async def test_unsigned_terms_show_and_say_nothing_about_the_token(self, linked, stand_in):
        """B1.1: a state of its own."""
        stand_in.admin("POST", "/terms", {"accepted": False})
        assert (await linked.nanodep.health()).verdict is TokenState.TERMS_UNSIGNED

    async def test_a_wrong_api_key_is_a_reading_without_a_verdict(self, case):
        """B10.1: health never raises."""
        reading = await NanoDep(case.settings(), Secret("wrong")).health()
        assert (reading.verdict, reading.answered) == (None, True)


class TestSettings:
    @pytest.mark.parametrize("name", ["", "a/b", "..", "a\nb"])
    def test_a_name_that_is_no_path_segment_is_refused(self, name):
        """NanoDEP's names are path segments."""
        table = {"kind": "nanodep", "url": "http://127.0.0.1:9001", "dep_name": name, "api_key": API_KEY}
        with pytest.raises(ValidationError):
            Settings.model_validate(table)

    def test_the_id_is_the_kind_unless_given(self):
        """Design of the configuration: ``id = kind unless given``."""
        table = {"kind": "nanodep", "url": "http://127.0.0.1:9001", "dep_name": "main", "api_key": API_KEY}
        assert Settings.model_validate(table).target_id == "nanodep"
        assert Settings.model_validate(table | {"id": "second"}).target_id == "second"
