"""Hand sums of Lambda and DynamoDB: within what is free, in the first tier, in the last."""

import pytest

from pushlab.analysis.cost.aws_functions import (
    answering,
    handing_over,
    kept_connections,
    kept_messages,
    streaming,
)
from tests.analysis.cost.hand_sums import Sum, case, on, unnoticed

MILLION = 1e6 / 2_592_000  # a month, as so many a second
TIMES = {"answer_s": 0.008, "call_s": 0.002}


def polls(millions, publishes=0.0, transport="short-polling", **more):
    return on(
        transport,
        clients=1_000,
        hits_per_s=millions * MILLION,
        publishes_per_s=publishes * MILLION,
        **more,
    )


SUMS = [
    # 0.15 million calls and 150 GB-s: a million calls and 400,000 GB-s are free
    Sum("functions, free", answering, polls(0.1, 0.05), 0.00, TIMES),
    # 1,000 million calls of 8 ms in 0.125 GB: 999 x 0.20 + (1,000,000 - 400,000) x 0.0000166667
    # = 199.80 + 10.00002
    Sum("functions, first tier", answering, polls(900, 100), 209.80002, TIMES),
    # 8.1 ms are 9: 199.80 + (1,125,000 - 400,000) x 0.0000166667 = 199.80 + 12.08336
    Sum("functions, by the millisecond", answering, polls(1_000), 211.88336, {"answer_s": 0.0081}),
    # 100 million polls held 30.008 s: 375.1 million GB-s, less 0.4: 374.7e6 x 0.0000166667
    # = 6,245.01249; 99 x 0.20 = 19.80
    Sum(
        "functions, held",
        answering,
        polls(100, transport="long-polling", open_s=30.0),
        6_264.81249,
        TIMES,
    ),
    # 25,920 + 12,960 million calls: 38,879 x 0.20 = 7,775.80; 38.88e6 GB-s less 0.4e6:
    # 38.48e6 x 0.0000166667 = 641.33462
    Sum(
        "functions, the case",
        answering,
        case("short-polling", hits_per_s=10_000),
        8_417.13462,
        TIMES,
    ),
    # 43.2 million publishes of 8 + 2 ms are 54,000 GB-s; 2 x 1,000 x 12 x 30 opened and closed are
    # 0.72 million of 8 ms, 720 GB-s: all free but 42.92 million calls x 0.20
    Sum(
        "handed over, one reader each",
        handing_over,
        on(
            "websocket",
            clients=1_000,
            deliveries_per_s=43.2 * MILLION,
            publishes_per_s=43.2 * MILLION,
        ),
        8.584,
        TIMES,  # no WebSocket is open longer than two hours, so each is opened 12 times a day
    ),
    # 10 million publishes of 8 + 1,000 x 2 ms are 2,510,000 GB-s, 0.72 million opened and closed
    # 720: less 400,000, 2,110,720 x 0.0000166667 = 35.17874; 9.72 x 0.20 = 1.944
    Sum(
        "handed over, to a thousand",
        handing_over,
        on(
            "websocket",
            clients=1_000,
            deliveries_per_s=10_000 * MILLION,
            publishes_per_s=10 * MILLION,
        ),
        37.12274,
        TIMES,
    ),
    # 1 x 2,592,000 s x 0.125 = 324,000 GB-s
    Sum("streams, free", streaming, on("sse", clients=1), 0.00, TIMES),
    # 10 x 2,592,000 x 0.125 - 400,000 = 2.84e6 GB-s x 0.0000166667
    Sum("streams, first tier", streaming, on("sse", clients=10), 47.33343, TIMES),
    # 323.6e6 GB-s x 0.0000166667 = 5,393.34412; 2.88 million streams of 10e6 B, 4e6 beyond 6 MB:
    # 10,728.836 GB, less 100: x 0.008 = 85.03069; 1.88 million calls x 0.20 = 0.376
    Sum(
        "streams, beyond 6 MB each",
        streaming,
        on("sse", clients=1_000, deliveries_per_s=1e4 / 0.9, bytes_each=1_000),
        5_478.75081,
        TIMES,
    ),
    # 50,000 x 2,592,000 x 0.125 = 16,200e6 and 12,960e6 publishes x 0.008 x 0.125 = 12.96e6 GB-s,
    # less 0.4e6: 6e9 x 0.0000166667 + 9e9 x 0.000015 + 1,212.56e6 x 0.0000133334
    # = 100,000.20 + 135,000 + 16,167.5475; 144 + 12,960 - 1 million calls x 0.20 = 2,620.60
    Sum("streams, the case", streaming, case("sse"), 253_788.3475, TIMES),
    # 1 x 0.625 + 1 x 0.5 x 0.125
    Sum("store, few", kept_messages, polls(1, 1), 0.6875),
    # 1,064 B are two units of 1 KB: 10 x 2 x 0.625; two such messages a poll, 2,128 B, are one page
    # of 4 KB, 10 x 0.5 x 0.125
    Sum(
        "store, in steps of 1 KB",
        kept_messages,
        polls(10, 10, payload_bytes=1_000, deliveries_per_s=20 * MILLION),
        13.125,
    ),
    # two messages of 3,064 B a poll are two pages of 4 KB: 10 x 2 x 0.5 x 0.125
    Sum(
        "store, in steps of 4 KB",
        kept_messages,
        polls(10, payload_bytes=3_000, deliveries_per_s=20 * MILLION),
        1.25,
    ),
    # 12,960 x 0.625 + 25,920 x 0.5 x 0.125 = 8,100 + 1,620
    Sum("store, the case", kept_messages, case("short-polling", hits_per_s=10_000), 9_720.00),
    # 2 x 1,000 x 20 x 30 = 1.2 million writes x 0.625; a million publishes read 1,000 x 100 B, 25
    # pages of 4 KB: 12.5 x 0.125
    Sum(
        "who is connected",
        kept_connections,
        on("websocket", clients=1_000, channels=1, publishes_per_s=MILLION),
        2.3125,
        {"reconnects_a_day": 20},
    ),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    assert unnoticed(SUMS, [("aws", "lambda"), ("aws", "dynamodb")]) == []
