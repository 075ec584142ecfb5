"""The simulation beside the closed forms: two independent ways to the same figure."""

import time

import pytest

from pushlab.analysis import prediction
from pushlab.analysis.formulas import (
    cheapest_interval_s,
    fan_out_latency_s,
    paced_unbuffered_fraction,
    polled_copy_age_s,
    polled_copy_freshness,
    queue_wait_s,
    storm_rate_per_s,
    synchronised_wait_s,
    unbuffered_fraction,
    updates_seen_fraction,
)
from pushlab.analysis.simulation import simulate, simulate_queue_wait_s
from pushlab.errors import UsageError

WITHIN = 0.02


@pytest.mark.parametrize("rate", [0.02, 0.2, 1.0, 5.0])
@pytest.mark.parametrize("interval", [0.5, 5.0])
@pytest.mark.parametrize("one_way", [0.0, 0.05])
def test_short_polling(rate, interval, one_way):
    told = simulate(
        "short-polling", clients=2_000, rate_per_s=rate, interval_s=interval, one_way_s=one_way
    )
    assert told.hits_per_s == pytest.approx(2_000 / interval, rel=WITHIN)
    assert told.mean_latency_s == pytest.approx(
        prediction.poll_latency_s(interval_s=interval, delay_s=one_way), rel=WITHIN
    )
    assert told.wasted == pytest.approx(
        prediction.wasted_fraction(rate_per_s=rate, interval_s=interval), abs=WITHIN
    )
    assert told.messages_per_useful_poll == pytest.approx(
        prediction.messages_per_useful_poll(rate_per_s=rate, interval_s=interval), rel=WITHIN
    )
    assert told.deliveries_per_s == pytest.approx(2_000 * rate, rel=WITHIN)
    assert told.max_latency_s <= interval + one_way + 1e-9


@pytest.mark.parametrize("rate", [0.01, 0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("one_way", [0.0, 0.05])
def test_long_polling(rate, one_way):
    told = simulate("long-polling", clients=5_000, rate_per_s=rate, one_way_s=one_way, seed=3)
    gap = 2 * one_way
    asked = prediction.long_poll_requests_per_s(rate_per_s=rate, gap_s=gap, hold_s=30.0)
    assert told.hits_per_s == pytest.approx(5_000 * asked, rel=WITHIN)
    assert told.mean_latency_s == pytest.approx(
        prediction.long_poll_latency_s(rate_per_s=rate, delay_s=one_way), rel=WITHIN
    )
    assert told.max_latency_s <= 3 * one_way + 1e-9  # RFC 6202's three transits


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


@pytest.mark.parametrize("transport", ["short-polling", "long-polling", "websocket"])
def test_ten_million_clients_are_a_matter_of_seconds(transport):
    begin_s = time.process_time()
    told = simulate(transport, clients=10_000_000, rate_per_s=1 / 60, interval_s=5, one_way_s=0.05)
    assert time.process_time() - begin_s < 30  # about 2; the limit only tells of a loop in Python
    assert told.clients == 10_000_000
    assert told.deliveries_per_s == pytest.approx(1e7 / 60, rel=WITHIN)


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_a_queue_waits_as_pollaczek_and_khinchine_say(load):
    waited = simulate_queue_wait_s(rate_per_s=load / 0.002, service_s=0.002)
    assert waited == pytest.approx(queue_wait_s(rate_per_s=load / 0.002, service_s=0.002), rel=0.03)


def test_a_full_server_waits_for_ever():
    assert queue_wait_s(rate_per_s=500, service_s=0.002) == float("inf")


# The figures of the reference table, each simulated there by other code.
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (unbuffered_fraction(rate_per_s=2, gap_s=1.61), 0.236967),
        (paced_unbuffered_fraction(period_s=0.5, gap_s=1.61), 0.25),
        (polled_copy_freshness(rate_per_s=0.2, interval_s=5), 0.632121),
        (polled_copy_age_s(rate_per_s=0.2, interval_s=5), 0.660603),
        (polled_copy_age_s(rate_per_s=0.1, interval_s=15), 2.679132),
        (updates_seen_fraction(rate_per_s=1, interval_s=5), 0.198652),
        (fan_out_latency_s(clients=25_000, send_s=1.68e-4)[0], 2.100084),
        (fan_out_latency_s(clients=25_000, send_s=1.68e-4)[1], 4.2),
        (queue_wait_s(rate_per_s=0.8, service_s=1), 2.0),
        (synchronised_wait_s(clients=1_000, service_s=0.002), 0.999),
        (cheapest_interval_s(poll_cost=1.0, waiting_cost_per_s=0.5, rate_per_s=0.1), 6.324555),
        (storm_rate_per_s(interval_s=1, gap_s=0.1), 1.0049),
        (storm_rate_per_s(interval_s=15, gap_s=0.1), 0.0667),
    ],
)
def test_closed_forms_have_the_published_values(found, expected):
    assert found == pytest.approx(expected, rel=1e-3)


def test_an_age_has_no_jump_where_its_terms_cancel():
    near, far = (polled_copy_age_s(rate_per_s=rate, interval_s=1.0) for rate in (0.99e-4, 1.01e-4))
    assert near == pytest.approx(far, rel=0.03)
    assert near > 0


@pytest.mark.parametrize(
    "bad",
    [
        {"clients": 0},
        {"rate_per_s": -1},
        {"interval_s": 0},
        {"hold_s": -1},
        {"one_way_s": -0.1},
    ],
)
def test_nonsense_is_refused(bad):
    with pytest.raises(UsageError):
        simulate("short-polling", **{"clients": 1, "rate_per_s": 1, **bad})
    with pytest.raises(UsageError, match="no simulation"):
        simulate("pigeon", clients=1, rate_per_s=1)


def test_where_long_polling_never_storms():
    with pytest.raises(UsageError, match="never asks"):
        storm_rate_per_s(interval_s=1, gap_s=1)
