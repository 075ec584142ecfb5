"""Hand sums of Google's offers: below what is free, in the first tier, in the last."""

import pytest

from pushlab.analysis.cost.google import cloud_run, egress, firebase, memorystore
from pushlab.analysis.cost.sizes import Sizes
from tests.analysis.cost.hand_sums import Sum, case, on, unnoticed

MIB = 2**20
CARRIES = {"publishes_per_node": 30_000}
#: Half of each server is kept free, and one is enough.
PLAIN = {"headroom": 0.5, "least_servers": 1, "vcpus_per_core": 1}


def measured(name, traffic, by_hand, *, cores):
    """Servers that take so many cores for this traffic, and little memory."""
    sizes = Sizes.in_proportion(
        traffic, cores=(cores,) * 3, held_bytes=(traffic.clients * 1e4,) * 3, source="a test"
    )
    return Sum(name, cloud_run, traffic, by_hand, PLAIN, {"sizes": sizes})


SELDOM = on("short-polling", clients=1, hits_per_s=0.1)
OFTEN = on("short-polling", clients=20, hits_per_s=2)

SUMS = [
    # by request: 259,200 polls of 0.1 s are 25,920 vCPU-seconds and half the GiB-seconds: all free
    measured("Cloud Run, free", SELDOM, 0.0, cores=0.001),
    # by request: 5.184e6 polls, less 2e6 = 1.2736; 518,400 vCPU-seconds, less 180,000 = 338,400 x
    # 0.000024 = 8.1216; 259,200 GiB-seconds, 360,000 are free. By instance it is 44.028
    measured("Cloud Run, polls by request", OFTEN, 9.3952, cores=0.002),
    # by request with 1 GiB: 10.368e6 polls, less 2e6 = 3.3472; 1,036,800 less 180,000 = 856,800 x
    # 0.000024 = 20.5632; 518,400 GiB-seconds less 360,000 = 158,400 x 0.0000025 = 0.396
    measured(
        "Cloud Run, polls by request, memory",
        on("short-polling", clients=40, hits_per_s=4),
        24.3064,
        cores=0.004,
    ),
    # 1 instance of 1 vCPU and 0.5 GiB: 2,592,000 less 240,000 = 2,352,000 x 0.000018 = 42.336;
    # 1,296,000 less 450,000 = 846,000 x 0.000002 = 1.692
    measured("Cloud Run, one instance", on("sse", clients=1_000), 44.028, cores=0.1),
    # 50 instances, since each holds 1,000 open requests: 129.6e6 less 240,000 = 129.36e6 x
    # 0.000018 = 2,328.48; 64.8e6 less 450,000 = 64.35e6 x 0.000002 = 128.70
    measured("Cloud Run, the case over SSE", case("sse"), 2_457.18, cores=10),
    # 12 instances by their CPU: 31.104e6 less 240,000 = 30.864e6 x 0.000018 = 555.552; 15.552e6
    # less 450,000 = 15.102e6 x 0.000002 = 30.204; no fee for 25.92e9 requests
    measured(
        "Cloud Run, the case with polls",
        case("short-polling", hits_per_s=10_000),
        585.756,
        cores=6,
    ),
    # one for nothing, one for 5,000 publishes a second, two for 45,000: 720 h x 0.064 each
    Sum("backplane, idle", memorystore, on("sse", clients=9), 46.08, CARRIES),
    Sum("backplane, the case", memorystore, case("sse"), 46.08, CARRIES),
    Sum(
        "backplane, two", memorystore, on("sse", clients=9, publishes_per_s=45_000), 92.16, CARRIES
    ),
    # 259.2 MiB, a GiB is free
    Sum(
        "data, free",
        egress,
        on("sse", clients=1, deliveries_per_s=0.000_1, bytes_each=MIB),
        0.0,
    ),
    # 259,200 MiB = 253.125 GiB, less 1 = 252.125 x 0.12
    Sum(
        "data, first tier",
        egress,
        on("sse", clients=1, deliveries_per_s=0.1, bytes_each=MIB),
        30.255,
    ),
    # 25,312.5 GiB, less 1: 1,023 x 0.12 + 9,216 x 0.11 + 15,072.5 x 0.08
    # = 122.76 + 1,013.76 + 1,205.80
    Sum(
        "data, last tier",
        egress,
        on("sse", clients=1, deliveries_per_s=10, bytes_each=MIB),
        2_342.32,
    ),
    # 2.592 GB, 10 are free
    Sum(
        "Firebase, free", firebase, on("sse", clients=1, deliveries_per_s=1, bytes_each=1_000), 0.0
    ),
    # 259.2 GB, less 10
    Sum(
        "Firebase, first",
        firebase,
        on("sse", clients=1, deliveries_per_s=100, bytes_each=1_000),
        249.20,
    ),
    # 12.96e9 x 364 B = 4,717.44 GB, less 10
    Sum(
        "Firebase, the case",
        firebase,
        case("websocket", bytes_each=364),
        4_707.44,
    ),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    products = [
        ("gcp", "cloud-run"),
        ("gcp", "memorystore"),
        ("gcp", "network-premium"),
        ("firebase", "realtime-database"),
    ]
    assert unnoticed(SUMS, products) == []
