"""The poll interval at which polling costs what push costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.break_even import break_even
from pushlab.analysis.cost.offers import OFFERS, bill
from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.contract.profile import Profile
from pushlab.contract.registry import profile_of
from pushlab.errors import UsageError

BOOK = load_book()


def a_thousand(transport, *, rate=1 / 60, interval_s=5.0, clients=1000.0):
    return predicted_traffic(
        profile_of(transport).retimed(interval_s=interval_s),
        clients=clients,
        rate_per_client_per_s=rate,
        payload_bytes=300,
    )


def between(polling, push, transport, **more):
    priced = bill(OFFERS[push], a_thousand(transport, **more), BOOK)
    return break_even(OFFERS[polling], a_thousand("short-polling", **more), priced, BOOK)


def test_forty_eight_seconds():
    found = between("aws-http-api", "aws-websocket-api", "websocket")
    assert found.push_usd == pytest.approx(54.00)
    assert found.closed_form_s == pytest.approx(48.0)
    assert found.interval_s == pytest.approx(48.0)
    assert found.always is None


def test_tiers_bend_the_closed_form():
    found = between("aws-http-api", "aws-iot-core", "mqtt", rate=1.0)
    # 5,187.46 USD: far beyond the first 300 million polls, so polls are cheaper than it says.
    assert found.interval_s < found.closed_form_s
    polls = 300e6 + (found.push_usd - 300) / 0.9e-6
    assert found.interval_s == pytest.approx(1000 * 2.592e6 / polls, rel=1e-6)


@given(rate=st.floats(1e-4, 10), clients=st.floats(10, 1e6))
def test_at_the_break_even_both_cost_the_same(rate, clients):
    found = between("aws-http-api", "aws-websocket-api", "websocket", rate=rate, clients=clients)
    at = a_thousand("short-polling", rate=rate, clients=clients, interval_s=found.interval_s)
    assert bill(OFFERS["aws-http-api"], at, BOOK).usd == pytest.approx(found.push_usd, rel=1e-6)


def test_through_a_balancer_polls_cost_their_bytes_alone():
    found = between("aws-alb", "aws-websocket-api", "websocket")
    assert found.closed_form_s is None  # polls are not metered
    lcu = (54.00 - 720 * 0.0225) / (720 * 0.008)
    at = a_thousand("short-polling", interval_s=found.interval_s)
    assert (at.up_bytes_per_s + at.down_bytes_per_s) * 3_600 / 1e9 == pytest.approx(
        lcu, rel=0.03
    )  # answers are estimates
    assert found.interval_s < 1


def test_a_function_behind_the_gateway_has_a_closed_form_too():
    found = between("aws-http-api+lambda", "aws-websocket-api", "websocket")
    each = 1.00e-6 + 0.20e-6 + 0.001 * 0.125 * 0.0000166667
    assert found.closed_form_s == pytest.approx(1000 * 2.592e6 * each / 54.00)


def test_push_through_a_balancer_beats_any_gateway_that_is_asked_often():
    found = between("aws-http-api", "aws-alb", "sse")
    assert found.interval_s == pytest.approx(1000 * 2.592e6 * 1e-6 / found.push_usd)


@pytest.mark.parametrize(
    "bad",
    [
        {"clients": 0},
        {"clients": -5},
        {"clients": float("nan")},
        {"interval_s": 0},
        {"rate_per_client_per_s": -1},
        {"payload_bytes": float("inf")},
    ],
)
def test_nonsense_is_refused(bad):
    given = {"clients": 10, "rate_per_client_per_s": 1, "payload_bytes": 10, **bad}
    polls = profile_of("short-polling").retimed(interval_s=given.pop("interval_s", 1))
    with pytest.raises(UsageError, match="must be"):
        predicted_traffic(polls, **given)


def test_an_unknown_transport_has_no_closed_form():
    with pytest.raises(UsageError, match="give a run"):
        predicted_traffic(Profile(), clients=1, rate_per_client_per_s=1, payload_bytes=1)
