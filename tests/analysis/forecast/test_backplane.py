"""What several hubs pay to be one, in forecasts."""

import dataclasses

import pytest

from pushlab.analysis.forecast.backplane import backplane_costs, backplane_load
from pushlab.analysis.forecast.forecast import forecast
from pushlab.analysis.forecast.sizing import Workload
from pushlab.cli import main
from pushlab.contract.registry import profile_of
from pushlab.errors import UsageError
from tests.analysis.forecast.test_forecast import KNOWN

SSE = profile_of("sse")
REDIS = backplane_costs("redis")
MANY = Workload(
    clients=1_000_000, rate_per_s=1.0, interval_s=5.0, payload_bytes=100.0, per_channel=1_000.0
)


def test_each_hub_takes_its_share_of_publishes_and_follows_what_it_has_readers_for():
    traffic = MANY.traffic(SSE)  # a thousand channels, a thousand publishes a second
    load = backplane_load(REDIS, traffic, 10)
    assert load.hubs_per_publish == pytest.approx(10)  # a hundred readers at each
    assert load.hub_cores == pytest.approx(100 * REDIS.take_s + 1_000 * REDIS.follow_s)
    assert load.cores == pytest.approx(1_000 * (REDIS.carry_s + 10 * REDIS.hand_s))
    alone = dataclasses.replace(MANY, per_channel=1.0).traffic(SSE)
    assert backplane_load(REDIS, alone, 10).hubs_per_publish == pytest.approx(1)


def test_a_hub_alone_pays_nothing():
    few = dataclasses.replace(MANY, clients=1_000, backplane="redis")
    told = forecast(SSE, few, KNOWN)
    assert told.servers.count.value == 1
    assert told.servers.backplane is None
    assert told.closed == forecast(SSE, dataclasses.replace(few, backplane=""), KNOWN).closed


def test_hubs_that_share_need_more_servers_and_more_time():
    own = dataclasses.replace(MANY, per_channel=10.0)
    without = forecast(SSE, own, KNOWN)
    with_it = forecast(SSE, dataclasses.replace(own, backplane="redis"), KNOWN)
    assert with_it.servers.count.value > without.servers.count.value
    assert with_it.servers.utilisation.value <= 0.5
    assert with_it.traffic.cores > without.traffic.cores
    load = with_it.servers.backplane
    assert load.cores > 1  # a hundred thousand publishes a second are not for one Redis
    assert with_it.closed.mean_latency_s >= without.closed.mean_latency_s + 0.9 * REDIS.latency_s


def test_a_channel_keeps_no_more_than_its_retention():
    busy = dataclasses.replace(MANY, per_channel=1e6).traffic(SSE)  # one channel: 1,000 messages
    kept = backplane_load(REDIS, busy, 10).log_bytes
    assert kept == pytest.approx(1_000 * (100 + REDIS.kept_bytes) + REDIS.channel_bytes)
    seldom = dataclasses.replace(MANY, per_channel=1.0, rate_per_s=1 / 86_400).traffic(SSE)
    holding = backplane_load(REDIS, seldom, 10).log_bytes / REDIS.channel_bytes
    assert 0.03e6 < holding < 0.05e6  # of a million channels those that heard within the hour


def test_what_nobody_has_measured_is_said_in_a_line(capsys):
    with pytest.raises(UsageError, match="'kafka' costs has not been measured"):
        backplane_costs("kafka")


def test_predict_tells_where_one_engine_is_not_enough(capsys):
    load = ["--clients", "1e7", "--rate-per-client", "1/min", "--per-channel", "10"]
    asked = ["predict", *load, "--calibrate", "results/reference", "--backplane", "redis"]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "load of the backplane's core" in said
    assert "divided over several services" in said
