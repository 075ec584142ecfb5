"""The publish schedule: open loop, from a seed, and of the rate that was asked for."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.lab.scenario.model import Arrivals
from pushlab.lab.scenario.schedule import Schedule, make_schedule

#: Those that are made of a seed; a trace is made of itself.
ARRIVALS = [kind for kind in get_args(Arrivals) if kind != "trace"]

arrivals = st.sampled_from(ARRIVALS)
seeds = st.integers(0, 2**63 - 1)


def schedules(**fixed: object) -> st.SearchStrategy[tuple[dict, Schedule]]:
    settings = st.fixed_dictionaries(
        {
            "arrivals": arrivals,
            "channels": st.integers(1, 20),
            "rate_per_s": st.floats(0.05, 50),
            "warmup_s": st.floats(0, 5),
            "duration_s": st.floats(0.1, 10),
            "seed": seeds,
            "repetition": st.integers(0, 50),
            "burst_size": st.integers(1, 7),
            "burst_gap_s": st.sampled_from([0.0, 0.01, 1.0]),
        }
        | {key: st.just(value) for key, value in fixed.items()}
    )
    return settings.map(lambda values: (values, make_schedule(**values)))


@given(schedules())
def test_a_schedule_is_in_order_and_within_its_span(made: tuple[dict, Schedule]) -> None:
    values, schedule = made
    assert (np.diff(schedule.offset_ns) >= 0).all()
    assert len(schedule.channel) == len(schedule)
    if len(schedule):
        assert schedule.offset_ns[0] >= 0
        assert schedule.offset_ns[-1] < schedule.end_ns
        assert schedule.channel.min() >= 0
        assert schedule.channel.max() < values["channels"]
    assert schedule.warmup.sum() == (schedule.offset_ns < schedule.warmup_ns).sum()
    assert schedule.end_ns - schedule.warmup_ns == pytest.approx(values["duration_s"] * 1e9, abs=2)


@given(schedules())
def test_the_same_seed_gives_the_same_schedule(made: tuple[dict, Schedule]) -> None:
    values, schedule = made
    again = make_schedule(**values)
    assert np.array_equal(schedule.offset_ns, again.offset_ns)
    assert np.array_equal(schedule.channel, again.channel)


@pytest.mark.parametrize("kind", ARRIVALS)
def test_another_seed_and_another_repetition_give_other_times(kind: str) -> None:
    def times(seed: int, repetition: int) -> list[int]:
        schedule = make_schedule(
            arrivals=kind,
            channels=2,
            rate_per_s=5,
            warmup_s=0,
            duration_s=10,
            seed=seed,
            repetition=repetition,
            burst_size=2,
        )
        return schedule.offset_ns.tolist()

    assert times(1, 0) != times(2, 0)
    assert times(1, 0) != times(1, 1)


@given(schedules(arrivals="constant"))
def test_constant_arrivals_are_evenly_spaced_on_each_channel(made: tuple[dict, Schedule]) -> None:
    values, schedule = made
    period_ns = 1e9 / values["rate_per_s"]
    total = values["rate_per_s"] * (values["warmup_s"] + values["duration_s"])
    for channel in range(values["channels"]):
        times = schedule.offset_ns[schedule.channel == channel]
        assert abs(len(times) - total) <= 1
        assert np.allclose(np.diff(times), period_ns, atol=2)


@given(schedules(arrivals="poisson"))
def test_poisson_arrivals_have_the_expected_count_in_warmup_and_window(
    made: tuple[dict, Schedule],
) -> None:
    values, schedule = made
    rate = values["rate_per_s"] * values["channels"]
    in_warmup = int(schedule.warmup.sum())
    # A message within a nanosecond of a boundary may round across it.
    assert abs(in_warmup - rate * values["warmup_s"]) < 2
    assert abs(len(schedule) - in_warmup - rate * values["duration_s"]) < 2


def test_poisson_gaps_are_exponential() -> None:
    schedule = make_schedule(
        arrivals="poisson", channels=1, rate_per_s=50, warmup_s=0, duration_s=400, seed=7
    )
    gaps_s = np.diff(schedule.offset_ns) / 1e9
    assert len(schedule) == 20_000
    assert gaps_s.mean() == pytest.approx(1 / 50, rel=0.01)
    assert gaps_s.std() == pytest.approx(1 / 50, rel=0.05)
    for multiple in (0.5, 1.0, 2.0, 3.0):
        share = (gaps_s > multiple / 50).mean()
        assert share == pytest.approx(np.exp(-multiple), abs=0.02)


def test_poisson_spreads_evenly_over_channels() -> None:
    schedule = make_schedule(
        arrivals="poisson", channels=10, rate_per_s=100, warmup_s=0, duration_s=20, seed=3
    )
    counts = np.bincount(schedule.channel, minlength=10)
    assert counts.sum() == 20_000
    assert (abs(counts - 2_000) < 300).all()


@given(schedules(arrivals="burst", burst_gap_s=0.0))
def test_bursts_come_whole_and_keep_the_mean_rate(made: tuple[dict, Schedule]) -> None:
    values, schedule = made
    size = values["burst_size"]
    total = values["rate_per_s"] * values["channels"] * (values["warmup_s"] + values["duration_s"])
    times = schedule.offset_ns * values["channels"] + schedule.channel
    _, counts = np.unique(times, return_counts=True)
    assert (counts % size == 0).all()
    assert abs(len(times) - total) <= 2 * size


def test_messages_of_a_burst_may_be_apart() -> None:
    schedule = make_schedule(
        arrivals="burst",
        channels=1,
        rate_per_s=3,
        warmup_s=0,
        duration_s=10,
        seed=1,
        burst_size=3,
        burst_gap_s=0.01,
    )
    assert len(schedule) == 30
    later_ns = schedule.offset_ns[None, :] - schedule.offset_ns[:, None]
    followed = [(abs(later_ns - gap_ms * 1_000_000) <= 2).any(axis=1) for gap_ms in (10, 20)]
    assert (followed[0] & followed[1]).sum() == 10
