"""A client half goes where its endpoint says, to another server's address too."""

from random import Random

import pytest

from pushlab.contract.cursor import Cursor
from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint

ELSEWHERE = Endpoint.from_url("http://other.example/stream/?topic=t")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("short-polling", "/stream/?topic=t&after=e-1"),
        ("long-polling", "/stream/?topic=t&after=e-1&hold_s=0"),
        ("sse", "/stream/?topic=t"),
        ("websocket", "/stream/?topic=t&after=e-1"),
        ("channel-api-dev", "/stream/?topic=t&command=connect&channel=TOKEN&after=e-1"),
    ],
)
def test_a_path_with_a_query_is_asked_as_it_stands(name, target):
    half = make_transport(name).subscriber(ELSEWHERE, "TOKEN", cursor=Cursor("e", 1), rng=Random(1))
    half.start(0)
    half.handle_timer(half.get_timer() or 0)
    half.connection_made(1)
    head = half.data_to_send().decode()
    assert head.startswith(f"GET {target} HTTP/1.1\r\n")
    assert "\r\nHost: other.example" in head


def test_below_a_hub_behind_a_prefix():
    hub = Endpoint.from_url("https://example.org/push/")
    assert make_transport("sse").at(hub).path == "/push/v1/events"
