from dataclasses import replace

from fakes.values import HOUR, NOW, a_message


def test_a_message_waits_until_it_is_sent(change):
    """B11.2: sent once."""
    message = a_message("asked/r1", words={"service": "Main MDM"})
    change.outbox.add(message, NOW)
    (queued,) = change.outbox.pending(NOW, 10)
    assert (queued.message, queued.added_at, queued.attempts) == (message, NOW, 0)
    change.outbox.mark_sent(queued.id, NOW)
    assert change.outbox.pending(NOW + HOUR, 10) == ()
    assert not change.outbox.add(message, NOW)


def test_a_message_that_failed_waits_for_its_next_time(change):
    """Promise 6: the network may go; nothing is lost, and the oldest goes first."""
    change.outbox.add(a_message("one"), NOW)
    change.outbox.add(a_message("two"), NOW)
    first = change.outbox.pending(NOW, 1)[0]
    change.outbox.mark_failed(first.id, "no connection", NOW + HOUR)
    assert [queued.message.reason_key for queued in change.outbox.pending(NOW, 10)] == ["two"]
    assert [queued.attempts for queued in change.outbox.pending(NOW + HOUR, 10)] == [1, 0]


def test_what_was_never_said_can_be_said_for_the_same_reason_later(change):
    """B11.2: a block that was gone by the morning, and comes again."""
    change.outbox.add(a_message("blocked/r1"), NOW)
    (queued,) = change.outbox.pending(NOW, 10)
    change.outbox.withdraw(queued.id, NOW)

    assert change.outbox.pending(NOW + HOUR, 10) == ()
    assert change.outbox.add(a_message("blocked/r1"), NOW)
    (again,) = change.outbox.pending(NOW, 10)
    change.outbox.withdraw(again.id, NOW)
    assert change.outbox.add(a_message("blocked/r1"), NOW)


def test_nobody_waits_behind_all_that_somebody_else_is_to_be_told(change):
    """B11.1: readers take turns, each with the oldest of theirs."""
    for number in range(5):
        change.outbox.add(replace(a_message(f"late/{number}"), audience="operators"), NOW)
    for number in range(2):
        change.outbox.add(replace(a_message(f"asked/{number}"), audience="person:kim"), NOW)

    assert [queued.message.reason_key for queued in change.outbox.pending(NOW, 4)] == [
        "late/0",
        "asked/0",
        "late/1",
        "asked/1",
    ]


def test_on_calls_messages_are_seen_before_all_others(change):
    """B11.1: however many wait."""
    for number in range(3):
        change.outbox.add(a_message(f"asked/{number}"), NOW)
    change.outbox.add(replace(a_message("alarm"), audience="on-call"), NOW)

    assert [queued.message.reason_key for queued in change.outbox.pending(NOW, 2)] == ["alarm", "asked/0"]
