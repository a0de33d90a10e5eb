from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy.situations import ANA, BOSS, DAY, KIM, NOW, the_facts
from tokenward.model.person import Person
from tokenward.model.service import Freeze, ServicePolicy
from tokenward.model.token import Basis, Expiry
from tokenward.policy import due

POLICY = ServicePolicy()
HOLIDAYS = ServicePolicy(freeze=(Freeze(date(2026, 12, 15), date(2027, 1, 5)),))
EVE = datetime(2026, 12, 14, 23, 59, 59, tzinfo=UTC)


def ends_in(days: float, basis: Basis = Basis.READ_BACK) -> Expiry:
    """Return the expiry of a token that has *days* to run."""
    return Expiry(NOW + days * DAY, basis)


@pytest.mark.parametrize(("person", "days"), [(KIM, 7), (BOSS, 7), (ANA, 2)], ids=["federated", "unknown", "apple"])
def test_a_password_waits_by_who_keeps_it(person: Person, days: int) -> None:
    """9: password.changed is due in 7 days (federated, unknown) or 2 days (Apple password)."""
    assert due.password_period(person, POLICY) == days * DAY


def test_the_service_may_say_how_long_a_password_waits() -> None:
    """B9.1: `password_due` overrides, even with nothing at all."""
    assert due.password_period(KIM, ServicePolicy(password_due=timedelta())) == timedelta()


@pytest.mark.parametrize(
    ("left", "due_at"),
    [(45, 30), (33, 30), (32.9, 14), (20, 14), (16, 7), (6, 1), (4, 1), (3.9, None), (0.5, None)],
)
def test_an_expiry_is_due_at_the_next_mark_of_urgency(left: float, due_at: int | None) -> None:
    """9: token.expiring grows at 30, 14, 7, 1 days; three days of notice at least, else at once."""
    left_at_due = left if due_at is None else due_at

    assert due.expiry_due_at(ends_in(left), NOW, POLICY) == NOW + (left - left_at_due) * DAY


def test_a_rotation_opens_well_before_the_end() -> None:
    """A9: at `renew_before`."""
    assert due.expiry_opens_at(ends_in(100), POLICY) == NOW + 55 * DAY


def test_an_estimate_opens_a_week_earlier() -> None:
    """B1.2: for it may be off by days."""
    assert due.expiry_opens_at(ends_in(100, Basis.ESTIMATED), POLICY) == NOW + 48 * DAY


def test_what_is_due_in_a_freeze_opens_early_enough_to_be_done_before() -> None:
    """B2.7: opening and due date move together."""
    expiry = ends_in(55)  # opens in 10 days and is due in 25, amid the holidays

    opens_at = due.expiry_opens_at(expiry, HOLIDAYS)

    assert due.expiry_due_at(expiry, opens_at, HOLIDAYS) == EVE
    assert EVE - opens_at == 15 * DAY


def test_what_happens_shortly_before_a_freeze_is_due_before_it() -> None:
    """B2.7: for planned causes too."""
    assert due.planned(NOW, 30 * DAY, HOLIDAYS) == EVE


def test_within_a_freeze_the_date_stays() -> None:
    """B2.7: the past is no due date."""
    amid = datetime(2026, 12, 20, tzinfo=UTC)

    assert due.planned(amid, 7 * DAY, HOLIDAYS) == amid + 7 * DAY


def test_a_dated_departure_is_due_three_working_days_before_and_opens_a_fortnight_before() -> None:
    """B7.3: here from a Friday, at the same time of day."""
    friday = datetime(2026, 12, 11, 18, tzinfo=UTC)

    assert due.departure_due_at(friday, NOW, POLICY) == datetime(2026, 12, 8, 18, tzinfo=UTC)
    assert due.departure_opens_at(friday, POLICY) == friday - 14 * DAY


def test_a_departure_in_a_freeze_is_done_before_the_freeze() -> None:
    """B7.3, B2.7: with as much time as ever."""
    departs_at = datetime(2026, 12, 23, 18, tzinfo=UTC)  # three working days before: Friday the 18th
    moved_by = datetime(2026, 12, 18, 18, tzinfo=UTC) - EVE

    assert due.departure_due_at(departs_at, NOW, HOLIDAYS) == EVE
    assert due.departure_opens_at(departs_at, HOLIDAYS) == departs_at - 14 * DAY - moved_by


@pytest.mark.parametrize("departs_at", [None, NOW - DAY, NOW + DAY])
def test_a_departure_without_enough_notice_is_due_at_once(departs_at: datetime | None) -> None:
    """B7.3: never in the past."""
    assert due.departure_due_at(departs_at, NOW, POLICY) == NOW


def test_what_is_known_of_the_token_comes_before_what_the_configuration_states() -> None:
    """B1.2: a stated date may be about an earlier token."""
    facts = the_facts()
    assert facts.token is not None

    assert due.expiry_of(facts) == facts.token.expiry


@example(4.0, Basis.DECRYPTED, 0, 3, 3)  # opened so late that it is due at once
@given(
    st.floats(1, 400),
    st.sampled_from(Basis),
    st.integers(0, 300),
    st.integers(1, 40),
    st.integers(3, 90),
)
def test_no_freeze_makes_an_expiry_late(left: float, basis: Basis, first: int, length: int, renew_before: int) -> None:
    """B2.7: due before the end, never in a window that was still to come when it opened."""
    start = NOW.date() + first * DAY
    window = Freeze(start, start + length * DAY)
    policy = ServicePolicy(renew_before=renew_before * DAY, freeze=(window,))
    expiry = ends_in(left, basis)
    opens_at = due.expiry_opens_at(expiry, policy)

    due_at = due.expiry_due_at(expiry, opens_at, policy)

    assert opens_at <= expiry.at - policy.renew_before
    assert due_at <= expiry.at
    assert due_at not in window or opens_at in window
