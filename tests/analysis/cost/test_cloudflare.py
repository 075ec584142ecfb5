"""Hand sums of Cloudflare's offers, its own examples among them."""

import pytest

from pushlab.analysis.cost.cloudflare import durable_objects, workers
from pushlab.analysis.cost.sizes import Sizes
from tests.analysis.cost.hand_sums import Sum, case, on, unnoticed

MONTH_S = 2_592_000
HTTP = {"published_by_http": 1, "objects_per_client": 0.001, "object_awake_s": 0.001}
SOCKET = {**HTTP, "published_by_http": 0}
#: 100 objects with 100 clients each, who send a message a minute: 432e6 a month.
CHATTING = {**SOCKET, "objects_per_client": 0.01}


def polls(count):
    """So many a month."""
    return on("short-polling", clients=1, hits_per_s=count / MONTH_S)


def measured(name, count, cpu_s, by_hand):
    """Workers for so many polls a month that take so many seconds of CPU."""
    traffic, cores = polls(count), (cpu_s / MONTH_S,) * 3
    sizes = Sizes.in_proportion(traffic, cores=cores, held_bytes=(0.0,) * 3, source="a test")
    return Sum(name, workers, traffic, by_hand, HTTP, {"sizes": sizes})


def chat(transport):
    return on(transport, clients=10_000, publishes_per_s=10_000 / 60)


SUMS = [
    Sum("Workers, within what is included", workers, polls(1e6), 5.00, HTTP),
    # the vendor's example 1: 15e6 requests of 7 ms: 5 + 5 x 0.30 + (105 - 30) x 0.02
    measured("Workers, example 1", 15e6, 105e3, 8.00),
    # its example 4: 100e6 of them: 5 + 90 x 0.30 + (700 - 30) x 0.02
    measured("Workers, example 4", 100e6, 700e3, 45.40),
    # 25.92e9 polls and 12.96e9 publishes, less 10e6: 5 + 38,870 x 0.30
    Sum("Workers, the case", workers, case("short-polling", hits_per_s=10_000), 11_666.00, HTTP),
    # 12.96e9 publishes that come over WebSockets pass a Worker for nothing
    Sum("Workers, the case over WebSockets", workers, case("websocket"), 5.00, SOCKET),
    # 25,920 publishes; 285 s awake
    Sum(
        "objects, within what is included",
        durable_objects,
        on("websocket", clients=10, publishes_per_s=0.01, deliveries_per_s=0.1),
        0.0,
        HTTP,
    ),
    # the vendor's example 1: 1.5e6 requests, less 1e6: 0.5 x 0.15; 1e6 s x 0.128 = 128,000 GB-s
    Sum(
        "objects, example 1",
        durable_objects,
        polls(1.5e6),
        0.075,
        {**HTTP, "object_awake_s": 1e6 / 1.5e6},
    ),
    # its example 3, awake: 432e6 / 20 = 21.6e6, less 1e6: 20.6 x 0.15 = 3.09;
    # 100 x 2,592,000 s x 0.128 = 33,177,600 GB-s, less 400,000: 32.7776 x 12.50 = 409.72
    Sum("objects, example 3", durable_objects, chat("sse"), 412.81, CHATTING),
    # its example 4, asleep between messages of 10 ms: 3.09; 4.32e6 s x 0.128 = 552,960 GB-s,
    # less 400,000: 0.15296 x 12.50 = 1.912
    Sum(
        "objects, example 4",
        durable_objects,
        chat("websocket"),
        5.002,
        {**CHATTING, "object_awake_s": 0.01},
    ),
    # 50 objects: 12.96e9 publishes, less 1e6: 12,959 x 0.15 = 1,943.85;
    # 50 x 2,592,000 s x 0.128 = 16,588,800 GB-s, less 400,000: 16.1888 x 12.50 = 202.36
    Sum("objects, the case over SSE", durable_objects, case("sse"), 2_146.21, HTTP),
    # 12.96e9 / 20 = 648e6 publishes, less 1e6: 647 x 0.15 = 97.05; and 202.36
    Sum(
        "objects, the case, published over WebSockets", durable_objects, case("sse"), 299.41, SOCKET
    ),
    # 97.05; 25.92e9 messages of 1 ms are 25.92e6 s, x 0.128 = 3,317,760 GB-s, less 400,000:
    # 2.91776 x 12.50 = 36.472
    Sum("objects, the case over WebSockets", durable_objects, case("websocket"), 133.522, SOCKET),
    # 2,500 polls a second need 3 objects: 6.48e9, less 1e6: 6,479 x 0.15 = 971.85; never asleep:
    # 3 x 2,592,000 s x 0.128 = 995,328 GB-s, less 400,000: 0.595328 x 12.50 = 7.4416
    Sum(
        "objects by their requests a second",
        durable_objects,
        on("short-polling", clients=1, hits_per_s=2_500),
        979.2916,
        {**HTTP, "object_awake_s": 0.01},
    ),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    assert unnoticed(SUMS, [("cloudflare", "workers"), ("cloudflare", "durable-objects")]) == []
