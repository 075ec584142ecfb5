"""A recorded conversation: what crossed, told without the token, whatever the transport."""

import asyncio
import json
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from pushlab.brokers.start import start_broker
from pushlab.contract.events import Message
from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import TokenKeys
from pushlab.transcript.record import piece_text, record_conversation
from pushlab.wire import mqtt311
from pushlab.wire.discovery import locate
from tests.live_hub import HTTP_TRANSPORTS, live_hub
from tests.patience import PATIENCE_S

TOKEN = TokenKeys.fresh().issue(client_id="ann/é", channel="c", duration_minutes=5, now=0)[0]
OPTIONS = {"short-polling": {"interval_s": 0.05}, "long-polling": {"hold_s": 0.5}}


def has_message(events):
    return any(isinstance(event, Message) for event in events)


async def recorded(hub, name):
    """A conversation that ends with the first message."""
    token = await hub.token("ann")

    async def publish():
        await hub.until_present("ann", ["ann"])
        await hub.publish("ann", "Grüße\nto you")

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        group.create_task(publish())
        transport = make_transport(name, OPTIONS.get(name, {}))
        conversation = await record_conversation(
            transport,
            await locate(transport, Endpoint.from_url(hub.url), token),
            token,
            span_s=PATIENCE_S,
            until=has_message,
        )
    texts = [piece_text(piece.data, token=token) for piece in conversation.pieces]
    return conversation, texts, token


@pytest.mark.parametrize("name", HTTP_TRANSPORTS)
async def test_a_conversation_has_what_crossed_in_order_and_counts_as_the_server_does(name):
    async with live_hub() as hub:
        conversation, texts, token = await recorded(hub, name)
        stats = (await hub.api("GET", "/v1/stats")).json["hits"][name]
    assert dict(conversation.hits) == stats
    assert [e.data for _, e in conversation.events if isinstance(e, Message)] == ["Grüße\nto you"]
    times = [piece.at_s for piece in conversation.pieces]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] <= conversation.span_s < PATIENCE_S
    assert {piece.connection for piece in conversation.pieces} == {1}
    first = conversation.pieces[0]
    assert first.sender == "client"
    assert token.encode() in first.data
    assert texts[0].startswith("GET /v1/")
    assert "Authorization: Bearer <token>" in texts[0]
    assert "Grüße" in "".join(texts)
    assert token not in repr(conversation)


async def test_mqtt_is_told_in_packets_and_asks_the_hub_where_the_broker_is():
    keys = TokenKeys.fresh()
    async with (
        await start_broker("embedded") as broker,
        live_hub(
            transports={"mqtt": {}, "sse": {}}, broker=broker.access, keys=keys.export()
        ) as hub,
    ):
        _, texts, token = await recorded(hub, "mqtt")
    names = [line.partition(",")[0].strip("[") for text in texts for line in text.split("\n")]
    assert names[:4] == ["CONNECT", "CONNACK", "SUBSCRIBE", "SUBACK"]
    assert {"PUBLISH", "PUBACK", "DISCONNECT"} <= set(names)
    assert "password <token>" in texts[0]
    assert any('"token": "<token>"' in text for text in texts)
    assert not any(token in text for text in texts)


# ---- words ------------------------------------------------------------------------------------


def masked(opcode, payload):
    return Frame(opcode, payload).serialize(mask=True)


def test_frames_are_told_by_name_with_their_heads_and_without_their_masks():
    hello = Frame(Opcode.TEXT, b"4f1c9a02-18 hello").serialize(mask=False)
    assert piece_text(hello, token=TOKEN) == (
        "[text frame, 17 bytes; head 81 11] 4f1c9a02-18 hello"
    )
    two = hello + Frame(Opcode.PING, b"\1\2\3\4").serialize(mask=False)
    assert (
        piece_text(two, token=TOKEN).split("\n")[1]
        == "[ping frame, 4 bytes; head 89 04] 01 02 03 04"
    )
    long = Frame(Opcode.TEXT, b"x" * 300).serialize(mask=False)
    assert piece_text(long, token=TOKEN).startswith("[text frame, 300 bytes; head 81 7e 01 2c] xxx")
    assert piece_text(masked(Opcode.TEXT, b"hi"), token=TOKEN) == (
        "[text frame, 2 bytes, masked; head 81 82] hi"
    )
    within = masked(Opcode.BINARY, mqtt311.acknowledge(mqtt311.PUBACK, 7))
    assert piece_text(within, token=TOKEN).endswith("[PUBACK, 4 bytes; head 40 02] packet 7")


def test_chunks_are_told_with_their_sizes_behind_the_head_and_alone():
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"7\r\ndata: x\r\n"
    assert piece_text(head + chunk, token=TOKEN) == (
        "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n[chunk, 7 bytes]\ndata: x"
    )
    assert piece_text(chunk + b"0\r\n\r\n", token=TOKEN) == (
        "[chunk, 7 bytes]\ndata: x\n[chunk, 0 bytes] (the last one)"
    )


def partly_encoded(token, seed):
    """The token with some of its letters percent-encoded, in either case."""
    rng = Random(seed)
    forms = (lambda c: c, lambda c: f"%{ord(c):02x}", lambda c: f"%{ord(c):02X}")
    return "".join(rng.choice(forms)(c) for c in token)


def carriers(token):
    """Bytes of each kind that a token travels in."""
    question = json.dumps({"ask": "first", "token": token, "after": None}).encode()
    text = token.encode()
    return [
        b"GET /v1/events?token=%b&after= HTTP/1.1\r\nHost: a\r\n\r\n" % text,
        b"GET /v1/poll HTTP/1.1\r\nAuthorization: Bearer %b\r\n\r\n" % text,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(text), text),
        mqtt311.connect(
            client_id="n1",
            username="ann/1",
            password=token,
            keep_alive_s=30,
            will=("outbox/n1", question, 0),
        ),
        mqtt311.publish("outbox/n1", question, qos=1, packet_id=2),
        masked(Opcode.TEXT, text),
        masked(Opcode.BINARY, mqtt311.publish("outbox/n1", question, qos=0, packet_id=0)),
        b"\xff\x00" + text,
        b"\x32" + text,
    ]


@given(st.integers(0, 8), st.integers(0, 2**16), st.binary(max_size=8), st.binary(max_size=8))
def test_the_token_never_appears_however_it_is_carried_or_encoded(index, seed, before, after):
    shown = partly_encoded(TOKEN, seed) if index < 2 else TOKEN
    data = carriers(shown)[index]
    for piece in (data, before + data + after, data + data):
        text = piece_text(piece, token=TOKEN)
        assert TOKEN not in text
        assert shown not in text
        assert quote(TOKEN, safe="") not in text
        assert all(c == "\n" or c.isprintable() for c in text)
    if index < 5:
        assert "<token>" in piece_text(data, token=TOKEN)


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_told_in_printable_words(data):
    text = piece_text(data, token=TOKEN)
    assert all(c == "\n" or c.isprintable() for c in text)
