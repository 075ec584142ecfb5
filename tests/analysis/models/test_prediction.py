"""From a trial to its prediction."""

import dataclasses

import numpy as np
import pytest

from pushlab.analysis.models.formulas import queue_wait_s
from pushlab.analysis.models.prediction import predict
from pushlab.contract.profile import Profile
from pushlab.contract.registry import profile_of
from pushlab.runs import Link, SwarmFigures, TrialRecord


def trial(transport, *, arrivals="constant", rate=2.0, **options):
    return TrialRecord(
        index=0,
        order=0,
        cell=transport,
        transport=transport,
        status="ok",
        clients=100,
        channels=1,
        per_channel=100,
        rate_per_channel=rate,
        duration_s=10.0,
        arrivals=arrivals,
        options=options,
        profile=profile_of(transport, options),
    )


@pytest.mark.parametrize(
    ("record", "hits", "latency"),
    [
        (trial("short-polling", interval_s=5.0), 200, 2.501),
        (trial("short-polling", interval_s=0.5, clock="pause"), 1000 / 0.502, 0.252),
        (trial("short-polling", interval_s=5.0, random_phase=False), 200, None),
        (trial("long-polling", hold_s=30.0), 2000, 0.001),
        (trial("long-polling", hold_s=30.0, arrivals="burst"), None, None),
        (trial("sse"), 0, 0.001),
        (trial("websocket"), 0, 0.001),
        (trial("mqtt", qos=1), 2000, 0.001),
        (trial("mqtt", qos=2), 4000, 0.001),
        (trial("mqtt", qos=0, keep_alive_s=40), 25, 0.001),
        (trial("mqtt", qos=1, rate=0.01, keep_alive_s=40), 10 + 20, 0.001),
        (trial("channel-api-dev", interval_s=0.4), 1000 / 0.402, 0.202),
        (trial("channel-api-dev", interval_s=0.6), 1000 / 0.602, None),
        (trial("channel-api-dev", interval_s=0.398, arrivals="poisson"), 2500, 1.001),
        (trial("channel-api-dev", interval_s=0.498, arrivals="poisson"), 2000, None),
        (trial("channel-api-dev", interval_s=0.398, arrivals="burst"), 2500, None),
        (dataclasses.replace(trial("sse"), profile=Profile(name="pigeon")), None, None),
    ],
)
def test_what_is_predicted_for_a_trial(record, hits, latency):
    prediction = predict(record, delay_s=0.001)
    assert prediction.hits == (None if hits is None else pytest.approx(hits))
    assert prediction.mean_latency_s == (None if latency is None else pytest.approx(latency))
    assert prediction.formula_hits
    assert prediction.formula_latency


def test_long_polling_with_random_arrivals_follows_the_schedule_that_was_drawn():
    record = trial("long-polling", arrivals="poisson", hold_s=30.0)
    assert predict(record).hits == pytest.approx(2000)
    assert predict(record, rate_per_channel=3.0).hits == pytest.approx(3000)
    slow = predict(record, delay_s=0.05)
    assert slow.hits < 2000
    assert slow.mean_latency_s > 0.05


def test_streams_tell_their_handshakes():
    assert predict(trial("sse")).hits_setup == 100


def test_polling_at_a_fixed_rate_against_a_simulation():
    rng = np.random.default_rng(2)
    interval, delay = 1.5, 0.02
    published_at = rng.uniform(0, 10_000, 200_000)
    phase = rng.uniform(0, interval, 200_000)
    wait = (phase - published_at) % interval + delay
    predicted = predict(trial("short-polling", interval_s=interval), delay_s=delay)
    assert wait.mean() == pytest.approx(predicted.mean_latency_s, rel=0.01)


# ---- over a link -----------------------------------------------------------------------------


def far(transport, *, link=None, tls=False, swarm=None, rate=2.0, arrivals="poisson", **options):
    near = trial(transport, rate=rate, arrivals=arrivals, **options)
    link = link or Link(one_way_ms=50)
    return dataclasses.replace(near, link=link, tls=tls, swarm=swarm)


@pytest.mark.parametrize(
    ("record", "latency", "connect"),
    [
        (far("sse"), 0.050, 0.2),
        (far("websocket"), 0.050, 0.2),
        (far("websocket", tls=True), 0.050, 0.3),
        (far("mqtt"), 0.050, 0.4),
        (far("mqtt", tls=True), 0.050, 0.5),
        (far("short-polling", interval_s=1.0), 0.550, 0.2),
        (far("short-polling", interval_s=1.0, clock="pause"), 0.600, 0.2),
        (far("long-polling", rate=0.01), 0.0502, 0.2),
        (far("long-polling", rate=1000.0), 0.100, 0.2),
    ],
)
def test_a_link_adds_its_transits(record, latency, connect):
    prediction = predict(record)
    assert prediction.mean_latency_s == pytest.approx(latency, abs=2e-4)
    assert prediction.connect_s == pytest.approx(connect)
    assert predict(record, delay_s=0.001).mean_latency_s > prediction.mean_latency_s


@pytest.mark.parametrize("one_way_ms", [20.0, 60.0, 130.0])
def test_polls_that_overtake_their_answers_against_a_simulation(one_way_ms):
    interval, way = 0.1, one_way_ms / 1e3
    record = far("short-polling", link=Link(one_way_ms=one_way_ms), interval_s=interval)
    rng, asked, due = np.random.default_rng(3), [], 0.0
    now = 0.0
    for _ in range(4_000):  # as the client does: one request at a time, on the clock's beat
        asked.append(now)
        answered = now + 2 * way
        while due <= max(answered, now):
            due += interval
        now = due
    there = np.array(asked) + way
    published_at = rng.uniform(there[0], there[-1], 100_000)
    wait = there[np.searchsorted(there, published_at)] - published_at + way
    prediction = predict(record)
    assert wait.mean() == pytest.approx(prediction.mean_latency_s, rel=0.02)
    per_s = len(asked) / asked[-1]
    assert per_s * record.clients * record.duration_s == pytest.approx(prediction.hits, rel=0.01)


def test_a_narrow_link_against_a_simulation():
    rate, transfer = 8.0, 0.08
    arrivals = np.cumsum(np.random.default_rng(4).exponential(1 / rate, 400_000))
    free, waits = 0.0, []
    for at in arrivals.tolist():
        waits.append(max(0.0, free - at))
        free = max(at, free) + transfer
    expected = queue_wait_s(rate_per_s=rate, service_s=transfer)
    assert np.mean(waits) == pytest.approx(expected, rel=0.03)
    narrow = Link(one_way_ms=50, kbit_per_s=10)  # 100 bytes take 80 ms
    record = far("sse", link=narrow, rate=rate, swarm=SwarmFigures(bytes_in=100_000))
    latency = predict(record, delivered=1000).mean_latency_s
    assert latency == pytest.approx(0.05 + transfer + expected)
    paced = dataclasses.replace(record, arrivals="constant")
    assert predict(paced, delivered=1000).mean_latency_s == pytest.approx(0.05 + transfer)


def test_a_link_that_carries_less_than_is_sent_has_no_mean():
    narrow = Link(kbit_per_s=10)
    record = far("websocket", link=narrow, rate=13.0, swarm=SwarmFigures(bytes_in=100_000))
    prediction = predict(record, delivered=1000)
    assert prediction.mean_latency_s is None
    assert "carries" in prediction.formula_latency


def test_a_poll_pays_for_its_question_and_its_answer():
    swarm = SwarmFigures(hits={"poll-useful": 100}, bytes_in=25_000, bytes_out=12_500)
    link = Link(one_way_ms=10, kbit_per_s=100)  # 20 ms for an answer, 10 ms for a question
    record = far("short-polling", link=link, swarm=swarm, interval_s=1.0, clock="pause")
    assert predict(record).mean_latency_s == pytest.approx((1.0 + 0.05) / 2 + 0.03)
