from datetime import timedelta

from tokenward.wire.pacing import Pacing


def test_each_occasion_once_and_again_after_the_pause():
    """What others have to work for is not asked more often than needed."""
    seconds = [0.0]
    pacing = Pacing(timedelta(minutes=1), lambda: seconds[0])

    assert [pacing.allows("a"), pacing.allows("a")] == [True, False]
    seconds[0] = 59.0
    assert not pacing.allows("a")
    seconds[0] = 60.0
    assert [pacing.allows("a"), pacing.allows("a")] == [True, False]
    assert [pacing.allows("b"), pacing.allows("b")] == [True, False]
