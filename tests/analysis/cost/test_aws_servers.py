"""Hand sums of what is rented from Amazon by the hour: small, middling, large."""

import pytest

from pushlab.analysis.cost.aws_servers import (
    balancer,
    ec2,
    egress,
    fargate,
    network_balancer,
    valkey,
)
from pushlab.analysis.cost.sizes import Sizes
from tests.analysis.cost.hand_sums import Sum, case, on, unnoticed

GIB = 2**30
HALF = {"headroom": 0.5, "least_servers": 2, "vcpus_per_core": 1.0, "proxy_share": 0.25}
SHARDS = {"publishes_per_node": 30_000}


def sized(cores, gib, clients=1_000):
    """A server that takes so much CPU and memory for all its clients, and their traffic."""
    traffic = on("sse", clients=clients)
    held = gib * GIB
    sizes = Sizes.in_proportion(
        traffic, cores=(cores, cores, cores), held_bytes=(held, held, held), source="by hand"
    )
    return traffic, {"sizes": sizes}


def rented(name, metering, cores, gib, by_hand, clients=1_000):
    traffic, meter = sized(cores, gib, clients)
    return Sum(name, metering, traffic, by_hand, HALF, meter)


def down(bytes_per_s, **more):
    return on("sse", clients=1, deliveries_per_s=bytes_per_s / 1_000, bytes_each=1_000, **more)


SUMS = [
    # two containers of 0.25 vCPU and 0.5 GB: 2 x (0.25 x 0.04048 + 0.5 x 0.004445) x 720
    # = 2 x 0.0123425 x 720
    rented("containers, the fewest", fargate, 0.01, 0.01, 17.7732),
    # 0.6 cores, half kept free, are 1.2 vCPU: five of 0.25 vCPU, 5 x 0.0123425 x 720; three of 0.5
    # vCPU would be 53.32
    rented("containers, fractions of a vCPU", fargate, 0.6, 0.5, 44.433),
    # 600 cores are 1,200 vCPU: 1,200 x (0.04048 + 2 x 0.004445) x 720
    rented("containers, many", fargate, 600, 50, 42_655.68, 1_000_000),
    # two of c7g.large: 2 x (0.0725 x 720 + 8 x 0.08 + 0.005 x 720) = 2 x (52.20 + 0.64 + 3.60)
    rented("machines, the fewest", ec2, 0.6, 0.5, 112.88),
    # 10 GiB, half kept free: three of 8 GiB, 3 x (0.0816 x 720 + 0.64 + 3.60) = 3 x 62.992; five of
    # 4 GiB would be 282.20
    rented("machines, for memory", ec2, 0.6, 10, 188.976),
    # 600 cores and a quarter of that for nginx, two vCPUs each at a half: 750 x 56.44
    rented("machines, many", ec2, 600, 50, 42_330.00, 1_000_000),
    # 720 x 0.0225 = 16.20; 0.1 LCU x 720 x 0.008 = 0.576; two addresses 2 x 720 x 0.005 = 7.20
    Sum("ALB, few connections", balancer, on("sse", clients=300), 23.976),
    # 10e6 B/s are 33.52761 GB an hour: x 5.76 = 193.11905, + 23.40
    Sum("ALB, by bytes", balancer, down(10e6), 216.51905),
    # 300,000 clients that ask each 300 s come anew: 1,000 / 25 = 40 LCU x 5.76 = 230.40, + 23.40
    Sum(
        "ALB, by new connections",
        balancer,
        on("short-polling", clients=300_000, hits_per_s=1_000, interval_s=300.0),
        253.80,
    ),
    # 75,000 that ask each 75 s rather stay: 75,000 / 3,000 = 25 LCU x 5.76 = 144, + 23.40
    Sum(
        "ALB, kept open",
        balancer,
        on("short-polling", clients=75_000, hits_per_s=1_000, interval_s=75.0),
        167.40,
    ),
    # the case with a browser's headers: polls of 900 B up and 350 B down, messages of 300 B:
    # (9 + 3.5 + 1.5)e6 B/s are 46.93866 GB an hour: x 5.76 = 270.36667, + 23.40
    Sum(
        "ALB, polls of the case",
        balancer,
        on(
            "short-polling",
            clients=50_000,
            hits_per_s=10_000,
            deliveries_per_s=5_000,
            bytes_each=300,
        ),
        293.76667,
        {"header_up_bytes": 900, "header_down_bytes": 350},
    ),
    # 16.20 + 1 NLCU x 720 x 0.006 = 4.32, + 7.20
    Sum("NLB, connections", network_balancer, on("mqtt", clients=3_000), 27.72),
    # 3,000 clients come 2,880 times a day: 100 a second, two NLCU: 8.64
    Sum(
        "NLB, new connections",
        network_balancer,
        on("mqtt", clients=3_000),
        32.04,
        {"reconnects_a_day": 2_880, "handshake_bytes": 0},
    ),
    # 16.66667 NLCU x 4.32 = 72.00, + 23.40
    Sum("NLB, the case", network_balancer, case("mqtt"), 95.40),
    # a pair of small nodes: 2 x 0.0256 x 720
    Sum("Valkey, few publishes", valkey, on("sse", clients=10), 36.864, SHARDS),
    # 5,000 a second, 3,000 for a small node: two pairs, where one pair of large is 182.016
    Sum("Valkey, the case", valkey, case("sse"), 73.728, SHARDS),
    # 100,000 a second: four pairs of large nodes, 8 x 0.1264 x 720; 34 of small are 1,253.38
    Sum("Valkey, many", valkey, on("sse", clients=10, publishes_per_s=1e5), 728.064, SHARDS),
    # 90 GB: the first 100 are free
    Sum("data, free", egress, down(90 * GIB / 2_592_000), 0.00),
    # 1,100 GB less 100: x 0.09
    Sum("data, first tier", egress, down(1_100 * GIB / 2_592_000), 90.00),
    # 24,504 GB less 100, which 26,311 GB of 10^9 bytes are: 10,240 x 0.09 + 14,164 x 0.085
    Sum("data, second tier", egress, down(24_504 * GIB / 2_592_000), 2_125.54),
    # 200,000 GB less 100: 10,240 x 0.09 + 40,960 x 0.085 + 102,400 x 0.07 + 46,300 x 0.05
    # = 921.60 + 3,481.60 + 7,168.00 + 2,315.00
    Sum("data, last tier", egress, down(200_000 * GIB / 2_592_000), 13_886.20),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    products = ("fargate", "ec2", "ebs", "public-ipv4", "alb", "nlb", "valkey", "egress")
    assert unnoticed(SUMS, [("aws", product) for product in products]) == []
