"""Amazon's offers against sums made by hand, below the free tier, in the first tier, in the last.

What a month brings is said in each row; the sum beside it is made from the list prices alone.
"""

import pytest

from pushlab.analysis.cost import aws
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.meter import Meter
from pushlab.analysis.cost.traffic import Traffic
from pushlab.contract.registry import profile_of

MONTH_S = 2_592_000  # 30 days
MILLION = 1e6

#: For 50,000 clients, 6 messages a minute each of 300 bytes, and polls every 5 s, 30 days bring
#: 12,960 million deliveries, 25,920 million polls, 2,160 million connection minutes.
CASE_DELIVERIES, CASE_POLLS = 12_960 * MILLION, 25_920 * MILLION


def usd(metered, transport, *, clients=0, payload=300, down=None, **month):
    """A bill of what happens so often in a month."""
    of = Traffic(
        profile=profile_of(transport),
        clients=clients,
        payload_bytes=payload,
        down_bytes_per_s=down and down / MONTH_S,
        **{f"{name}_per_s": count / MONTH_S for name, count in month.items()},
    )
    return sum(item.usd for item in metered(of, Meter(book=load_book(), free_tier=True)))


HTTP = [
    (0.9 * MILLION, 0.90),  # 0.9 x 1.00
    (200 * MILLION, 200.00),
    (CASE_POLLS, 23_358.00),  # 300 x 1.00 + 25,620 x 0.90 = 300 + 23,058
]
REST = [
    (1 * MILLION, 3.50),
    (333 * MILLION, 1_165.50),
    # 333 x 3.50 + 667 x 2.80 + 19,000 x 2.38 + 5,920 x 1.51
    (CASE_POLLS, 1_165.50 + 1_867.60 + 45_220.00 + 8_939.20),
]


@pytest.mark.parametrize(
    ("metered", "polls", "by_hand"),
    [*((aws.http_api, *row) for row in HTTP), *((aws.rest_api, *row) for row in REST)],
)
def test_polls_at_a_gateway(metered, polls, by_hand):
    assert usd(metered, "short-polling", hits=polls) == pytest.approx(by_hand, abs=0.005)


@pytest.mark.parametrize(
    ("clients", "deliveries", "by_hand"),
    [
        (10, 1 * MILLION, 1.108),  # 1 x 1.00 + 0.432 x 0.25
        (10_000, 432 * MILLION, 540.00),  # 432 x 1.00 + 432 x 0.25 = 432 + 108
        # 1,000 x 1.00 + 11,960 x 0.80 + 2,160 x 0.25 = 1,000 + 9,568 + 540
        (50_000, CASE_DELIVERIES, 11_108.00),
    ],
)
def test_messages_at_the_websocket_api(clients, deliveries, by_hand):
    found = usd(aws.websocket_api, "websocket", clients=clients, deliveries=deliveries)
    assert found == pytest.approx(by_hand, abs=0.005)


@pytest.mark.parametrize(
    ("clients", "deliveries", "by_hand"),
    [
        (10, 0.1 * MILLION, 0.335),  # 3 x 0.1 x 1.00 + 0.432 x 0.08 = 0.30 + 0.03456
        (1_000, 300 * MILLION, 903.46),  # 900 x 1.00 + 43.2 x 0.08 = 900 + 3.456
        # Each message comes in, goes out, is acknowledged: 1,000 + 3,200 + 23,716 + 172.80 USD.
        # 1,000 x 1.00 + 4,000 x 0.80 + 33,880 x 0.70 + 2,160 x 0.08
        (50_000, CASE_DELIVERIES, 28_088.80),
    ],
)
def test_messages_at_iot_core_with_qos_1(clients, deliveries, by_hand):
    found = usd(
        aws.iot_core,
        "mqtt",
        clients=clients,
        publishes=deliveries,
        deliveries=deliveries,
        acks=deliveries,
    )
    assert found == pytest.approx(by_hand, abs=0.005)


@pytest.mark.parametrize(
    ("clients", "deliveries", "payload", "by_hand"),
    [
        (10, 0.1 * MILLION, 300, 0.635),  # 0.1 x 4.00 + 0.1 x 2.00 + 0.432 x 0.08
        (1_000, 43.2 * MILLION, 300, 262.66),  # 43.2 x (4.00 + 2.00) + 43.2 x 0.08 = 259.2 + 3.456
        (1_000, 43.2 * MILLION, 6_000, 349.06),  # an update of 6 KB is two: 43.2 x 2.00 more
        # 12,960 x 4.00 + 12,960 x 2.00 + 2,160 x 0.08 = 51,840 + 25,920 + 172.8
        (50_000, CASE_DELIVERIES, 300, 77_932.80),
    ],
)
def test_mutations_and_updates_at_appsync(clients, deliveries, payload, by_hand):
    found = usd(
        aws.appsync,
        "websocket",
        clients=clients,
        payload=payload,
        publishes=deliveries,
        deliveries=deliveries,
    )
    assert found == pytest.approx(by_hand, abs=0.005)


GB = 2**30


@pytest.mark.parametrize(
    ("down", "by_hand"),
    [
        (90 * GB, 0.00),  # the account's first 100 GB
        (1_100 * GB, 90.00),  # 1,000 x 0.09
        # 10,240 x 0.09 + 14,164 x 0.085 = 921.60 + 1,203.94, which 26,311 GB of 10^9 bytes are
        (24_504 * GB, 2_125.54),
        # 10,240 x 0.09 + 40,960 x 0.085 + 102,400 x 0.07 + 46,300 x 0.05
        (200_000 * GB, 921.60 + 3_481.60 + 7_168.00 + 2_315.00),
    ],
)
def test_data_that_leave(down, by_hand):
    assert usd(aws.egress, "sse", down=down) == pytest.approx(by_hand, abs=0.005)


def test_amazons_own_examples():
    # aws.amazon.com/appsync/pricing, example 2: 2,500 users of 1,500 minutes a month post 1,000 and
    # receive 1,000 messages of 1 KB each: 10.00 + 5.00 + 0.30 USD, beside 2.4 GB of data.
    found = usd(
        aws.appsync,
        "websocket",
        clients=2_500 * 1_500 / 43_200,
        payload=1_024,
        publishes=2.5 * MILLION,
        deliveries=2.5 * MILLION,
    )
    assert found == pytest.approx(15.30)
