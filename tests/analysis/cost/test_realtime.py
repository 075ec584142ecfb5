"""Hand sums of realtime services: the smallest plan, the first step beyond it, the last."""

import pytest

from pushlab.analysis.cost.meter import Meter, Uncarried
from pushlab.analysis.cost.realtime import ably, pubnub, pusher, supabase
from tests.analysis.cost.hand_sums import BOOK, Sum, case, on, unnoticed

MONTH_S = 2_592_000
EACH_ONE = {"users_per_client": 1}


def idle(clients, **more):
    return on("websocket", clients=clients, **more)


ABLY = [
    # 29; 2,851,200 messages are 3e6: 7.50; 432,000 and 43,200 minutes are a million each: 2.00
    Sum("Ably, few", ably, idle(10, publishes_per_s=0.1, deliveries_per_s=1), 38.50),
    # 29 and the vendor's example: 147.6e6 messages are 148e6: 370; 2.4e6 minutes of connections are
    # 3e6: 3; 4.8e6 of channels are 5e6: 5
    Sum(
        "Ably, its example",
        ably,
        idle(
            2.4e6 / 43_200,
            channels=4.8e6 / 43_200,
            publishes_per_s=3.6e6 / MONTH_S,
            deliveries_per_s=144e6 / MONTH_S,
        ),
        407.00,
    ),
    # 29; 51.84e6 messages are 52e6: 130; 2.00; 51.84e6 x 5,120 B above 5 KiB = 247.19238 GiB x 0.25
    Sum(
        "Ably, large messages",
        ably,
        idle(1, publishes_per_s=10, deliveries_per_s=10, payload_bytes=10_240 - 64),
        222.7981,
    ),
    # 399 for 50,000 connections; 25.92e9 messages: 64,800; 2.16e9 minutes each of connections and
    # channels: 2 x 2,160
    Sum("Ably, the case", ably, case("websocket"), 69_519.00),
    # beyond 50e6 messages and 10e6 minutes at a fifth: 399; 125 + 25,870 x 0.50 = 13,060;
    # 2 x (10 + 2,150 x 0.20) = 880
    Sum(
        "Ably, the case at its lowest prices",
        ably,
        case("websocket"),
        14_339.00,
        {"beyond_book_share": 0.2},
    ),
    # beyond the largest package: 399; 4.32e9 minutes: 4,320; 43,200 are a million: 1
    Sum("Ably, larger", ably, idle(100_000), 4_720.00),
]
PUSHER = [
    # each plan by its clients
    Sum("Pusher, startup", pusher, idle(500, deliveries_per_s=5), 49.00),
    Sum("Pusher, pro", pusher, idle(501), 99.00),
    Sum("Pusher, business", pusher, idle(5_000), 299.00),
    Sum("Pusher, premium", pusher, idle(10_000), 499.00),
    Sum("Pusher, growth", pusher, idle(15_000), 699.00),
    Sum("Pusher, plus", pusher, idle(20_000), 899.00),
    Sum("Pusher, growth plus", pusher, idle(30_000), 1_199.00),
    # 300 a second are 25.92e6 a day
    Sum("Pusher, by messages", pusher, idle(9, publishes_per_s=3, deliveries_per_s=297), 699.00),
]
PUBNUB = [
    Sum("PubNub, starter", pubnub, idle(1_000), 98.00, EACH_ONE),
    Sum("PubNub, 5,000 users", pubnub, idle(1_000), 370.00, {"users_per_client": 5}),
    Sum("PubNub, 10,000 users", pubnub, idle(5_001), 550.00, EACH_ONE),
    Sum("PubNub, 25,000 users", pubnub, idle(25_000), 1_130.00, EACH_ONE),
]
SUPABASE = [
    # 2.592e6 messages, 400 connections, 2.592 GB: all included
    Sum("Supabase, included", supabase, idle(400, deliveries_per_s=1, bytes_each=1_000), 25.00),
    # 25 and the vendor's examples: 8.5e6 messages are 4e6 beyond 5e6: 10; 1,700 connections are
    # 2,000 beyond 500: 20
    Sum("Supabase, beyond", supabase, idle(1_700, deliveries_per_s=8.5e6 / MONTH_S), 55.00),
    # one more than 1,000 beyond 500 is 2,000: 20
    Sum("Supabase, by thousands", supabase, idle(1_501), 45.00),
    # 25; 25.92e9 messages, less 5e6: 64,787.50; 49,500 connections are 50,000: 500;
    # 4,717.44 GB, less 250 = 4,467.44 x 0.09 = 402.0696
    Sum("Supabase, the case", supabase, case("websocket", bytes_each=364), 65_714.5696),
]
SUMS = [*ABLY, *PUSHER, *PUBNUB, *SUPABASE]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


@pytest.mark.parametrize(
    ("sums", "products"),
    [
        (ABLY, ["standard", "pro", "messages", "connections", "channels", "bandwidth"]),
        (PUSHER, ["startup", "pro", "business", "premium", "growth", "plus", "growth-plus"]),
        (PUBNUB, ["starter", "pro-5k", "pro-10k", "pro-25k"]),
        (SUPABASE, ["pro", "realtime", "egress"]),
    ],
    ids=["ably", "pusher", "pubnub", "supabase"],
)
def test_no_figure_could_be_wrong_unnoticed(sums, products):
    vendor = sums[0].metering.__name__
    assert unnoticed(sums, [(vendor, product) for product in products]) == []


@pytest.mark.parametrize(
    ("metering", "said"),
    [
        (pusher, "Pusher's price list ends at 30,000 clients and 1,042 messages a second; what is"),
        (pubnub, "PubNub's price list ends at 25,000 users a month; what is larger"),
    ],
)
def test_what_has_a_price_on_request_only_has_none(metering, said):
    with pytest.raises(Uncarried, match=said):
        metering(case("websocket"), Meter(book=BOOK))


def test_the_fee_of_a_package_on_request_is_said_to_be_another():
    (fee, *_) = ably(idle(50_001), Meter(book=BOOK))
    assert "in place of a larger one on request" in fee.event
