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
