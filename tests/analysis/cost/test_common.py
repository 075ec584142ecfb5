"""Bytes as the network carries them, by hand."""

import dataclasses
import math

import pytest

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.common import cheapest_servers, down_bytes_per_s, up_bytes_per_s
from pushlab.analysis.cost.guesses import said
from pushlab.analysis.cost.meter import Meter
from pushlab.analysis.cost.sizes import Sizes
from pushlab.analysis.cost.traffic import Traffic, predicted_traffic
from pushlab.contract.registry import profile_of

#: Headers 900 and 350, 74 around each packet, payloads halved, one connection a client and day.
METER = Meter(
    book=load_book(),
    guesses=said(
        header_up_bytes=900, header_down_bytes=350, packet_bytes=74, left_share=0.5,
        reconnects_a_day=1, handshake_bytes=4_500,
    ),
)  # fmt: skip
CONNECTING = 86_400 / 86_400 * (4_500 / 2 + 900)  # 86,400 clients: one a second


def test_a_poll_carries_a_browsers_headers_both_ways():
    of = Traffic(
        profile=profile_of("short-polling"), clients=86_400, hits_per_s=10, deliveries_per_s=4,
        payload_bytes=300, up_bytes_per_s=1.0, down_bytes_per_s=1.0,
    )  # fmt: skip
    assert up_bytes_per_s(of, METER) == pytest.approx(10 * (900 + 74) + CONNECTING)
    assert down_bytes_per_s(of, METER) == pytest.approx(
        4 * (300 + 26) * 0.5 + 10 * (350 + 74) + CONNECTING
    )


@pytest.mark.parametrize(
    ("transport", "message", "up"),
    [
        ("sse", 29, 0.0),  # its keep-alives need no answer
        ("websocket", 13, 74 * 86_400 / 20),  # a pong for each ping
        ("mqtt", 34, 86_400 / 20 * 74),  # the client's own pings
    ],
)
def test_a_silent_stream_has_its_keep_alives_and_nothing_else(transport, message, up):
    profile = profile_of(transport).timed(keep_alive_s=20.0)
    of = predicted_traffic(profile, clients=86_400, rate_per_client_per_s=0, payload_bytes=300)
    pings = 86_400 / 20
    assert down_bytes_per_s(of, METER) == pytest.approx(pings * 74 + CONNECTING)
    assert up_bytes_per_s(of, METER) == pytest.approx(up + CONNECTING)
    busy = predicted_traffic(profile, clients=86_400, rate_per_client_per_s=50, payload_bytes=300)
    assert down_bytes_per_s(busy, METER) == pytest.approx(
        50 * 86_400 * ((300 + message) * 0.5 + 74) + CONNECTING
    )


@pytest.mark.parametrize(("few", "count", "vcpus"), [(math.inf, 44, 0.25), (12, 11, 1), (5, 3, 4)])
def test_nobody_runs_many_small_servers_where_larger_ones_are_sold(few, count, vcpus):
    of = Traffic(profile=profile_of("sse"), clients=1_000)
    known = Sizes.in_proportion(
        of, cores=(5.45, 5.45, 5.45), held_bytes=(1e6, 1e6, 1e6), source="by hand"
    )
    meter = dataclasses.replace(METER, sizes=known)

    def lines(size):
        return lambda n: meter.charge("aws fargate vcpu-hour", f"{size:g}", n, units=n * size)

    sold = {(size, 64.0): lines(size) for size in (0.25, 0.5, 1.0, 4.0)}
    (line,) = cheapest_servers(of, meter, sold, few=few)
    assert (line.events, line.event) == (count, f"{vcpus:g}")
