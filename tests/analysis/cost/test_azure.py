"""Hand sums of Microsoft's offers: below what is free, in the first tier, in the last."""

import pytest

from pushlab.analysis.cost.azure import egress, signalr, web_pubsub
from tests.analysis.cost.hand_sums import Sum, case, on, unnoticed

FEW = on("websocket", clients=20, deliveries_per_s=1, payload_bytes=192)
SOME = on("websocket", clients=2_500, deliveries_per_s=100, payload_bytes=960)

SUMS = [
    # 1 unit x 30 days x 1.61; 2.592e6 x 256 B / 2,048 B = 324,000 messages, 30 million included
    Sum("Web PubSub, within its unit", web_pubsub, FEW, 48.30),
    # 3 units x 48.30 = 144.90; 259.2e6 x 1,024 B / 2,048 B = 129.6e6, less 90e6 = 39.60
    Sum("Web PubSub, messages beyond", web_pubsub, SOME, 184.50),
    # 11 units cannot be had: 20 x 48.30
    Sum("Web PubSub, units by tens", web_pubsub, on("websocket", clients=10_001), 966.00),
    # an instance of 100 units and one of 1: 101 x 48.30
    Sum("Web PubSub, two instances", web_pubsub, on("websocket", clients=101_000), 4_878.30),
    # 50 units: 2,415.00; 12.96e9 x 364 B / 2,048 B = 2,303.4375e6, less 1,500e6 = 803.4375
    Sum("Web PubSub, the case", web_pubsub, case("websocket"), 3_218.4375),
    Sum("SignalR, within its unit", signalr, FEW, 48.30),
    # 144.90; 259.2e6 messages, less 90e6 = 169.20
    Sum("SignalR, messages beyond", signalr, SOME, 314.10),
    # 48.30; 259.2e6 messages of 3,064 B are 518.4e6, less 30e6 = 488.40
    Sum(
        "SignalR, in steps of 2 KB",
        signalr,
        on("websocket", clients=1, deliveries_per_s=100, payload_bytes=3_000),
        536.70,
    ),
    # 2,415.00; 12.96e9 less 1.5e9 = 11,460.00
    Sum("SignalR, the case", signalr, case("websocket"), 13_875.00),
    # 2.592e6 x 10 x 1,000 B = 25.92 GB, 100 are free
    Sum("data, free", egress, on("sse", clients=1, deliveries_per_s=10, bytes_each=1_000), 0.0),
    # 2,592 GB less 100 = 2,492 x 0.087
    Sum(
        "data, first tier",
        egress,
        on("sse", clients=1, deliveries_per_s=1_000, bytes_each=1_000),
        216.804,
    ),
    # 259,200 GB less 100: 9,900 x 0.087 + 40,000 x 0.083 + 100,000 x 0.07 + 109,200 x 0.05
    # = 861.30 + 3,320 + 7,000 + 5,460
    Sum(
        "data, last tier",
        egress,
        on("sse", clients=1, deliveries_per_s=100_000, bytes_each=1_000),
        16_641.30,
    ),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    products = ["web-pubsub", "signalr", "bandwidth"]
    assert unnoticed(SUMS, [("azure", product) for product in products]) == []
