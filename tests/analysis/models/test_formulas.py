"""The closed forms against a table of figures: formulas.csv beside this holds them with sources.

Each line of it has the value of a form and that of a simulation by other code than ours.
"""

import csv
from pathlib import Path

import pytest

from pushlab.analysis.models.formulas import (
    answered_interval_s,
    cheapest_interval_s,
    fan_out_latency_s,
    long_poll_latency_s,
    long_poll_percentile_s,
    long_poll_requests_per_s,
    memory_bytes,
    messages_per_useful_poll,
    paced_long_poll_requests_per_s,
    paced_unbuffered_fraction,
    pause_poll_latency_s,
    poll_latency_s,
    poll_percentile_s,
    polled_copy_age_s,
    polled_copy_freshness,
    queue_wait_s,
    servers_needed,
    storm_rate_per_s,
    synchronised_wait_s,
    unbuffered_fraction,
    updates_seen_fraction,
    wasted_fraction,
)
from pushlab.errors import UsageError

FORMULAS = {
    "F1": lambda p: poll_latency_s(interval_s=p["T"], delay_s=p["d"]),
    "F2": lambda p: pause_poll_latency_s(pause_s=p["P"], delay_s=p["d"], service_s=p["s"]),
    "F3": lambda p: wasted_fraction(rate_per_s=p["lam"], interval_s=p["T"]),
    "F4": lambda p: messages_per_useful_poll(rate_per_s=p["lam"], interval_s=p["T"]),
    "F5": lambda p: long_poll_requests_per_s(rate_per_s=p["lam"], gap_s=p["g"], hold_s=p["W"]),
    "F6": lambda p: long_poll_latency_s(rate_per_s=p["lam"], delay_s=p["d"]),
    "F8": lambda p: unbuffered_fraction(rate_per_s=p["lam"], gap_s=p["g"]),
    "F8b": lambda p: paced_unbuffered_fraction(period_s=p["p"], gap_s=p["g"]),
    "F9": lambda p: polled_copy_freshness(rate_per_s=p["lam"], interval_s=p["T"]),
    "F10": lambda p: polled_copy_age_s(rate_per_s=p["lam"], interval_s=p["T"]),
    "F11": lambda p: updates_seen_fraction(rate_per_s=p["lam"], interval_s=p["T"]),
    "F12": lambda p: fan_out_latency_s(clients=p["N"], send_s=p["c"])[0],
    "F13": lambda p: queue_wait_s(rate_per_s=p["rho"] / p["s"], service_s=p["s"]),
    "F14": lambda p: synchronised_wait_s(clients=int(p["N"]), service_s=p["s"]),
    "F15": lambda p: cheapest_interval_s(
        poll_cost=p["c"], waiting_cost_per_s=p["w"], rate_per_s=p["lam"]
    ),
}


def table():
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


@pytest.mark.parametrize(("number", "parameters", "predicted", "simulated"), list(table()))
def test_the_figure_of_the_table(number, parameters, predicted, simulated):
    if number == "F16":  # the table gives 1/T for it, and the root as a parameter
        value = storm_rate_per_s(interval_s=parameters["T"], gap_s=parameters["g"])
        assert value == pytest.approx(parameters["lam*"], abs=6e-5)
        assert value == pytest.approx(predicted, rel=0.006)
        return
    value = FORMULAS[number](parameters)
    assert value == pytest.approx(predicted, abs=6e-7)
    assert value == pytest.approx(simulated, rel=0.012, abs=1e-5)


def test_the_table_has_every_number():
    assert {param.values[0] for param in table()} == {*FORMULAS, "F16"}


def test_at_the_rate_of_the_storm_both_ask_equally_often():
    rate = storm_rate_per_s(interval_s=5.0, gap_s=0.1)
    asked = long_poll_requests_per_s(rate_per_s=rate, gap_s=0.1, hold_s=1e9)
    assert asked == pytest.approx(1 / 5.0)


def test_where_long_polling_never_storms():
    with pytest.raises(UsageError, match="never asks"):
        storm_rate_per_s(interval_s=0.1, gap_s=0.2)


def test_percentiles_have_the_mean_of_their_forms():
    spread = [poll_percentile_s(p + 0.5, interval_s=5, delay_s=0.05) for p in range(100)]
    assert sum(spread) / 100 == pytest.approx(poll_latency_s(interval_s=5, delay_s=0.05))
    for rate in (0.1, 1.0, 10.0, 100.0):
        world = {"rate_per_s": rate, "delay_s": 0.05, "hold_s": 30.0}
        spread = [long_poll_percentile_s(p / 10 + 0.05, **world) for p in range(1000)]
        assert sum(spread) / 1000 == pytest.approx(long_poll_latency_s(**world), rel=1e-3)
        assert long_poll_percentile_s(100, **world) == pytest.approx(0.15)  # three transits


def test_an_age_has_no_jump_where_its_terms_cancel():
    near, far = (polled_copy_age_s(rate_per_s=rate, interval_s=1.0) for rate in (0.99e-4, 1.01e-4))
    assert near == pytest.approx(far, rel=0.03)
    assert near > 0


def test_a_full_server_waits_for_ever():
    assert queue_wait_s(rate_per_s=500, service_s=0.002) == float("inf")


def test_servers():
    assert memory_bytes(clients=1_000, base_bytes=50e6, each_bytes=20e3) == 70e6
    assert servers_needed(need=0, one_has=1) == 1
    assert servers_needed(need=3.0, one_has=1, headroom=0.5) == 6
    assert servers_needed(need=3.01, one_has=1, headroom=0.5) == 7
    with pytest.raises(UsageError, match="headroom"):
        servers_needed(need=1, one_has=0)


def test_answers_that_take_longer_than_the_interval():
    assert answered_interval_s(interval_s=1.0, round_trip_s=0.2) == 1.0
    assert answered_interval_s(interval_s=1.0, round_trip_s=2.2) == 3.0


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
