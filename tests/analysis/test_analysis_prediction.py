"""The closed forms against published figures: formulas.csv beside this holds them with sources."""

import csv
from pathlib import Path

import numpy as np
import pytest

from pushlab.analysis.prediction import (
    long_poll_latency_s,
    long_poll_requests_per_s,
    messages_per_useful_poll,
    paced_long_poll_requests_per_s,
    pause_poll_latency_s,
    poll_latency_s,
    predict,
    wasted_fraction,
)
from pushlab.runs import TrialRecord

FORMULAS = {
    "F1": lambda p: poll_latency_s(interval_s=p["T"], delay_s=p["d"]),
    "F2": lambda p: pause_poll_latency_s(pause_s=p["P"], delay_s=p["d"], service_s=p["s"]),
    "F3": lambda p: wasted_fraction(rate_per_s=p["lam"], interval_s=p["T"]),
    "F4": lambda p: messages_per_useful_poll(rate_per_s=p["lam"], interval_s=p["T"]),
    "F5": lambda p: long_poll_requests_per_s(rate_per_s=p["lam"], gap_s=p["g"], hold_s=p["W"]),
    "F6": lambda p: long_poll_latency_s(rate_per_s=p["lam"], delay_s=p["d"]),
}


def published():
    with Path(__file__).with_name("formulas.csv").open() as file:
        for row in csv.DictReader(file):
            parameters = dict(pair.split("=") for pair in row["params"].split(","))
            yield pytest.param(
                row["id"],
                {name: float(value) for name, value in parameters.items()},
                float(row["predicted"]),
                float(row["simulated"]),
                id=f"{row['id']} {row['params']}",
            )


@pytest.mark.parametrize(("formula", "parameters", "predicted", "simulated"), list(published()))
def test_the_published_figure(formula, parameters, predicted, simulated):
    value = FORMULAS[formula](parameters)
    assert value == pytest.approx(predicted, abs=6e-7)
    assert value == pytest.approx(simulated, rel=0.012, abs=1e-5)


@pytest.mark.parametrize("period", [0.3, 1.0, 2.5, 7.0])
@pytest.mark.parametrize("hold", [0.8, 2.0, 30.0])
def test_paced_long_polling_against_a_simulation(period, hold):
    gap, span, now, requests = 0.01, 4000.0, 0.0, 0
    message = 0.37 * period
    while now < span:
        requests += 1
        while message <= now - gap:  # came and was fetched while no request was open
            message += period
        if message <= now:  # waited for in the log
            message += period
            now += gap
        elif message <= now + hold:
            now = message + gap
            message += period
        else:
            now += hold + gap
    value = paced_long_poll_requests_per_s(rate_per_s=1 / period, gap_s=gap, hold_s=hold)
    assert value == pytest.approx(requests / span, rel=0.01)


def test_no_messages_at_all():
    assert paced_long_poll_requests_per_s(rate_per_s=0, gap_s=0.0, hold_s=30) == 1 / 30
    assert long_poll_requests_per_s(rate_per_s=0, gap_s=0.0, hold_s=30) == 1 / 30
    assert messages_per_useful_poll(rate_per_s=0, interval_s=5) == 1


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
        (trial("mqtt", qos=1, rate=0.01, keep_alive_s=40), 10 + 25, 0.001),
        (trial("carrier-pigeon"), None, None),
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
