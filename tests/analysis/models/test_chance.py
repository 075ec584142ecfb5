"""What chance makes of hits and polled latencies, beside many draws of it."""

import numpy as np
import pytest

from pushlab.analysis.models.chance import hits_variance, polled_latency_variance
from pushlab.analysis.models.prediction import Ways, predict
from pushlab.contract.registry import profile_of
from pushlab.runs import TrialRecord

NEAR = Ways(0.0, 0.0, 0.0)


def record(transport, **more):
    told = {
        "clients": 20,
        "channels": 4,
        "per_channel": 5,
        "rate_per_channel": 0.5,
        "duration_s": 10.3,
        "arrivals": "poisson",
        **more,
    }
    return TrialRecord(
        index=0,
        order=0,
        cell=transport,
        transport=transport,
        status="ok",
        profile=profile_of(transport).retimed(interval_s=1.0),
        **told,
    )


def test_polls_scatter_by_their_phases():
    one, rng = record("short-polling"), np.random.default_rng(1)
    phases = rng.uniform(0.0, 1.0, (20_000, one.clients))
    polls = np.floor(one.duration_s - phases).astype(int) + 1
    told = hits_variance(one, predict(one), NEAR, owed=0, late_s=0.0)
    assert told == pytest.approx(polls.sum(axis=1).var(), rel=0.05)
    whole = record("short-polling", duration_s=10.0)
    assert hits_variance(whole, predict(whole), NEAR, owed=0, late_s=0.0) == 0


def test_mean_latency_scatters_by_phases_of_clients_not_of_deliveries():
    one, rng = record("short-polling"), np.random.default_rng(2)
    at_s = np.sort(rng.uniform(0.0, 10.3, 24))
    channel = np.repeat(np.arange(4, dtype=np.int32), 6)
    told = polled_latency_variance(one, (at_s * 1e9).astype(np.int64), channel, 1.0)
    phases = rng.uniform(0.0, 1.0, (4_000, one.clients))
    waits = [
        (phases[:, client, None] - at_s[channel == client // 5][None, :]) % 1.0
        for client in range(one.clients)
    ]
    means = np.concatenate(waits, axis=1).mean(axis=1)
    assert told == pytest.approx(means.var(), rel=0.1)


def test_a_stream_scatters_with_what_is_under_way():
    mqtt = record("mqtt")
    few = hits_variance(mqtt, predict(mqtt), NEAR, owed=100, late_s=0.001)
    many = hits_variance(mqtt, predict(mqtt), NEAR, owed=100, late_s=0.1)
    assert 0 < few < many
    sse = record("sse")
    assert hits_variance(sse, predict(sse), NEAR, owed=100, late_s=0.1) == 0
