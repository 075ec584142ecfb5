"""The simulation that a student's formulas are held against agrees with pushlab's own."""

import pytest

from pushlab.analysis.models.formulas import (
    messages_per_useful_poll,
    poll_latency_s,
    wasted_fraction,
)
from pushlab.course.builds.poll_formula import simulated


@pytest.mark.parametrize(("interval_s", "rate_per_s"), [(1.0, 0.5), (4.0, 2.0), (1.0, 0.2)])
def test_the_simulation_agrees_with_the_closed_forms(interval_s, rate_per_s):
    seen = simulated(30, interval_s, rate_per_s)
    both = {"interval_s": interval_s, "rate_per_s": rate_per_s}
    wait_s = poll_latency_s(interval_s=interval_s, delay_s=0)
    assert seen["wait_s"] == pytest.approx(wait_s, rel=0.02)
    assert seen["in_vain"] == pytest.approx(wasted_fraction(**both), rel=0.02, abs=1e-3)
    assert seen["messages_per_find"] == pytest.approx(messages_per_useful_poll(**both), rel=0.02)
    assert seen["requests_per_s"] == pytest.approx(30 / interval_s)
    assert seen["requests_per_message"] == pytest.approx(1 / (interval_s * rate_per_s), rel=0.03)
