"""Hand sums of a managed MQTT broker: what is free, the first step beyond it, the last."""

import pytest

from pushlab.analysis.cost.meter import Meter, Uncarried
from pushlab.analysis.cost.mqtt_cloud import emqx
from tests.analysis.cost.hand_sums import BOOK, Sum, case, on, unnoticed

MIB = 2**20


def sessions(clients, **more):
    return on("mqtt", clients=clients, **{"up_bytes_per_s": 0.0, **more})


SUMS = [
    # 864,000 minutes and 0.24 GiB
    Sum("serverless, free", emqx, sessions(20, deliveries_per_s=0.1, bytes_each=1_000), 0.0),
    # 21.6e6 minutes, less 1e6: 20.6 x 2.00 = 41.20;
    # 129.6e6 x 1,024 B = 123.596191 GiB, less 1: x 0.15 = 18.389429
    Sum(
        "serverless, beyond",
        emqx,
        sessions(500, publishes_per_s=50, deliveries_per_s=50, bytes_each=1_024),
        59.589429,
    ),
    # a MiB a second of uploads: 2,531.25 GiB x 0.15 make serverless dearer than 720 h x 0.36
    Sum("1,000 sessions that send", emqx, sessions(1_000, up_bytes_per_s=MIB), 259.20),
    Sum("2,000 sessions", emqx, sessions(2_000), 360.00),  # 720 h x 0.50
    Sum("2,000 messages a second", emqx, sessions(9, publishes_per_s=2_000), 360.00),
    Sum("5,000 sessions", emqx, sessions(5_000), 712.80),  # 720 h x 0.99
    # 720 h x 1.49 = 1,072.80; 2,531.25 GiB, less 100: 2,431.25 x 0.15 = 364.6875
    Sum("10,000 sessions", emqx, sessions(10_000, deliveries_per_s=1, bytes_each=MIB), 1_437.4875),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    clusters = [f"dedicated-{size}" for size in (1_000, 2_000, 5_000, 10_000)]
    products = [("emqx", name) for name in ("serverless", "dedicated", *clusters)]
    assert unnoticed(SUMS, products) == []


def test_what_has_a_price_on_request_only_has_none():
    with pytest.raises(Uncarried, match=r"EMQX's price list ends at 10,000 sessions and 20,000"):
        emqx(case("mqtt"), Meter(book=BOOK))
