"""Every offer's bill against sums made by hand from the list prices."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.first_price import usd_per_month
from pushlab.analysis.cost.offers import OFFERS, bill, find_offers, first_choice
from pushlab.analysis.cost.traffic import Traffic, predicted_traffic
from pushlab.contract.profile import Profile
from pushlab.contract.registry import STANDARD, comparable_profiles, profile_of
from pushlab.errors import UsageError

BOOK = load_book()
MINUTES = 43_200  # of a month of 30 days


def traffic(transport, **changes):
    given = {"clients": 1000, "payload_bytes": 100, **changes}
    return Traffic(profile=profile_of(transport), **given)


def usd(offer, of, **dials):
    return bill(OFFERS[offer], of, BOOK, **dials).usd


def carried_by(offer):
    return [name for name, one in comparable_profiles().items() if one.kind in offer.carries]


def a_message_a_minute(transport, **changes):
    given = {"clients": 1000, "rate_per_client_per_s": 1 / 60, "payload_bytes": 300, **changes}
    span_s, hold_s = given.pop("interval_s", 5.0), given.pop("hold_s", None)
    profile = profile_of(transport, given.pop("options", None))
    return predicted_traffic(profile.retimed(interval_s=span_s, hold_s=hold_s), **given)


# 1,000 clients, 30 days: 200 polls a second are 518.4 million, 1,000 messages a minute 43.2.
BY_HAND = [
    ("aws-http-api", "short-polling", 300 * 1.00 + 218.4 * 0.90),  # = 496.56
    ("aws-rest-api", "short-polling", 333 * 3.50 + 185.4 * 2.80),
    ("aws-http-api+lambda", "short-polling", 496.56 + 517.4 * 0.20),
    (
        "aws-rest-api+lambda",
        "short-polling",
        333 * 3.50 + 185.4 * 2.80 + 517.4 * 0.20,
    ),
    ("aws-websocket-api", "websocket", 43.2 * 1.00 + 43.2 * 0.25),  # = 54.00
    (
        "aws-websocket-api+lambda",
        "websocket",
        54.00 + 42.2 * 0.20,
    ),
    ("aws-iot-core", "mqtt", 3 * 43.2 * 1.00 + 43.2 * 0.08),  # in, out, and acknowledged
    ("aws-appsync", "websocket", 43.2 * 4.00 + 43.2 * 2.00 + 43.2 * 0.08),
    ("aws-alb", "sse", 720 * 0.0225 + 720 * 0.008 / 3),
]


@pytest.mark.parametrize(("offer", "transport", "by_hand"), BY_HAND)
def test_a_thousand_clients_with_a_message_a_minute(offer, transport, by_hand):
    assert usd(offer, a_message_a_minute(transport)) == pytest.approx(by_hand, rel=1e-9)


def test_the_issue_of_polling_in_three_sums():
    assert usd("aws-http-api", a_message_a_minute("short-polling")) == pytest.approx(496.56)
    polls = bill(OFFERS["aws-http-api"], a_message_a_minute("short-polling"), BOOK).items
    assert sum(item.units for item in polls) == pytest.approx(518.4e6)
    assert usd("aws-websocket-api", a_message_a_minute("websocket")) == pytest.approx(54.00)


SIZED = {"cores": 0.6, "memory_bytes": 2**30}


@pytest.mark.parametrize(
    ("offer", "transport", "by_hand"),
    [
        # 0.6 cores and 1 GiB with half of the servers kept free: 1.2 vCPUs and 2 GiB.
        ("aws-fargate", "mqtt", 1.2 * 720 * 0.04048 + 2 * 720 * 0.004445),
        (
            "aws-alb+fargate",
            "sse",
            720 * 0.0225 + 720 * 0.008 / 3 + 1.2 * 720 * 0.04048 + 2 * 720 * 0.004445,
        ),
    ],
)
def test_servers_are_sized_from_what_was_measured(offer, transport, by_hand):
    hits = 200.0 if transport == "short-polling" else 0.0
    assert usd(offer, traffic(transport, hits_per_s=hits, **SIZED)) == pytest.approx(by_hand)


def test_every_offer_has_a_sum_by_hand():
    sized = {"aws-fargate", "aws-alb+fargate"}
    assert set(OFFERS) == {offer for offer, _, _ in BY_HAND} | sized


@pytest.mark.parametrize("offer", [offer for offer in OFFERS.values() if offer.needs_run])
def test_servers_that_nobody_measured_have_no_price(offer):
    with pytest.raises(UsageError, match="give a run"):
        bill(offer, a_message_a_minute(carried_by(offer)[0]), BOOK)


def test_websocket_messages_are_metered_in_units_of_32_kb():
    small, large = (
        usd(
            "aws-websocket-api",
            traffic("websocket", clients=0, deliveries_per_s=1, payload_bytes=n),
        )
        for n in (30_000, 32_767)
    )
    assert large == pytest.approx(2 * small)  # the frame does not fit any more


def test_iot_core_meters_5_kb_and_acknowledgements_do_not_grow():
    small = usd("aws-iot-core", traffic("mqtt", clients=0, deliveries_per_s=10))
    large = usd(
        "aws-iot-core", traffic("mqtt", clients=0, deliveries_per_s=10, payload_bytes=6_000)
    )
    acked = usd(
        "aws-iot-core",
        traffic("mqtt", clients=0, deliveries_per_s=10, acks_per_s=10, payload_bytes=6_000),
    )
    assert large == pytest.approx(2 * small)
    assert acked == pytest.approx(3 * small)


def test_a_poll_that_brings_more_than_512_kb_is_two_requests():
    thin = traffic("short-polling", hits_per_s=1, deliveries_per_s=1, payload_bytes=30_000)
    thick = traffic("short-polling", hits_per_s=1, deliveries_per_s=20, payload_bytes=30_000)
    assert usd("aws-http-api", thick) == pytest.approx(2 * usd("aws-http-api", thin))


def test_a_balancer_pays_for_the_largest_of_clients_bytes_and_new_connections():
    hour = 720 * 0.0225
    by_bytes = traffic("sse", clients=1, up_bytes_per_s=0.0, down_bytes_per_s=1e9 / 360)
    assert usd("aws-alb", by_bytes) == pytest.approx(hour + 720 * 0.008 * 10)
    kept = traffic("short-polling", hits_per_s=1000 / 30, interval_s=30.0)
    anew = traffic("short-polling", clients=75_000, hits_per_s=1000, interval_s=75.0)
    assert usd("aws-alb", kept) == pytest.approx(hour + 720 * 0.008 / 3)
    assert usd("aws-alb", anew) == pytest.approx(hour + 720 * 0.008 * 40)


def test_long_polls_keep_a_function_running():
    held = a_message_a_minute("long-polling", hold_s=30.0)
    cycle_s = 1000 / held.hits_per_s
    assert cycle_s == pytest.approx(60 * -math.expm1(-0.5))
    assert held.open_s == pytest.approx(cycle_s)
    short = usd("aws-http-api+lambda", a_message_a_minute("short-polling"))
    assert usd("aws-http-api+lambda", held) > 9 * short  # a thousand functions that wait


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_every_bill_adds_up_and_names_its_sources(offer):
    for transport in carried_by(offer):
        of = traffic(transport, hits_per_s=500, deliveries_per_s=3, acks_per_s=2, **SIZED)
        priced = bill(offer, of, BOOK)
        assert priced.usd == pytest.approx(sum(item.usd for item in priced.items))
        assert priced.usd > 0
        for item in priced.items:
            assert item.usd == pytest.approx(item.units * item.price.usd_per_unit)
            assert item.price.source
            assert item.event


@given(
    clients=st.floats(1, 1e8),
    factor=st.floats(1.0, 1e3),
    offer=st.sampled_from(list(OFFERS.values())),
    rate=st.floats(0, 10),
)
def test_more_clients_never_cost_less(clients, factor, offer, rate):
    for transport in carried_by(offer):
        one = predicted_traffic(
            profile_of(transport), clients=clients, rate_per_client_per_s=rate, payload_bytes=100
        )
        one = dataclasses.replace(one, **SIZED)
        few = bill(offer, one, BOOK).usd
        assert bill(offer, one.scaled(clients * factor), BOOK).usd >= few * (1 - 1e-9)


def test_an_offer_carries_what_it_carries():
    with pytest.raises(UsageError, match="IoT Core does not carry SSE: http stream"):
        bill(OFFERS["aws-iot-core"], traffic("sse"), BOOK)


def test_offers_are_found_by_name():
    assert [offer.key for offer in find_offers("aws-appsync, aws-alb")] == [
        "aws-appsync",
        "aws-alb",
    ]
    assert find_offers("all") == list(OFFERS.values())
    with pytest.raises(UsageError, match=r"unknown offer 'aws'.*aws-http-api"):
        find_offers("aws")


@pytest.mark.parametrize("transport", [*STANDARD, "channel-api-dev"])
def test_a_run_is_priced_at_an_offer_that_carries_it(transport):
    of = traffic(transport, hits_per_s=500, deliveries_per_s=3)
    price = usd_per_month(of)
    assert price.usd == usd(first_choice(of.profile).key, of)
    other = price.alternative
    assert (other is None) == (transport in ("sse", "mqtt"))
    assert other is None or other.usd == usd("aws-alb", of)


def test_a_transport_that_no_offer_carries():
    pigeon = Profile(name="carrier-pigeon", protocol="air", delivery="stream")
    price = usd_per_month(Traffic(profile=pigeon, clients=10))
    assert price.usd is None
    assert "carrier-pigeon" in price.assumptions
