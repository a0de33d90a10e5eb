"""What every ledger promises to the rotation, and the one there is."""

import asyncio
import threading
from dataclasses import replace

import pytest

from contracts.ledger_people_contract import PeopleContract
from fakes.values import (
    DAY,
    HOUR,
    NOW,
    a_certificate,
    a_rotation,
    a_stored_certificate,
    a_stored_envelope,
    an_event,
    an_installed_token,
)
from tokenward.model.certificate import KeyRecipient, Recipient
from tokenward.model.event import Refused
from tokenward.model.finding import Code, Finding
from tokenward.model.person import Subject
from tokenward.model.rotation import Installation, State
from tokenward.model.token import TokenState
from tokenward.rotation.ledger import AlreadyOpen, Change, Conflict, Ledger
from tokenward.rotation.record import Settlement
from tokenward.store.ledger import SqliteLedger

REFUSED = Refused(Finding(Code.NO_KEY, "No key opens it.", "Nothing was installed.", "Download it again."))
ACCEPTED = Settlement("accepted", ("A rotation was opened.",))
IGNORED = Settlement("ignored")


class Broke(Exception):
    """A piece of work went wrong."""


class LedgerContract(PeopleContract):
    @pytest.fixture
    def ledger(self) -> Ledger:
        """Return an empty ledger."""
        raise NotImplementedError

    # --- Work

    async def test_what_was_written_is_returned_and_read(self, ledger):
        """Design promise 1: what was acknowledged is there."""
        event_id = await ledger.write(lambda change: change.inbox.add(an_event("1"), None, NOW))
        assert await ledger.read(lambda change: change.inbox.find("control", "1")) == event_id

    async def test_what_a_piece_of_work_raises_undoes_all_of_it(self, ledger):
        """B2.6: a transition and its audit record are kept together or not at all."""

        def work(change: Change) -> None:
            change.inbox.add(an_event("1"), None, NOW)
            raise Broke

        with pytest.raises(Broke):
            await ledger.write(work)
        assert await ledger.read(lambda change: change.inbox.find("control", "1")) is None

    async def test_a_failing_piece_does_no_harm_to_its_neighbours(self, ledger):
        """Bad input never delays other work."""

        def work(number: int, change: Change) -> int:
            event_id = change.inbox.add(an_event(str(number)), None, NOW)
            if number % 3 == 0:
                raise Broke
            return event_id

        pieces = [ledger.write(lambda change, number=number: work(number, change)) for number in range(30)]
        answers = await asyncio.gather(*pieces, return_exceptions=True)
        found = await ledger.read(lambda change: [change.inbox.find("control", str(number)) for number in range(30)])
        for number, (answer, event_id) in enumerate(zip(answers, found, strict=True)):
            assert isinstance(answer, Broke) if number % 3 == 0 else answer == event_id
            assert (event_id is None) == (number % 3 == 0)

    async def test_work_is_done_in_the_order_it_was_asked_for(self, ledger):
        """Events are decided one after another."""
        await asyncio.gather(
            *[
                ledger.write(lambda change, key=str(key): change.inbox.add(an_event(key), None, NOW))
                for key in range(20)
            ]
        )
        first = await ledger.read(lambda change: change.inbox.next_pending())
        assert first.event.key == "0"

    async def test_whoever_stops_waiting_does_no_harm(self, ledger):
        """A cancelled request leaves the ledger as good as before."""
        hold = threading.Event()
        held = asyncio.create_task(ledger.write(lambda change: hold.wait(5)))
        gone = asyncio.create_task(ledger.write(lambda change: change.inbox.add(an_event("gone"), None, NOW)))
        stays = asyncio.create_task(ledger.write(lambda change: change.inbox.add(an_event("stays"), None, NOW)))
        await asyncio.sleep(0)
        gone.cancel()
        hold.set()
        await asyncio.gather(held, stays)
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert await ledger.read(lambda change: change.inbox.find("control", "stays")) == stays.result()

    async def test_a_stray_stop_iteration_reaches_its_caller_as_an_error(self, ledger):
        """A bug in a piece of work hangs nobody."""
        empty: list[int] = []
        with pytest.raises(RuntimeError):
            await ledger.write(lambda change: next(iter(empty)))
        with pytest.raises(RuntimeError):
            await ledger.read(lambda change: next(iter(empty)))

    async def test_a_reader_sees_one_moment(self, ledger):
        """What is committed meanwhile does not tear a view."""
        began, go_on = threading.Event(), threading.Event()

        def work(change: Change) -> tuple[object, object]:
            before = change.inbox.find("control", "1")
            began.set()
            go_on.wait(5)
            return before, change.inbox.find("control", "1")

        view = asyncio.create_task(ledger.read(work))
        await asyncio.to_thread(began.wait, 5)
        await ledger.write(lambda change: change.inbox.add(an_event("1"), None, NOW))
        go_on.set()
        assert await view == (None, None)

    # --- Inbox

    async def test_an_event_waits_until_it_is_settled(self, ledger):
        """Promise 1: every accepted event is decided once, the oldest first."""
        event = an_event("1", subject=Subject("email", "kim@corp.example"), data={"reason": "ill"})
        first = await ledger.write(lambda change: change.inbox.add(event, "digest", NOW))
        second = await ledger.write(lambda change: change.inbox.add(an_event("2"), None, NOW))

        waiting = await ledger.read(lambda change: change.inbox.next_pending())
        assert (waiting.id, waiting.event, waiting.attachment, waiting.taken_at) == (
            first,
            event,
            "digest",
            NOW,
        )
        await ledger.write(lambda change: change.inbox.settle(first, ACCEPTED, NOW))
        assert (await ledger.read(lambda change: change.inbox.next_pending())).id == second
        await ledger.write(lambda change: change.inbox.settle(second, IGNORED, NOW))
        assert await ledger.read(lambda change: change.inbox.next_pending()) is None

    async def test_whoever_sent_an_event_learns_what_became_of_it(self, ledger):
        """B2.5: what is refused says so, by the finding's number."""
        denied = Settlement("denied", ("Too late.",), "TW306")
        event_id = await ledger.write(lambda change: change.inbox.add(an_event(service="main"), None, NOW))
        assert await ledger.read(lambda change: change.inbox.settlement(event_id)) is None
        assert await ledger.read(lambda change: change.inbox.has_pending("main"))
        assert not await ledger.read(lambda change: change.inbox.has_pending("labs"))
        await ledger.write(lambda change: change.inbox.settle(event_id, denied, NOW))
        assert await ledger.read(lambda change: change.inbox.settlement(event_id)) == denied
        assert not await ledger.read(lambda change: change.inbox.has_pending("main"))

    async def test_an_event_is_known_again_after_it_was_ignored(self, ledger):
        """The table of B9: for anybody else only the replay id is kept."""
        event_id = await ledger.write(lambda change: change.inbox.add(an_event("1"), None, NOW))
        await ledger.write(lambda change: change.inbox.settle(event_id, IGNORED, NOW))
        assert await ledger.read(lambda change: change.inbox.find("control", "1")) == event_id

    async def test_a_refused_event_may_come_again(self, ledger):
        """A refusal is on record, and what was mended is taken."""
        await ledger.write(lambda change: change.inbox.record_refusal(an_event("1"), REFUSED, NOW))
        assert await ledger.read(lambda change: change.inbox.find("control", "1")) is None
        await ledger.write(lambda change: change.inbox.add(an_event("1"), None, NOW))

    # --- Certificates and envelopes

    async def test_the_latest_certificate_is_the_one_recorded_last(self, ledger):
        """B2.3, A6: a certificate that is dropped again is the wanted one again."""
        for hour, fingerprint in enumerate(("f1", "f2", "f1")):
            stored = a_stored_certificate(fingerprint, recorded_at=NOW + hour * HOUR)
            await ledger.write(lambda change, stored=stored: change.certificates.add(stored))
        latest = await ledger.read(lambda change: change.certificates.latest("main"))
        assert latest == a_stored_certificate("f1", recorded_at=NOW + 2 * HOUR)
        assert await ledger.read(lambda change: change.certificates.latest("labs")) is None

    async def test_a_certificate_recorded_again_keeps_its_key(self, ledger):
        """B5.2: a key that exists is never lost by another look at its certificate."""
        made = a_stored_certificate(origin="made", sealed_key=b"sealed", rotation="r1", visit=1)
        again = replace(made, origin="fetched", sealed_key=None, rotation="r2", visit=3)
        await ledger.write(lambda change: change.certificates.add(made))
        await ledger.write(lambda change: change.certificates.add(again))
        found = await ledger.read(lambda change: change.certificates.find("main", "f1"))
        assert found == replace(again, sealed_key=b"sealed")

    async def test_the_certificate_of_a_visit_is_found(self, ledger):
        """B3.1: a fetch whose answer was recorded is not repeated."""
        stored = a_stored_certificate(rotation="r1", visit=2)
        await ledger.write(lambda change: change.certificates.add(stored))
        assert await ledger.read(lambda change: change.certificates.of_visit("r1", 2)) == stored
        assert await ledger.read(lambda change: change.certificates.of_visit("r1", 1)) is None

    async def test_a_recipient_names_certificates_of_any_service_newest_first(self, ledger):
        """B5.2, B5.3: several services may share a certificate."""
        older = a_stored_certificate(service="labs", recorded_at=NOW - DAY)
        newer = a_stored_certificate(service="main", recorded_at=NOW)
        other = replace(newer, certificate=a_certificate("f2", serial=b"\x08", key=b"key 2"))
        for stored in (older, newer, other):
            await ledger.write(lambda change, stored=stored: change.certificates.add(stored))

        def named(recipient):
            return ledger.read(lambda change: change.certificates.named_by(recipient))

        assert await named(Recipient(b"issuer", b"\x07")) == (newer, older)
        assert await named(KeyRecipient(b"key 2")) == (other,)
        assert await named(Recipient(b"another", b"\x07")) == ()

    async def test_a_destroyed_envelope_stays_as_history(self, ledger):
        """Promise 4: what is superseded is destroyed; that it was there is still known."""
        stored = a_stored_envelope()
        await ledger.write(lambda change: change.envelopes.add(stored))
        assert await ledger.read(lambda change: change.envelopes.find("e1")) == stored
        await ledger.write(lambda change: change.envelopes.destroy_superseded(NOW + HOUR))
        assert await ledger.read(lambda change: change.envelopes.find("e1")) == replace(stored, sealed=b"")

    # --- Tokens

    async def test_secrets_belong_to_the_installed_token(self, ledger):
        """B1.1: state and secrets are those of the token installed, also while a newer one is on its way."""
        await ledger.write(lambda change: change.tokens.keep_secrets("main", "old", b"old values"))
        await ledger.write(lambda change: change.tokens.record(an_installed_token(token_digest="old")))
        await ledger.write(lambda change: change.tokens.keep_secrets("main", "new", b"new values"))
        assert await ledger.read(lambda change: change.tokens.sealed_secrets("main")) == b"old values"
        token = an_installed_token(token_digest="new", since=NOW + HOUR)
        await ledger.write(lambda change: change.tokens.record(token))
        assert await ledger.read(lambda change: change.tokens.installed("main")) == token
        assert await ledger.read(lambda change: change.tokens.sealed_secrets("main")) == b"new values"

    async def test_superseded_secrets_are_destroyed_after_their_grace_and_no_others(self, ledger):
        """State ``done`` of section 2: the old token's secrets are destroyed after a grace period."""

        def kept_and_installed(change: Change, digest: str, hours: int) -> None:
            change.tokens.keep_secrets("main", digest, digest.encode())
            change.tokens.record(an_installed_token(token_digest=digest, since=NOW + hours * HOUR))

        await ledger.write(lambda change: kept_and_installed(change, "old", 0))
        await ledger.write(lambda change: kept_and_installed(change, "new", 2))
        await ledger.write(lambda change: change.tokens.keep_secrets("main", "next", b"next"))
        suspect = an_installed_token(token_digest="new", since=NOW, state=TokenState.SUSPECT)
        await ledger.write(lambda change: change.tokens.record(suspect))

        def destroyed(hours: int):
            return ledger.write(lambda change: change.tokens.destroy_superseded(NOW + hours * HOUR))

        assert await destroyed(1) == 0
        assert await destroyed(3) == 1
        assert await destroyed(1000) == 0
        assert await ledger.read(lambda change: change.tokens.sealed_secrets("main")) == b"new"
        await ledger.write(
            lambda change: change.tokens.record(an_installed_token(token_digest="next", since=NOW + DAY))
        )
        assert await ledger.read(lambda change: change.tokens.sealed_secrets("main")) == b"next"

    async def test_secrets_of_a_token_that_came_back_are_kept(self, ledger):
        """Never make things worse: what is installed keeps its secrets, whatever was thought before."""
        for hours, digest in enumerate(("one", "two", "one")):
            token = an_installed_token(token_digest=digest, since=NOW + hours * HOUR)
            if hours < 2:
                await ledger.write(lambda change, digest=digest: change.tokens.keep_secrets("main", digest, b"values"))
            await ledger.write(lambda change, token=token: change.tokens.record(token))
        assert await ledger.write(lambda change: change.tokens.destroy_superseded(NOW + DAY)) == 1
        assert await ledger.read(lambda change: change.tokens.sealed_secrets("main")) == b"values"

    # --- Rotations

    async def test_a_service_has_one_open_rotation(self, ledger):
        """B2.6: one open rotation per service, by a constraint in the database."""
        await ledger.write(lambda change: change.rotations.open(a_rotation("r1")))
        with pytest.raises(AlreadyOpen):
            await ledger.write(lambda change: change.rotations.open(a_rotation("r2")))
        await ledger.write(lambda change: change.rotations.open(a_rotation("r3", service="labs")))
        assert (await ledger.read(lambda change: change.rotations.open_of("main"))).id == "r1"

    async def test_after_a_closed_rotation_another_may_open(self, ledger):
        """B2.2: a follow-up opens when this one is done."""
        await ledger.write(lambda change: change.rotations.open(a_rotation("r1")))

        def follow_up(change: Change) -> None:
            change.rotations.update(a_rotation("r1", state=State.DONE, closed_at=NOW))
            change.rotations.open(a_rotation("r2"))

        await ledger.write(follow_up)
        assert (await ledger.read(lambda change: change.rotations.open_of("main"))).id == "r2"
        assert (await ledger.read(lambda change: change.rotations.last_closed("main"))).id == "r1"

    async def test_only_the_first_of_two_moves_is_taken(self, ledger):
        """B2.6: compare and set on the revision; the loser loads it again."""
        rotation = a_rotation(installations=(Installation("nanodep", required=True),))
        await ledger.write(lambda change: change.rotations.open(rotation))
        tried = replace(rotation.installations[0], attempts=1, attempted_at=NOW)
        moved = await ledger.write(lambda change: change.rotations.update(replace(rotation, installations=(tried,))))
        assert moved == replace(rotation, revision=1, installations=(tried,))
        with pytest.raises(Conflict):
            await ledger.write(lambda change: change.rotations.update(rotation))
        assert await ledger.read(lambda change: change.rotations.find("r1")) == moved

    async def test_due_rotations_come_with_the_most_urgent_first(self, ledger):
        """A10: once a new token exists, installing it is the most urgent work."""
        rotations = (
            a_rotation("later", service="a", due_at=NOW + 2 * DAY),
            a_rotation("sooner", service="b", due_at=NOW + DAY),
            a_rotation("clicked", service="c", due_at=NOW + 9 * DAY, state=State.RECEIVED),
            a_rotation("asleep", service="d", wake_at=NOW + HOUR),
            a_rotation("closed", service="e", state=State.CANCELLED, closed_at=NOW),
        )
        for rotation in rotations:
            await ledger.write(lambda change, rotation=rotation: change.rotations.open(rotation))
        due = await ledger.read(lambda change: change.rotations.due(NOW, 10))
        assert [rotation.id for rotation in due] == ["clicked", "sooner", "later"]
        assert len(await ledger.read(lambda change: change.rotations.due(NOW, 2))) == 2
        still_open = await ledger.read(lambda change: change.rotations.open_ones())
        assert {rotation.id for rotation in still_open} == {"later", "sooner", "clicked", "asleep"}

    async def test_the_clock_is_kept_quiet_until_a_day(self, ledger):
        """B2.5: ``--until DATE`` keeps the clock's causes from opening it again before then."""
        await ledger.write(lambda change: change.rotations.keep_quiet("main", NOW))
        await ledger.write(lambda change: change.rotations.keep_quiet("main", NOW + DAY))
        assert await ledger.read(lambda change: change.rotations.quiet_until("main")) == NOW + DAY
        await ledger.write(lambda change: change.rotations.keep_quiet("main", None))
        assert await ledger.read(lambda change: change.rotations.quiet_until("main")) is None


class TestSqliteLedger(LedgerContract):
    @pytest.fixture
    async def ledger(self, tmp_path):
        """Give one in a file."""
        opened = SqliteLedger.open(tmp_path / "tokenward.db")
        yield opened
        await opened.close()


def typed(ledger: SqliteLedger) -> Ledger:
    """Have mypy prove that the ledger keeps the rotation's protocol."""
    return ledger
