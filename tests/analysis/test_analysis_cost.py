"""Prices: known sums, metering rules, and a source for every figure."""

import pytest

from pushlab.analysis.cost import SECONDS, Traffic, usd_per_month
from pushlab.analysis.prices import load_prices, weakest


def traffic(**changes):
    return Traffic(**{"clients": 1000, "hits_per_s": 0.0, "deliveries_per_s": 0.0, **changes})


def test_a_thousand_clients_that_poll_every_five_seconds():
    price = usd_per_month("short-polling", traffic(hits_per_s=200))
    assert sum(item["units"] for item in price["items"]) == 518_400_000
    assert [item["unit_usd"] for item in price["items"]] == pytest.approx([1e-6, 0.9e-6])
    assert price["usd"] == pytest.approx(496.56)


def test_below_the_tier_there_is_one_price():
    price = usd_per_month("long-polling", traffic(hits_per_s=100))
    assert price["usd"] == pytest.approx(259.2)
    assert len(price["items"]) == 1


def test_a_websocket_message_a_minute_each():
    price = usd_per_month("websocket", traffic(deliveries_per_s=1000 / 60, payload_bytes=100))
    assert price["usd"] == pytest.approx(54.00)
    assert price["offer"] == "AWS API Gateway, WebSocket API"


def test_websocket_messages_are_metered_in_units_of_32_kb():
    small = usd_per_month("websocket", traffic(clients=0, deliveries_per_s=1, payload_bytes=30_000))
    large = usd_per_month("websocket", traffic(clients=0, deliveries_per_s=1, payload_bytes=32_767))
    assert large["usd"] == pytest.approx(2 * small["usd"])  # the frame does not fit any more


def test_mqtt_pays_for_acknowledgements_and_units_of_5_kb():
    quiet = usd_per_month("mqtt", traffic(deliveries_per_s=10, payload_bytes=100))
    acked = usd_per_month("mqtt", traffic(deliveries_per_s=10, acks_per_s=10, payload_bytes=100))
    large = usd_per_month("mqtt", traffic(deliveries_per_s=10, payload_bytes=6_000))
    connected = 1000 * 43_200 * 0.08e-6
    assert quiet["usd"] == pytest.approx(connected + 10 * SECONDS * 1e-6)
    assert acked["usd"] - connected == pytest.approx(2 * (quiet["usd"] - connected))
    assert large["usd"] == pytest.approx(acked["usd"])


def test_sse_pays_for_a_load_balancer_by_the_hour():
    price = usd_per_month("sse", traffic(clients=1000))
    assert price["usd"] == pytest.approx(16.20 + 720 * 0.008 / 3)
    assert price["alternative"] is None
    heavy = usd_per_month("sse", traffic(clients=1, bytes_per_s=1e9 / 360))
    assert heavy["usd"] == pytest.approx(16.20 + 720 * 0.008 * 10)


@pytest.mark.parametrize("transport", ["short-polling", "long-polling", "websocket"])
def test_what_goes_over_http_has_a_price_by_the_hour_too(transport):
    price = usd_per_month(transport, traffic(hits_per_s=1, deliveries_per_s=1))
    assert price["alternative"]["usd"] == usd_per_month("sse", traffic())["usd"]


def test_mqtt_does_not_go_through_an_http_balancer():
    assert usd_per_month("mqtt", traffic())["alternative"] is None


def test_a_transport_that_no_offer_carries():
    price = usd_per_month("carrier-pigeon", traffic())
    assert price["usd"] is None
    assert "carrier-pigeon" in price["assumptions"]


@pytest.mark.parametrize("transport", ["short-polling", "long-polling", "sse", "websocket", "mqtt"])
def test_every_sum_adds_up_and_names_its_sources(transport):
    price = usd_per_month(transport, traffic(hits_per_s=500, deliveries_per_s=3, acks_per_s=2))
    assert price["usd"] == pytest.approx(sum(item["usd"] for item in price["items"]))
    for item in price["items"]:
        assert item["usd"] == pytest.approx(item["units"] * item["unit_usd"])
        assert item["source"]
        assert item["read"]
    assert price["confidence"] == weakest([item["confidence"] for item in price["items"]])


def test_every_price_has_a_source_a_day_and_a_confidence():
    prices = load_prices()
    assert len(prices) > 20
    for price in prices.values():
        assert price.usd > 0
        assert price.source
        assert price.read
        assert price.confidence in ("primary", "transcription", "third-party", "weak")


def test_a_sum_is_as_good_as_its_weakest_term():
    assert weakest(["primary", "weak", "transcription"]) == "weak"
    assert weakest([]) is None
