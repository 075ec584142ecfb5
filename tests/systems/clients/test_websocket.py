"""WebSocket of a foreign server, with the server half of `websockets` at the other end."""

from random import Random

import pytest
import websockets.asyncio.server
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Opcode

from pushlab.contract.subscriber import Endpoint, Phase
from pushlab.systems.spec import Speech
from pushlab.wire.driver import Driver
from tests.patience import until
from tests.systems.clients.foreigners import Both, foreign, found, message, spoken
from tests.transports.halves import SECOND, Closed, Connected, Disconnected, response


def test_it_shakes_hands_says_hello_and_is_in(monkeypatch):
    monkeypatch.setenv("KEY", "s3cret")
    hello = '{"subscribe": "{channel}", "key": "{env.KEY}"}'
    speech = Speech(hello=hello, subprotocol="chat.v1", headers={"Origin": "http://x"})
    both = Both(speech, subprotocols=["chat.v1"])
    assert both.request.path == "/ws/lab-0"
    assert both.request.headers["Origin"] == "http://x"
    assert [type(event) for event in both.greeting] == [Connected]
    assert both.said() == [(Opcode.TEXT, b'{"subscribe": "lab-0", "key": "s3cret"}')]


PIECES = st.lists(st.binary(max_size=200), min_size=1, max_size=4)


@pytest.mark.parametrize("deflate", [False, True])
@given(
    messages=st.lists(st.one_of(st.text(max_size=300), PIECES), max_size=5),
    cuts=st.lists(st.integers(0, 900)),
)
def test_every_message_whole_or_in_pieces_survives_every_split(deflate, messages, cuts):
    both = Both(deflate=deflate)
    for each in messages:
        if isinstance(each, str):
            both.server.send_text(each.encode())
        else:
            first, *rest = each
            both.server.send_binary(first, fin=not rest)
            for place, piece in enumerate(rest, 1):
                both.server.send_ping(b"are you there")
                both.server.send_continuation(piece, fin=place == len(rest))
    got = found(both.feed(*cuts))
    assert got == [m.encode() if isinstance(m, str) else b"".join(m) for m in messages]


def test_a_ping_is_answered():
    both = Both()
    both.server.send_ping(b"17")
    both.feed()
    assert both.said() == [(Opcode.PONG, b"17")]


def test_text_that_is_none_breaks_it_off_as_a_browser_does():
    for data in (b"\x81\x02\xff\xfe", b"\x81\x02\xff\xfe\x81\x01a"):
        both = Both()
        [lost] = both.hand.feed(data)
        assert "not UTF-8" in lost.reason


@pytest.mark.parametrize(
    ("code", "reason", "spoke", "end"),
    [
        (
            4401,
            "who are you",
            False,
            Closed("the server closed the WebSocket: 4401 who are you", 401),
        ),
        (4404, "", True, Closed("the server closed the WebSocket: 4404", 404)),
        (1008, "no", False, Closed("the server closed the WebSocket: 1008 no", 403)),
        (1008, "slow", True, None),
        (1001, "", False, None),
        (1011, "trouble", False, None),
        (4408, "slow", True, None),
        (4000, "later", True, None),
    ],
)
def test_what_a_close_means(code, reason, spoke, end):
    both = Both()
    if spoke:
        both.server.send_text(b"x")
        both.feed()
    both.server.send_close(code, reason)
    [event] = both.feed()
    assert isinstance(event, Disconnected) if end is None else event == end
    assert str(code) in event.reason


def test_a_place_of_the_last_message_is_asked_from_after_a_loss():
    speech = Speech(last_id="$.id", hello='{"since": "{last_id}"}', first_id="0")
    both = Both(speech, path="/ws?since={last_id}")
    assert both.said() == [(Opcode.TEXT, b'{"since": "0"}')]
    both.server.send_text(b'{"id": 17}')
    both.feed()
    both.hand.eof()
    both.open()
    assert both.request.path == "/ws?since=17"
    assert both.said() == [(Opcode.TEXT, b'{"since": "17"}')]


def test_a_text_may_begin_with_its_id():
    both = Both(Speech(last_id="id"), path="/ws?last_event_id={last_id}")
    both.server.send_text(b"id: 17:0\n\nhello")
    assert found(both.feed()) == [b"id: 17:0\n\nhello"]
    both.hand.eof()
    both.open()
    assert both.request.path == "/ws?last_event_id=17%3A0"


def test_a_handshake_that_is_not_answered_and_one_that_a_proxy_drops():
    hand = foreign("websocket")
    hand.dial()
    hand.wake()
    assert hand.half.events_received()[0].reason == "GET /lab-0 is not answered"
    hand.dial()
    [lost] = hand.feed(response(200, b"<p>"))
    assert lost.reason.startswith("GET /lab-0 was answered 200: no WebSocket gets through")
    assert hand.half.phase is Phase.WAITING


def test_silence_ends_it_only_where_the_server_promised_none():
    assert Both().hand.half.get_timer() is None
    both = Both(Speech(keep_alive_s=10.0))
    assert both.hand.half.get_timer() - both.hand.now > 10 * SECOND


def test_a_message_of_a_megabyte_is_too_long():
    both = Both()
    both.server.send_text(b"x" * 1_000_000)
    assert len(found(both.feed())) == 1
    both.server.send_text(b"x" * 1_100_000)
    assert "limit" in both.feed()[0].reason


async def test_against_a_server():
    """One that echoes what it was told first, and compresses."""

    async def serve(connection):
        told = await connection.recv()
        await connection.send(f"you said {told}")
        for number in range(1, 8):
            await connection.send(message(number).decode())
        await connection.wait_closed()

    got = []

    class Reader(Driver):
        def take(self, events, now_ns):
            got.extend(found(events))

    async with websockets.asyncio.server.serve(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        where = Endpoint("127.0.0.1", port, False, "/ws", {"channel": "lab-0", "client": "c"})
        made = spoken("websocket", Speech(hello="join {channel}"), deflate=True)
        reader = Reader(made.subscriber(where, "", rng=Random(1)))
        reader.start()
        await until(lambda: len(got) >= 8)
        reader.say_goodbye()
        await reader._gone.wait()
    assert got == [b"you said join lab-0", *(message(number) for number in range(1, 8))]
