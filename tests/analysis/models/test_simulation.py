"""The simulation beside the closed forms: two independent ways to the same figure."""

import dataclasses
import time

import pytest

from pushlab.analysis.models import formulas, simulation
from pushlab.analysis.models.formulas import queue_wait_s
from pushlab.analysis.models.simulated_queues import (
    simulate_copy,
    simulate_fan_out_s,
    simulate_queue_wait_s,
)
from pushlab.contract.profile import Profile
from pushlab.contract.registry import profile_of
from pushlab.errors import UsageError

WITHIN = 0.02


def simulate(transport, *, pause=False, **world):
    timers = {name: world.pop(f"{name}_s", None) for name in ("interval", "hold", "keep_alive")}
    profile = profile_of(transport).retimed(**{f"{name}_s": s for name, s in timers.items()})
    if transport == "short-polling":
        profile = dataclasses.replace(profile, pause=pause)
    return simulation.simulate(profile, **world)


@pytest.mark.parametrize("rate", [0.02, 0.2, 1.0, 5.0])
@pytest.mark.parametrize("interval", [0.5, 5.0])
@pytest.mark.parametrize("one_way", [0.0, 0.05])
def test_short_polling(rate, interval, one_way):
    told = simulate(
        "short-polling", clients=2_000, rate_per_s=rate, interval_s=interval, one_way_s=one_way
    )
    assert told.hits_per_s == pytest.approx(2_000 / interval, rel=WITHIN)
    assert told.mean_latency_s == pytest.approx(
        formulas.poll_latency_s(interval_s=interval, delay_s=one_way), rel=WITHIN
    )
    assert told.wasted == pytest.approx(
        formulas.wasted_fraction(rate_per_s=rate, interval_s=interval), abs=WITHIN
    )
    assert told.messages_per_useful_poll == pytest.approx(
        formulas.messages_per_useful_poll(rate_per_s=rate, interval_s=interval), rel=WITHIN
    )
    assert told.deliveries_per_s == pytest.approx(2_000 * rate, rel=WITHIN)
    assert told.worst_latency_s <= interval + one_way + 1e-9


@pytest.mark.parametrize(("rate", "one_way"), [(0.2, 0.0), (1.0, 0.05), (1.5, 0.0)])
def test_one_message_a_poll(rate, one_way):
    told = simulate(
        "channel-api-dev",
        clients=20_000,
        rate_per_s=rate,
        interval_s=0.5,
        one_way_s=one_way,
        events=400_000,
    )
    cycle = 0.5 + 2 * one_way  # it waits for an answer before it counts its half second
    assert told.hits_per_s == pytest.approx(20_000 / cycle, rel=WITHIN)
    assert told.mean_latency_s == pytest.approx(
        formulas.one_by_one_poll_latency_s(rate_per_s=rate, cycle_s=cycle, delay_s=one_way),
        rel=WITHIN,
    )
    assert told.wasted == pytest.approx(1 - rate * cycle, abs=WITHIN)
    assert told.messages_per_useful_poll == 1.0


@pytest.mark.parametrize("rate", [0.01, 0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("one_way", [0.0, 0.05])
def test_long_polling(rate, one_way):
    told = simulate("long-polling", clients=5_000, rate_per_s=rate, one_way_s=one_way, seed=3)
    gap = 2 * one_way
    asked = formulas.long_poll_requests_per_s(rate_per_s=rate, gap_s=gap, hold_s=30.0)
    assert told.hits_per_s == pytest.approx(5_000 * asked, rel=WITHIN)
    assert told.mean_latency_s == pytest.approx(
        formulas.long_poll_latency_s(rate_per_s=rate, delay_s=one_way), rel=WITHIN
    )
    assert told.worst_latency_s <= 3 * one_way + 1e-9  # RFC 6202's three transits


@pytest.mark.parametrize("transport", ["sse", "websocket", "mqtt"])
def test_push(transport):
    told = simulate(transport, clients=1_000, rate_per_s=2.0, one_way_s=0.03)
    assert told.mean_latency_s == pytest.approx(0.03)
    assert told.wasted is None
    acked = transport == "mqtt"
    assert told.hits_per_s == pytest.approx(2_000 if acked else 0, rel=WITHIN)


def test_jitter_adds_half_of_itself():
    told = simulate("sse", clients=1_000, rate_per_s=2.0, one_way_s=0.03, jitter_s=0.02)
    assert told.mean_latency_s == pytest.approx(0.04, rel=WITHIN)
    assert told.percentiles_s[99.0] < 0.05


def test_the_same_seed_gives_the_same_figures():
    def once(seed):
        return simulate("long-polling", clients=100, rate_per_s=1, one_way_s=0.1, seed=seed)

    assert once(1) == once(1)
    assert once(1) != once(2)


@pytest.mark.parametrize(
    ("transport", "millions"), [("short-polling", 10), ("long-polling", 2), ("websocket", 10)]
)
def test_ten_million_clients_are_a_matter_of_seconds(transport, millions):
    clients = millions * 1_000_000
    begin_s = time.process_time()
    told = simulate(
        transport, clients=clients, rate_per_s=1 / 60, interval_s=5, one_way_s=0.05, events=None
    )
    assert time.process_time() - begin_s < 30  # about 1; the limit only tells of a loop in Python
    assert told.sampled == told.clients == clients
    assert told.deliveries_per_s == pytest.approx(clients / 60, rel=WITHIN)


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_a_queue_waits_as_pollaczek_and_khinchine_say(load):
    waited = simulate_queue_wait_s(rate_per_s=load / 0.002, service_s=0.002)
    assert waited == pytest.approx(queue_wait_s(rate_per_s=load / 0.002, service_s=0.002), rel=0.03)


@pytest.mark.parametrize(
    "bad",
    [
        {"clients": 0},
        {"rate_per_s": -1},
        {"interval_s": 0},
        {"one_way_s": -0.1},
    ],
)
def test_nonsense_is_refused(bad):
    with pytest.raises(UsageError):
        simulate("short-polling", **{"clients": 1, "rate_per_s": 1, **bad})
    with pytest.raises(UsageError, match="no simulation"):
        simulation.simulate(Profile(title="pigeon"), clients=1, rate_per_s=1)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05, 0.5])
def test_pings(rate):
    world = {"rate_per_s": rate, "keep_alive_s": 30.0}
    told = simulate("mqtt", clients=5_000, **world)
    expected = rate + formulas.pings_per_s(**world)
    assert told.hits_per_s == pytest.approx(5_000 * expected, rel=WITHIN)
    told = simulate("mqtt", clients=5_000, paced=True, **world)
    expected = rate + formulas.paced_pings_per_s(**world)
    assert told.hits_per_s == pytest.approx(5_000 * expected, rel=WITHIN)


@pytest.mark.parametrize("rate", [0.02, 0.4, 3.0])
@pytest.mark.parametrize("hold", [0.8, 30.0])
@pytest.mark.parametrize("one_way", [0.0, 0.05])
def test_long_polling_at_a_steady_pace(rate, hold, one_way):
    told = simulate(
        "long-polling", clients=2_000, rate_per_s=rate, hold_s=hold, one_way_s=one_way, paced=True
    )
    asked = formulas.paced_long_poll_requests_per_s(rate_per_s=rate, gap_s=2 * one_way, hold_s=hold)
    assert told.hits_per_s == pytest.approx(2_000 * asked, rel=WITHIN)
    assert told.deliveries_per_s == pytest.approx(2_000 * rate, rel=WITHIN)


def test_polls_with_a_pause_and_polls_that_overtake_their_answers():
    world = {"clients": 2_000, "rate_per_s": 2.0, "one_way_s": 0.06, "up_s": 0.08}
    told = simulate("short-polling", interval_s=0.5, pause=True, **world)
    assert told.hits_per_s == pytest.approx(2_000 / 0.64)
    assert told.mean_latency_s == pytest.approx(0.32 + 0.06, rel=WITHIN)
    told = simulate("short-polling", interval_s=0.1, **world)
    beat = formulas.answered_interval_s(interval_s=0.1, round_trip_s=0.14)
    assert told.hits_per_s == pytest.approx(2_000 / beat)


@pytest.mark.parametrize("rate", [0.02, 0.2, 2.0])
def test_a_polled_copy(rate):
    fresh, age = simulate_copy(rate_per_s=rate, interval_s=5.0)
    world = {"rate_per_s": rate, "interval_s": 5.0}
    assert fresh == pytest.approx(formulas.polled_copy_freshness(**world), rel=WITHIN)
    assert age == pytest.approx(formulas.polled_copy_age_s(**world), rel=WITHIN)


def test_fan_out_behind_a_queue():
    world = {"publishes_per_s": 100.0, "clients": 50, "send_s": 1e-4, "publish_s": 1e-3}
    expected = queue_wait_s(rate_per_s=100.0, service_s=60e-4) + 1e-3 + (50 + 1) * 1e-4 / 2
    told = simulate_fan_out_s(**world)
    assert told["mean"] == pytest.approx(expected, rel=WITHIN)
    assert told["50"] < told["90"] < told["99"]
