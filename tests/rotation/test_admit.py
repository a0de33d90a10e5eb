"""What an open rotation makes of further causes, certificates and envelopes, as properties."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from fakes.values import DAY, NOW, a_rotation
from fakes.world import MINUTE, a_service
from tokenward.model.rotation import AFTER_THE_CLICK, OPEN_STATES, Cause, Claim, Rotation, State
from tokenward.policy.decision import Rotate
from tokenward.rotation.admit import join, open_rotation, take_certificate, take_envelope

SERVICE = a_service()
BEFORE_THE_CLICK = tuple(state for state in OPEN_STATES if state not in AFTER_THE_CLICK)
ASKED = (State.CERTIFICATE_READY, State.REGISTERED, State.AWAITING_TOKEN)

causes = st.sampled_from(Cause)
instants = st.integers(-60, 60).map(lambda days: NOW + days * DAY)


@st.composite
def wanted(draw) -> Rotate:
    """Any decision to rotate."""
    return Rotate(
        draw(causes),
        draw(instants),
        "why",
        new_key=draw(st.booleans()),
        actor=draw(st.sampled_from((None, "kim", "ana"))),
        recover_until=draw(st.none() | instants),
        satisfied_after_click=draw(st.booleans()),
    )


@st.composite
def rotations(draw, states=OPEN_STATES) -> Rotation:
    """Any open rotation."""
    claim = Claim(draw(st.sampled_from(("kim", "ana"))), NOW, NOW + 30 * MINUTE)
    return a_rotation(
        state=draw(st.sampled_from(states)),
        causes=tuple(draw(st.lists(causes, min_size=1, unique=True))),
        due_at=draw(instants),
        certificate=draw(st.sampled_from((None, "c1", "c2"))),
        new_key=draw(st.booleans()),
        visit=draw(st.integers(1, 3)),
        envelope=draw(st.sampled_from((None, "e1"))),
        claim=draw(st.none() | st.just(claim)),
        recover_until=draw(st.none() | instants),
        follow_up=tuple(draw(st.lists(causes, unique=True, max_size=2))),
    )


def take(rotation: Rotation, digest: str = "e2", certificate: str | None = "c1") -> Rotation:
    """Return *rotation* with an envelope that came a minute after the click."""
    return take_envelope(
        rotation,
        SERVICE,
        digest=digest,
        certificate=certificate,
        supplied_by="kim@corp.example",
        clicked_at=NOW - MINUTE,
        now=NOW,
    )


@given(rotation=rotations(), more=st.lists(wanted(), max_size=5), key_is_fresh=st.booleans())
def test_the_due_date_never_moves_away(rotation, more, key_is_fresh):
    """B2.2: whatever joins, in whatever order."""
    for one in more:
        joined = join(rotation, one, NOW, key_is_fresh=key_is_fresh)
        assert joined.due_at <= rotation.due_at
        rotation = joined


@given(rotation=rotations(), more=st.lists(wanted(), max_size=5), key_is_fresh=st.booleans())
def test_a_cause_is_never_lost(rotation, more, key_is_fresh):
    """B2.2: it is a cause of this rotation or of the one that follows; order and repetition change nothing."""
    joined = rotation
    for one in [*more, *more]:
        joined = join(joined, one, NOW, key_is_fresh=key_is_fresh)

    assert {*joined.causes, *joined.follow_up} == {*rotation.causes, *rotation.follow_up, *(one.cause for one in more)}
    assert len(set(joined.causes)) == len(joined.causes)
    assert len(set(joined.follow_up)) == len(joined.follow_up)


@given(rotation=rotations(tuple(AFTER_THE_CLICK)), one=wanted(), key_is_fresh=st.booleans())
def test_after_the_click_a_cause_joins_or_follows_and_moves_nothing_back(rotation, one, key_is_fresh):
    """B2.2: what this token satisfies joins, all else follows; the token in hand goes on being installed."""
    joined = join(rotation, one, NOW, key_is_fresh=key_is_fresh)

    assert (joined.state, joined.certificate, joined.envelope) == (
        rotation.state,
        rotation.certificate,
        rotation.envelope,
    )
    assert one.cause in (joined.causes if one.satisfied_after_click else joined.follow_up)


@given(rotation=rotations(ASKED), one=wanted())
def test_a_new_key_leads_back_once_and_not_from_a_key_that_is_fresh(rotation, one):
    """B3.2: a departure before the click wants another key than the one in use; one made for this rotation will do."""
    assume(one.new_key)

    stale = join(rotation, one, NOW, key_is_fresh=False)
    fresh = join(rotation, one, NOW, key_is_fresh=True)

    assert (stale.state, stale.certificate, stale.visit) == (State.OPENED, None, rotation.visit + 1)
    assert (fresh.state, fresh.certificate, fresh.visit) == (rotation.state, rotation.certificate, rotation.visit)
    assert stale.new_key
    assert fresh.new_key


@given(rotation=rotations(BEFORE_THE_CLICK), one=wanted(), key_is_fresh=st.booleans())
def test_a_recovery_is_neither_prolonged_nor_forgotten(rotation, one, key_is_fresh):
    """B4.4: a stray download that is sought goes on being sought until the hour that was set first."""
    assume(rotation.recover_until is not None)

    assert join(rotation, one, NOW, key_is_fresh=key_is_fresh).recover_until == rotation.recover_until


def test_whoever_is_at_it_stays_at_it_when_the_custodian_goes():
    """B4.2: the deputy holds the rotation; the departure of the custodian takes it out of nobody's hands."""
    claim = Claim("ana", NOW, NOW + 30 * MINUTE)
    rotation = a_rotation(state=State.AWAITING_TOKEN, claim=claim, certificate="c1")
    departure = Rotate(Cause.CUSTODIAN, NOW, "why", new_key=True, actor="ana")

    assert join(rotation, departure, NOW, key_is_fresh=True).claim == claim
    elsewhere = replace(rotation, claim=replace(claim, person="kim"))
    assert join(elsewhere, departure, NOW, key_is_fresh=True).claim is None


@given(rotation=rotations(ASKED), fingerprint=st.sampled_from(("c1", "c2", "c3")))
def test_a_new_certificate_before_the_click_leads_back_to_certificate_ready(rotation, fingerprint):
    """B2.3: who is asked and who is at it stay; the page can say that the certificate changed."""
    assume(rotation.certificate != fingerprint)

    taken = take_certificate(rotation, fingerprint, NOW)

    assert (taken.state, taken.certificate, taken.visit) == (State.CERTIFICATE_READY, fingerprint, rotation.visit + 1)
    assert (taken.claim, taken.actor, taken.causes) == (rotation.claim, rotation.actor, rotation.causes)
    assert taken.certificate_changed is (rotation.state is State.AWAITING_TOKEN)


@given(rotation=rotations(tuple(AFTER_THE_CLICK)))
def test_a_new_certificate_after_the_click_follows(rotation):
    """B2.3: the rotation is finished first."""
    taken = take_certificate(rotation, "c9", NOW)

    assert (taken.state, taken.certificate) == (rotation.state, rotation.certificate)
    assert Cause.CERTIFICATE in taken.follow_up


@given(rotation=rotations(ASKED))
def test_the_certificate_that_is_chosen_already_moves_nothing(rotation):
    """B2.3: the same certificate again is no new one."""
    assume(rotation.certificate is not None)

    taken = take_certificate(rotation, rotation.certificate or "", NOW)

    assert replace(taken, wake_at=rotation.wake_at) == rotation


@given(rotation=rotations(), certificate=st.sampled_from((None, "c1", "c2")))
def test_an_envelope_is_taken_in_every_state(rotation, certificate):
    """B2.4 and B5.2: back to `received` with it; nothing that was done with an older one counts any more."""
    taken = take(rotation, certificate=certificate)

    assert (taken.state, taken.envelope, taken.recover_until, taken.blocked) == (State.RECEIVED, "e2", None, None)
    assert (taken.rung, taken.server_uuid, taken.downloader) == (None, None, None)
    assert all(one.installed_at is None and one.attempts == 0 for one in taken.installations)
    assert taken.causes == rotation.causes
    assert set(rotation.follow_up) <= set(taken.follow_up)


@given(rotation=rotations())
def test_a_wish_for_a_new_key_survives_an_envelope_for_the_old_one(rotation):
    """B5.2: it is the live token now, and the cause that wanted another key opens a rotation that follows."""
    assume(rotation.certificate != "old")
    needing = {Cause.CERTIFICATE, Cause.CUSTODIAN, Cause.MANUAL} if rotation.new_key else {Cause.CERTIFICATE}

    taken = take(rotation, certificate="old")

    assert set(taken.follow_up) == {*rotation.follow_up, *(needing & set(rotation.causes))}


@given(rotation=rotations())
def test_an_envelope_for_the_chosen_certificate_leaves_nothing_to_follow(rotation):
    """B5.2: it satisfies every cause that there is."""
    assume(rotation.certificate is not None)

    assert take(rotation, certificate=rotation.certificate).follow_up == rotation.follow_up


def test_the_outage_begins_with_the_earliest_sign():
    """B4.3: the click as far as it can be known, never later than what was known before."""
    assert take(a_rotation()).outage_started_at == NOW - MINUTE
    assert take(a_rotation(outage_started_at=NOW - DAY)).outage_started_at == NOW - DAY
    assert take(a_rotation(outage_started_at=NOW)).outage_started_at == NOW - MINUTE


def test_a_rotation_opens_with_one_cause_and_one_installation_for_each_target():
    """B2.1: it begins in `opened`, is looked at at once, and knows who is to act."""
    opened = open_rotation(Rotate(Cause.EXPIRY, NOW + DAY, "why", actor="kim"), SERVICE, "r9", NOW)

    assert (opened.state, opened.causes, opened.actor, opened.wake_at) == (State.OPENED, (Cause.EXPIRY,), "kim", NOW)
    assert opened.is_open
    assert [one.target for one in opened.installations] == [target.id for target in SERVICE.targets]
