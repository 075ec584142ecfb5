"""Hand sums of Amazon's API Gateway: few requests, in the first tier, in the last."""

from dataclasses import replace

import pytest

from pushlab.analysis.cost.aws import http_api, rest_streams, websocket_api
from pushlab.analysis.cost.meter import Meter, Uncarried
from pushlab.contract.registry import profile_of
from tests.analysis.cost.hand_sums import BOOK, Sum, case, on, unnoticed

MILLION = 1e6 / 2_592_000  # a month, as so many a second


def polls(millions, **more):
    return on("short-polling", clients=1_000, hits_per_s=millions * MILLION, **more)


#: Each poll brings 20 messages of 30,064 bytes: 601,280 bytes.
THICK = {"deliveries_per_s": 20 * MILLION, "payload_bytes": 30_000}

SUMS = [
    Sum("HTTP API, few", http_api, polls(0.9), 0.90),
    Sum("HTTP API, first tier", http_api, polls(200), 200.00),
    # a million answers of 601,280 bytes are two units of 524,288 each
    Sum("HTTP API, in steps of 512 KB", http_api, polls(1, **THICK), 2.00),
    # 25,920 million: 300 x 1.00 + 25,620 x 0.90 = 300 + 23,058
    Sum("HTTP API, the case", http_api, case("short-polling", hits_per_s=10_000), 23_358.00),
    # 100 clients begin a stream each 900 s: 100 x 2,880 = 0.288 million x 3.50
    Sum("REST API, few streams", rest_streams, on("sse", clients=100), 1.008),
    # 50,000 clients begin a stream each 900 s: 50,000 x 2,880 = 144 million x 3.50
    Sum("REST API, streams of the case", rest_streams, case("sse"), 504.00),
    # 8 million clients: 23,040 million streams: 333 x 3.50 + 667 x 2.80 + 19,000 x 2.38
    # + 3,040 x 1.51 = 1,165.50 + 1,867.60 + 45,220 + 4,590.40
    Sum("REST API, last tier", rest_streams, on("sse", clients=8e6), 52_843.50),
    # a million clients: 2,880 million: 1,165.50 + 1,867.60 + 1,880 x 2.38 = 4,474.40
    Sum("REST API, third tier", rest_streams, on("sse", clients=1e6), 7_507.50),
    # 1,000 x 2,880 streams of 900 s x 20,000 B = 18e6 B, two units of 10,485,760: 5.76 million
    Sum(
        "REST API, streams in steps of 10 MB",
        rest_streams,
        on("sse", clients=1_000, deliveries_per_s=20_000, bytes_each=1_000),
        20.16,
    ),
    # 1 x 1.00 + 10 x 43,200 minutes x 0.25 = 1 + 0.108
    Sum(
        "WebSocket API, few",
        websocket_api,
        on("websocket", clients=10, deliveries_per_s=MILLION),
        1.108,
    ),
    # 432 x 1.00 + 432 x 0.25 = 432 + 108
    Sum(
        "WebSocket API, first tier",
        websocket_api,
        on("websocket", clients=10_000, deliveries_per_s=432 * MILLION),
        540.00,
    ),
    # 32,767 B and 64 around them are two units of 32,768
    Sum(
        "WebSocket API, in steps of 32 KB",
        websocket_api,
        on("websocket", clients=0, deliveries_per_s=MILLION, payload_bytes=32_767),
        2.00,
    ),
    # 1,000 x 1.00 + 11,960 x 0.80 + 2,160 x 0.25 = 1,000 + 9,568 + 540
    Sum("WebSocket API, the case", websocket_api, case("websocket"), 11_108.00),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    products = ("api-gateway-http", "api-gateway-rest", "api-gateway-websocket")
    assert unnoticed(SUMS, [("aws", product) for product in products]) == []


def test_a_poll_is_not_held_for_longer_than_the_gateway_waits():
    held = profile_of("long-polling").retimed(hold_s=31.0)
    with pytest.raises(Uncarried, match="waits 30 s for an answer, less than the 31 s"):
        http_api(replace(polls(1), profile=held), Meter(book=BOOK))
