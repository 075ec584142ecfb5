"""Calibrations from runs, forecasts from calibrations, and runs held against their models."""

import dataclasses

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.forecast.calibration import Calibration, Span, calibrate, calibration_of
from pushlab.analysis.forecast.forecast import difference, forecast
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.forecast.validation import validate
from pushlab.contract.registry import STANDARD as STANDARD_NAMES
from pushlab.contract.registry import profile_of
from pushlab.errors import UsageError
from pushlab.runs import Run
from tests.runs.simulated import FLOOR, STANDARD, Cell, simulate

ONE = Span(1.0, 1.0)
KNOWN = Calibration(
    transport="websocket",
    cpu_s_per_hit=0.0,
    cpu_s_per_delivery=50e-6,
    cpu_s_per_publish=0.0,
    fitted=False,
    base_bytes=50e6,
    bytes_per_connection=20e3,
    overhead_bytes_per_hit=0.0,
    overhead_bytes_per_delivery=30.0,
    clients=Span(100.0, 1_000.0),
    hits_per_s=Span(0.0, 0.0),
    deliveries_per_s=Span(100.0, 2_000.0),
    publishes_per_s=ONE,
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
    assert servers.cores == pytest.approx(1e6 / 60 * 50e-6)  # 0.83
    # CPU asks for two at half load, memory for eleven: 20 kB each in half of 4 GiB
    assert servers.count == 10
    assert servers.connections == 100_000
    assert servers.memory_bytes == pytest.approx(50e6 + 100_000 * 20e3)
    assert servers.bandwidth_bytes_per_s == pytest.approx(1e6 / 60 * 330)
    assert servers.simulated_wait_s == pytest.approx(servers.wait_s, rel=0.02)
    assert [words.split(" (")[0] for words in servers.beyond] == [
        "100,000 connections per server",
        "300 bytes of payload",
    ]
    assert told.traffic.cores == servers.cores


def test_a_load_as_measured_is_not_beyond():
    small = dataclasses.replace(MILLION, clients=500, rate_per_s=1.0, payload_bytes=100.0)
    assert (
        forecast(
            profile_of("websocket"), dataclasses.replace(small, per_channel=10), KNOWN
        ).servers.beyond
        == ()
    )


def test_what_a_single_load_can_tell(tmp_path):
    known = calibrate(simulate(tmp_path, *STANDARD))
    assert set(known) == set(STANDARD_NAMES)
    polled = known["short-polling"]
    assert not polled.fitted
    assert polled.cpu_s_per_delivery == 0
    per_hit = (0.02 + 45e-6 * 1_000 + 6e-6 * 2_000) / 1_000
    assert polled.cpu_s_per_hit == pytest.approx(per_hit, rel=0.1)
    assert polled.bytes_per_connection is None
    assert known["websocket"].overhead_bytes_per_delivery == pytest.approx(84 - 64, abs=2)


def test_different_loads_tell_hits_from_deliveries_and_memory_from_clients(tmp_path):
    runs = [
        Run.load(
            simulate(tmp_path / str(place), STANDARD[0], rate=rate, clients=clients, seed=place)
        )
        for place, (rate, clients) in enumerate([(1.0, 100), (20.0, 100), (1.0, 400), (10.0, 400)])
    ]
    (known,) = calibration_of(runs).values()
    assert known.fitted
    assert known.cpu_s_per_hit == pytest.approx(45e-6, rel=0.5)
    assert known.cpu_s_per_delivery == pytest.approx(6e-6, rel=0.5)
    assert known.clients == Span(100, 400)


def test_a_run_without_a_good_trial_calibrates_nothing(tmp_path):
    with pytest.raises(UsageError, match="nothing to calibrate"):
        calibrate(simulate(tmp_path, Cell("sse", "sse", fail="no")))


@pytest.mark.parametrize("arrivals", ["poisson", "constant"])
def test_a_run_that_behaves_as_its_models(tmp_path, arrivals):
    cells = (*STANDARD[:1], *STANDARD[2:4], Cell("mqtt", "mqtt", {"qos": 1}), FLOOR)
    run = Run.load(simulate(tmp_path, *cells, arrivals=arrivals, per_channel=1, rate=0.5))
    found = validate(analyse(run))
    assert [each.cell for each in found] == [cell.label for cell in cells[:-1]]
    assert [each.problems for each in found] == [()] * len(found)
    polled = found[0]
    assert polled.simulated_hits == pytest.approx(polled.predicted_hits, rel=0.02)
    assert polled.simulated_latency_s == pytest.approx(polled.predicted_latency_s, rel=0.02)


def test_a_run_that_does_not(tmp_path):
    slow = Cell("websocket", "websocket", delay_s=0.004)
    run = Run.load(simulate(tmp_path, slow, Cell("sse", "sse", fail="no port")))
    told, failed = validate(analyse(run))
    assert told.problems == (f"mean latency: {told.measured_latency_s:g}, not 0",)
    assert failed.problems == ("no trial went well",)
