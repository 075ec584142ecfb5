"""The pace of frames: a burst at once, then so many a second."""

from pushlab.wire.pace import paid_until


def test_a_burst_is_free_and_then_each_frame_has_its_time():
    assert paid_until(0.0, 250, 100.0) == 100.0
    assert paid_until(100.0, 500, 100.0) == 100.5
    assert paid_until(100.5, 0, 100.0) == 100.5


def test_silence_saves_up_no_more_than_a_burst():
    assert paid_until(100.0, 300, 3_600.0) == 3_600.05
