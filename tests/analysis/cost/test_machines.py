"""Hand sums of plain virtual machines: the fewest, with an allowance used up, many."""

import pytest

from pushlab.analysis.cost.machines import droplets
from pushlab.analysis.cost.sizes import Sizes
from tests.analysis.cost.hand_sums import Sum, on, unnoticed

GIB = 2**30
HALF = {"headroom": 0.5, "least_servers": 2, "vcpus_per_core": 1.0, "proxy_share": 0.25}


def rented(name, cores, down_gib, by_hand):
    bytes_per_s = down_gib * GIB / 2_592_000
    traffic = on("sse", clients=1_000, deliveries_per_s=bytes_per_s / 1_000, bytes_each=1_000)
    sizes = Sizes.in_proportion(
        traffic, cores=(cores, cores, cores), held_bytes=(GIB, GIB, GIB), source="by hand"
    )
    return Sum(name, droplets, traffic, by_hand, HALF, {"sizes": sizes})


SUMS = [
    rented("the fewest, data within the allowance", 0.6, 7_900, 84.00),  # 2 x 42.00
    rented("data beyond the allowance", 0.6, 18_000, 184.00),  # 84.00 + (18,000 - 8,000) x 0.01
    # 100 cores and a quarter of that for nginx, at a half of two vCPUs each: 125 x 42.00 = 5,250;
    # 500,000 GiB are allowed, 100,000 x 0.01 more
    rented("many", 100, 600_000, 6_250.00),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    products = [("digitalocean", "droplet"), ("digitalocean", "transfer")]
    assert unnoticed(SUMS, products) == []
