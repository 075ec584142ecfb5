"""Costs taken apart: from trials of known costs, and what can be told of how many servers."""

import dataclasses
import math

import numpy as np
import pytest

from pushlab.analysis.forecast.costs import Costs
from pushlab.analysis.forecast.sizing import Workload, size_servers
from pushlab.analysis.trials.costs import Load, Window
from pushlab.contract.registry import profile_of
from tests.analysis.forecast.test_forecast import KNOWN

#: Of a stream, as one was measured: 3 ms a second idle, 0.25 ms a publish, 25 µs a delivery.
TRUE = {
    "servers": 3e-3,
    "connections": 2.5e-6,
    "hits": 0.0,
    "deliveries": 25e-6,
    "publishes": 250e-6,
}
CLIENTS, ROOMS = 400, 40
EVERY = [
    Load(connections=CLIENTS, deliveries=CLIENTS * rate, publishes=ROOMS * rate)
    for rate in (0.05, 0.5, 5.0)
]


def true_cores(load):
    return sum(TRUE[name] * getattr(load, name) for name in Load.__slots__)


def window(name, span_s, rate, rng, noise, *, clients=CLIENTS, rooms=ROOMS, readers=10):
    publishes = rooms * rate * span_s
    load = Load(
        servers=span_s,
        connections=span_s * clients,
        deliveries=publishes * readers,
        publishes=publishes,
    )
    cpu_s = true_cores(load) * rng.lognormal(0.0, noise)
    return Window(name=name, load=load, cpu_s=cpu_s, span_s=span_s)


def trial(rng, rate, noise, *, parts=True):
    """One trial's windows; what its process is dearer by is in all of them."""
    found = [window("main", 4.0, rate, rng, noise)]
    if parts:
        found += [
            window("alone", 0.25, 0.0, rng, 2 * noise, clients=0),
            window("idle", 0.5, 0.0, rng, 2 * noise),
            window("unread", 0.25, 200 / ROOMS, rng, noise, readers=0),
            window("second", 0.5, min(10 * rate, 200 / ROOMS), rng, noise),
        ]
    dearer = rng.lognormal(0.0, noise)
    return [dataclasses.replace(each, cpu_s=each.cpu_s * dearer) for each in found]


def costs(rng, rate=0.5, noise=0.03, trials=3, **more):
    return Costs.of([(0, trial(rng, rate, noise, **more)) for _ in range(trials)], free=["hits"])


def test_cpu_per_delivery_at_three_rates_is_idling_and_one_cost():
    """262, 90 and 59 µs per delivery at 0.05, 0.5 and 5 messages a second were one program's."""
    each = [true_cores(load) / load.deliveries for load in EVERY]
    assert each[0] > 4 * each[2]
    found = costs(np.random.default_rng(1))
    assert found.value(Load(connections=CLIENTS)) == pytest.approx(4e-3, rel=0.1)
    assert found.each("deliveries").value == pytest.approx(25e-6, rel=0.25)
    assert found.each("publishes").value == pytest.approx(250e-6, rel=0.25)
    for load in EVERY:  # each of the rates is foretold, the two that were not measured too
        told = found.cores(load)
        assert told.low <= true_cores(load) <= told.high
        assert told.value == pytest.approx(true_cores(load), rel=0.15)
        assert told.high < 1.6 * told.low


def servers(known, **changes):
    plain = {"clients": 50_000, "rate_per_s": 0.2, "per_channel": 10.0, **changes}
    work = Workload(interval_s=5.0, payload_bytes=100.0, **plain)
    calibration = dataclasses.replace(KNOWN, costs=known, base_bytes=None)
    return size_servers(work.traffic(profile_of("sse")), work, calibration)


@pytest.mark.parametrize("parts", [True, False])
def test_three_calibrations_answer_one_question_alike(parts):
    """They gave 12, 7 and 6 servers: whatever else a delivery's CPU held was scaled with it."""
    rng = np.random.default_rng(3)
    found = [servers(costs(rng, rate, parts=parts)).count for rate in (0.05, 0.5, 5.0)]
    assert max(one.low for one in found) <= min(one.high for one in found)
    true = servers(Costs.exactly(**TRUE)).count.value
    for one in found:
        assert one.low <= true <= one.high
        assert not parts or one.high <= 3 * one.low


def test_a_publish_comes_to_every_server_that_has_a_reader():
    """Divided among servers, --per-channel 1 and 50,000 gave the same."""
    known = Costs.exactly(publishes=300e-6, deliveries=10e-6)
    own = servers(known, per_channel=1.0, rate_per_s=0.1)
    assert own.publishes_per_s * own.count.value == pytest.approx(5_000)
    shared = servers(known, per_channel=50_000.0, rate_per_s=1_000.0, clients=50_000)
    assert shared.publishes_per_s == pytest.approx(1_000)  # each of them sees all
    assert shared.count.value == math.ceil(50_000 * 1_000 * 10e-6 / (0.5 - 0.3))
    full = servers(known, per_channel=50_000.0, rate_per_s=4_000.0, clients=50_000)
    assert math.isinf(full.count.value)  # publishes fill a server without one delivery
    few = servers(known, per_channel=2.0, rate_per_s=10.0, clients=10_000)
    reached = few.publishes_per_s * few.count.value / 50_000
    assert reached == pytest.approx(2 - 1 / few.count.value)


def test_one_load_alone_says_little_of_others():
    alone = costs(np.random.default_rng(2), parts=False)
    same, tenfold = alone.cores(EVERY[1]), alone.cores(EVERY[2])
    assert same.high < 1.7 * same.low
    assert tenfold.low == pytest.approx(same.low)  # all of it may be idling
    assert tenfold.high == pytest.approx(10 * same.high)  # or all deliveries
    polls = alone.cores(dataclasses.replace(EVERY[1], servers=0.0, connections=0.0))
    assert polls.low == 0


def test_too_few_trials_know_no_interval():
    found = costs(np.random.default_rng(2), trials=1)
    assert found.cores(EVERY[1]).value == pytest.approx(true_cores(EVERY[1]), rel=0.2)
    assert math.isnan(found.cores(EVERY[1]).low)


def test_costs_that_are_not_in_proportion_are_told():
    """A server that takes half as long for each delivery when it is busy has no such costs."""
    rng = np.random.default_rng(5)
    windows = [trial(rng, 0.5, 0.01) for _ in range(5)]
    bent = [
        [dataclasses.replace(w, cpu_s=w.cpu_s / (2 if w.name == "second" else 1)) for w in one]
        for one in windows
    ]
    plain = Costs.of([(0, one) for one in windows], free=["hits"])
    found = Costs.of([(0, one) for one in bent], free=["hits"])
    assert plain.missed < 0.02 < 0.1 < found.missed
    told, before = found.cores(EVERY[1]), plain.cores(EVERY[1])
    assert told.high - told.low > 2 * (before.high - before.low)


def _share_held(trials, noise, draws, seed=7):
    rng = np.random.default_rng(seed)
    many = Load(connections=20_000, deliveries=500.0, publishes=400.0)
    loads = [*EVERY, many]
    held, widths = np.zeros(len(loads)), []
    for _ in range(draws):
        found = costs(rng, 0.5, noise, trials)
        told = [found.cores(load) for load in loads]
        held += [
            one.low <= true_cores(load) <= one.high for one, load in zip(told, loads, strict=True)
        ]
        widths.append([one.high / max(one.low, 1e-12) for one in told])
    return held / draws, np.median(widths, axis=0)


def test_the_intervals_hold_the_truth():
    held, widths = _share_held(5, 0.05, 12)
    assert (held >= 0.75).all()
    assert (widths[:3] < 1.6).all()


@pytest.mark.soak
@pytest.mark.parametrize("trials", [3, 5, 10])
@pytest.mark.parametrize("noise", [0.03, 0.1])
def test_the_intervals_hold_the_truth_in_93_of_a_hundred(trials, noise):
    held, widths = _share_held(trials, noise, 400)
    assert (held >= 0.93 - 2 * math.sqrt(0.93 * 0.07 / 400)).all(), held
    assert (widths[:3] < 1 + 30 * noise / math.sqrt(trials)).all(), widths
