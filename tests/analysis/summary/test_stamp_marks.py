"""What late stamps made of a cell's figures."""

from types import SimpleNamespace

import numpy as np
import pytest

from pushlab.analysis.summary.stamp_marks import stamp_marks
from pushlab.analysis.trials.stamps import StampErrors


def trials(*found: StampErrors) -> list:
    return [SimpleNamespace(stamps=each) for each in found]


def test_a_tail_that_the_stamps_made_marks_the_tail_alone() -> None:
    true_s = np.linspace(0.010, 0.011, 2_000)
    late_s = np.where(np.arange(2_000) % 50 == 0, 0.3, 0.0)  # one in fifty: within p99
    (mark,) = stamp_marks(trials(StampErrors(late_s=late_s, latency_s=true_s + late_s)))
    assert mark.kind == "stamp-error"
    assert mark.size("latency_s.p99") == pytest.approx(0.3, rel=0.01)
    assert mark.size("latency_from_send_s.p99") == pytest.approx(0.3, rel=0.01)
    assert mark.size("latency_s.p50") < 0.0001
    assert mark.size("latency_s.mean") == pytest.approx(0.006, rel=0.01)
    assert mark.size("hits_per_delivery") == 0


def test_a_latency_that_was_invented_whole_is_all_mark() -> None:
    """Seven eighths of a mean of 650 ms and of a p99 of 3.3 s were the generator's own."""
    rng = np.random.default_rng(1)
    true_s = rng.exponential(0.08, 5_000)
    late_s = 7 * true_s
    (mark,) = stamp_marks(trials(StampErrors(late_s=late_s, latency_s=true_s + late_s)))
    assert mark.size("latency_s.mean") == pytest.approx(7 * true_s.mean())
    assert mark.size("latency_s.p99") == pytest.approx(7 * np.quantile(true_s, 0.99))


def test_requests_that_left_late_are_held_against_what_counts_from_the_send() -> None:
    (mark,) = stamp_marks(trials(StampErrors(early_s=np.full(100, 0.002))))
    assert mark.size("publish_delay_s.p50") == 0  # which ends before, and says so
    assert mark.size("latency_from_send_s.p99") == pytest.approx(0.002)
    assert mark.size("latency_s.p99") == 0  # which counts from the intended time


def test_without_stamps_there_is_no_mark() -> None:
    assert list(stamp_marks(trials(StampErrors(), StampErrors()))) == []
    assert list(stamp_marks([])) == []
