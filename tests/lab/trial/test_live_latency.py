"""The latency shown while a trial runs comes from the newest deliveries."""

import numpy as np
import pytest

from pushlab.lab.load.recorder import Recorder
from pushlab.lab.scenario.schedule import Schedule
from pushlab.lab.trial.live_latency import LiveLatency

MS = 1_000_000


@pytest.fixture
def live():
    """Two channels of two subscribers; messages at 0, 10, 20 and 30 ms, in turn."""
    schedule = Schedule(
        offset_ns=np.array([0, 10, 20, 30]) * MS,
        channel=np.array([0, 1, 0, 1], np.int32),
        warmup_ns=0,
        end_ns=40 * MS,
        payload_bytes=np.full(4, 100, np.int32),
    )
    return LiveLatency(schedule, heads=[5, 9], begin_ns=1_000 * MS, per_channel=2)


def test_deliveries_find_their_intended_times(live):
    assert live.add([(0, 6, 1_003 * MS)]) == pytest.approx(0.003)
    assert live.add([(2, 10, 1_011 * MS), (3, 11, 1_034 * MS)]) == pytest.approx(0.003)


def test_no_row_counts_twice(live):
    assert live.add([(0, 6, 1_001 * MS)]) == pytest.approx(0.001)
    again = [(0, 6, 1_001 * MS), (1, 7, 1_029 * MS), (2, 11, 1_039 * MS)]
    assert live.add(again) == pytest.approx(0.009)
    assert live.add(again) == pytest.approx(0.009)


def test_what_the_schedule_does_not_know_is_left_out(live):
    assert live.add([]) is None
    assert live.add([(0, 5, 1_001 * MS), (0, 8, 1_002 * MS)]) is None
    assert live.add([(0, 8, 1_004 * MS), (0, 6, 1_005 * MS)]) == pytest.approx(0.005)


def test_the_newest_rows_without_probes():
    recorder = Recorder()
    for i in range(5):
        recorder.subscriber.append(i)
        recorder.seq.append(i * 10)
        recorder.received_ns.append(i * 100)
        if i == 1:
            recorder.begin()
    assert recorder.recent(2) == [[3, 30, 300], [4, 40, 400]]
    assert recorder.recent() == [[2, 20, 200], [3, 30, 300], [4, 40, 400]]
