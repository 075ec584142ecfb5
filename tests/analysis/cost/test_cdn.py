"""Hand sums of content delivery networks before polls, and what is left of polls at the origin."""

import pytest

from pushlab.analysis.cost.aws import http_api
from pushlab.analysis.cost.cdn import at_origin, behind, cloudfront, fastly
from pushlab.analysis.cost.guesses import said
from pushlab.analysis.cost.meter import Meter
from tests.analysis.cost.hand_sums import Sum, case, on, unnoticed

GB, GIB = 1e9, 2**30
MILLION = 1e6 / 2_592_000  # a month, as so many a second
EDGES = {"edges": 30, "cached_s": 1.0}


def polls(millions, down=0.0):
    """Polls of clients that all read one channel, and bytes that they get."""
    bytes_per_s = down / 2_592_000
    return on(
        "short-polling",
        clients=50_000,
        channels=1,
        hits_per_s=millions * MILLION,
        deliveries_per_s=bytes_per_s / 1_000,
        bytes_each=1_000,
    )


SUMS = [
    Sum("CloudFront, free", cloudfront, polls(9, 1_000 * GIB), 0.00),
    # (100 - 10) x 1.00 + (2,024 - 1,024) x 0.085
    Sum("CloudFront, first tier", cloudfront, polls(100, 2_024 * GIB), 175.00),
    # (25,920 - 10) x 1.00, and 6,242,880 GB beyond the free 1,024: 10,240 x 0.085 + 40,960 x 0.080
    # + 102,400 x 0.060 + 358,400 x 0.040 + 536,576 x 0.030 + 4,194,304 x 0.025 + 1,000,000 x 0.020
    # = 870.40 + 3,276.80 + 6,144 + 14,336 + 16,097.28 + 104,857.60 + 20,000 = 165,582.08
    Sum("CloudFront, last tier", cloudfront, polls(25_920, 6_243_904 * GIB), 191_492.08),
    Sum("Fastly, the least", fastly, polls(0.5, 50 * GB), 50.00, EDGES),
    # (51 - 1) x 1.00 + (1,100 - 100) x 0.12
    Sum("Fastly, first tier", fastly, polls(51, 1_100 * GB), 170.00, EDGES),
    # 25,919 million: 99 x 1.00 + 25,820 x 0.95 = 24,628; 99,900 GB: 9,900 x 0.12 + 90,000 x 0.08
    # = 8,388
    Sum("Fastly, last tier", fastly, polls(25_920, 100_000 * GB), 33_016.00, EDGES),
    # 20 edges could ask once a second each, which is oftener than the clients do: all 51 million
    # polls reach the origin with 1,000 B: 51 GB x 0.12 = 6.12, + 170.00 as above
    Sum(
        "Fastly, with what it asks the origin",
        fastly,
        polls(51, 1_100 * GB),
        176.12,
        {"edges": 20, "cached_s": 1.0, "header_up_bytes": 1_000},
    ),
    # of 25,920 million polls 77.76 million reach the gateway behind the edges
    Sum("a gateway behind edges", behind(http_api), polls(25_920), 77.76, EDGES),
    # each client reads a channel of its own: nothing is shared
    Sum(
        "a gateway behind edges, the case",
        behind(http_api),
        case("short-polling", hits_per_s=10_000),
        23_358.00,
        EDGES,
    ),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    assert unnoticed(SUMS, [("aws", "cloudfront"), ("fastly", "delivery")]) == []


def test_edges_are_the_origins_clients():
    meter = Meter(book=None, guesses=said(**EDGES))
    left = at_origin(polls(25_920), meter)
    assert left.clients == 30
    assert left.hits_per_s == pytest.approx(30)
    alone = case("short-polling", hits_per_s=10_000)
    assert at_origin(alone, meter).hits_per_s == alone.hits_per_s
