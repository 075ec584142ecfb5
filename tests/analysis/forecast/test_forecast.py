"""Calibrations from runs, forecasts from calibrations, and runs held against their models."""

import dataclasses

import pytest

from pushlab.analysis.forecast.calibration import Calibration, Span, calibrate, calibration_of
from pushlab.analysis.forecast.costs import Costs, Within
from pushlab.analysis.forecast.forecast import difference, forecast
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.models.formulas import pings_per_s
from pushlab.contract.registry import STANDARD as STANDARD_NAMES
from pushlab.contract.registry import profile_of
from pushlab.errors import UsageError
from pushlab.runs import Run
from tests.runs.simulated import STANDARD, Cell, simulate

KNOWN = Calibration(
    transport="websocket",
    costs=Costs.exactly(deliveries=50e-6),
    base_bytes=50e6,
    bytes_per_connection=20e3,
    overhead_bytes_per_hit=0.0,
    overhead_bytes_per_delivery=30.0,
    trials=3,
    clients=Span(100.0, 1_000.0),
    hits_per_s=Span(0.0, 0.0),
    deliveries_per_s=Span(100.0, 2_000.0),
    publishes_per_s=Span(1.0, 1e6),
    cores=Span(0.0, 1.0),
    per_channel=Span(10.0, 10.0),
    payload_bytes=Span(100.0, 100.0),
)
MILLION = Workload(
    clients=1_000_000, rate_per_s=1 / 60, interval_s=5.0, payload_bytes=300.0, one_way_s=0.05
)


@pytest.mark.parametrize("transport", [*STANDARD_NAMES, "channel-api-dev"])
def test_closed_form_and_simulation_agree(transport):
    told = forecast(profile_of(transport), MILLION)
    for name in ("hits_per_s", "deliveries_per_s", "mean_latency_s", "wasted", "age_s"):
        apart = difference(getattr(told.closed, name), getattr(told.simulated, name))
        assert apart is None or abs(apart) < 0.02, name
    for percent, value in told.closed.percentiles_s.items():
        assert told.simulated.percentiles_s[percent] == pytest.approx(value, rel=0.02)
    if told.closed.worst_latency_s is not None:  # a queue has no worst
        assert told.simulated.worst_latency_s <= told.closed.worst_latency_s + 1e-9
    assert told.servers is None


def test_servers_for_a_million():
    told = forecast(profile_of("websocket"), dataclasses.replace(MILLION, per_channel=10.0), KNOWN)
    servers = told.servers
    # each client gets a message a minute, and a keep-alive after 20 s of silence, as costly
    alive = pings_per_s(rate_per_s=1 / 60, keep_alive_s=20.0)
    assert servers.cores.value == pytest.approx(1e6 * (1 / 60 + alive) * 50e-6)  # 2.9
    # CPU asks for six at half load, memory for ten: 20 kB each in half of 4 GiB
    assert servers.count == Within(10, 10, 10)
    assert servers.connections == 100_000
    assert servers.memory_bytes == pytest.approx(50e6 + 100_000 * 20e3)
    assert servers.bandwidth_bytes_per_s == pytest.approx(1e6 / 60 * 330)
    assert servers.simulated_wait_s["mean"] == pytest.approx(servers.wait_s, rel=0.02)
    assert [words.split(" (")[0] for words in servers.beyond] == [
        "100,000 connections per server",
        "5,880 deliveries/s per server",
        "1.54 readers per channel of a server",
        "300 bytes of payload",
    ]
    assert told.traffic.cores == servers.cores.value


def test_what_is_pushed_takes_as_long_as_the_server_and_is_not_known_without_one():
    """It was told as "0 s", p99 included."""
    near = dataclasses.replace(MILLION, one_way_s=0.0)
    for name in ("sse", "websocket", "mqtt", "long-polling"):
        alone = forecast(profile_of(name), near)
        assert alone.closed.mean_latency_s is alone.simulated.mean_latency_s is None
        assert not alone.simulated.percentiles_s
    polled = forecast(profile_of("short-polling"), near)
    assert polled.closed.mean_latency_s == 2.5
    known = dataclasses.replace(
        KNOWN,
        costs=Costs.exactly(deliveries=50e-6, publishes=300e-6),
        base_bytes=None,
        floor_s={"mean": 100e-6, "50": 90e-6, "90": 120e-6, "99": 200e-6},
    )
    room = dataclasses.replace(near, clients=1_000, per_channel=1_000.0, rate_per_s=1.0)
    told = forecast(profile_of("sse"), room, known)
    assert told.servers.count.value == 1
    assert told.closed.mean_latency_s > 100e-6 + 300e-6 + 25e-3  # floor, publish, half of them
    assert told.simulated.mean_latency_s == pytest.approx(told.closed.mean_latency_s, rel=0.02)
    assert 48e-3 < told.simulated.percentiles_s[99.0] < 0.1


def test_a_load_as_measured_is_not_beyond():
    small = dataclasses.replace(MILLION, clients=500, rate_per_s=1.0, payload_bytes=100.0)
    assert (
        forecast(
            profile_of("websocket"), dataclasses.replace(small, per_channel=10), KNOWN
        ).servers.beyond
        == ()
    )


def test_what_a_single_load_can_tell(tmp_path):
    known = calibrate(simulate(tmp_path, *STANDARD, trials=3))
    assert set(known) == set(STANDARD_NAMES)
    polled = known["short-polling"].costs
    assert polled.kinds == 1
    per_hit = (0.02 + 45e-6 * 1_000 + 6e-6 * 2_000) / 1_000
    found = polled.each("hits")  # all that it may be: no more than all of it, and perhaps nothing
    assert found.value == pytest.approx(per_hit, rel=0.1)
    assert found.low == 0
    assert found.high == pytest.approx(per_hit, rel=0.2)
    assert polled.each("deliveries").value == 0
    assert known["short-polling"].bytes_per_connection is None
    assert known["websocket"].overhead_bytes_per_delivery == pytest.approx(84 - 64, abs=2)


def test_different_loads_tell_hits_from_deliveries_and_memory_from_clients(tmp_path):
    loads = [(1.0, 100), (20.0, 100), (1.0, 400), (10.0, 400), (5.0, 200), (2.0, 50)]
    runs = [
        Run.load(
            simulate(tmp_path / str(place), STANDARD[0], rate=rate, clients=clients, seed=place)
        )
        for place, (rate, clients) in enumerate(loads)
    ]
    (known,) = calibration_of(runs).values()
    for field, true in (("hits", 45e-6), ("deliveries", 6e-6)):
        found = known.costs.each(field)
        assert found.value == pytest.approx(true, rel=0.5)
        assert found.low <= true <= found.high
    assert known.clients == Span(50, 400)


def test_a_run_without_a_good_trial_calibrates_nothing(tmp_path):
    with pytest.raises(UsageError, match="nothing to calibrate"):
        calibrate(simulate(tmp_path, Cell("sse", "sse", fail="no")))
