"""Bytes as the network carries them, by hand."""

import pytest

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.common import down_bytes_per_s, up_bytes_per_s
from pushlab.analysis.cost.guesses import said
from pushlab.analysis.cost.meter import Meter
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
