"""The embedded broker at the wire: every version of MQTT, what it refuses, and whom it cuts off."""

import asyncio
import json
import time

import pytest

from pushlab.contract.hits import Hit
from pushlab.contract.tokens import Grant
from pushlab.transports import _mqtt_names as names
from pushlab.wire import mqtt311
from pushlab.wire.mqtt311 import framed, text
from tests.brokers.wire import BAD, OLD, SESSION, TOPIC, Client, connect, grant_of, subscribe

# ---- messages -------------------------------------------------------------------------------


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("level", [3, 4, 5])
async def test_a_message_goes_to_each_in_its_own_version(broker, level, qos):
    bridge, reader = broker.bridge(), broker.client(level)
    granted = reader.say(subscribe(level, (TOPIC, qos), ("#", 0), ("pushlab/other", 1)))
    no = b"\x87\x87" if level == 5 else b"\x80\x80"
    assert granted == framed(0x90, b"\0\7" + (b"\0" if level == 5 else b"") + bytes((qos,)) + no)
    answer = bridge.say(mqtt311.publish(TOPIC, b"hello", qos=2, packet_id=9))
    assert answer == mqtt311.acknowledge(mqtt311.PUBREC, 9)
    bridge.say(mqtt311.publish(TOPIC, b"hello", qos=2, packet_id=9))  # once more: it had it
    assert bridge.say(mqtt311.acknowledge(mqtt311.PUBREL, 9))[0] >> 4 == mqtt311.PUBCOMP
    body = text(TOPIC) + (b"\0\1" if qos else b"") + (b"\0" if level == 5 else b"") + b"hello"
    assert reader.heard() == framed(0x30 | qos << 1, body)
    if qos == 1:
        assert reader.say(mqtt311.acknowledge(mqtt311.PUBACK, 1)) == b""
    elif qos == 2:
        rel = mqtt311.acknowledge(mqtt311.PUBREL, 1)
        assert reader.say(mqtt311.acknowledge(mqtt311.PUBREC, 1)) == rel
        assert reader.say(mqtt311.acknowledge(mqtt311.PUBCOMP, 1)) == b""
    assert broker.router.counts == {Hit.CONNECT: 2} | ({Hit.ACK: qos} if qos else {})


async def test_every_packet_of_an_ordinary_client_is_counted(broker):
    reader = broker.client(5, "robot")  # its first letter is no session's
    reader.say(subscribe(5, (TOPIC, 1)))
    reader.say(mqtt311.PINGREQ)
    reader.say(framed(0xA2, b"\0\x08\0" + text(TOPIC)))
    no = reader.say(framed(0x32, text("pushlab/news") + b"\0\x09\0forged"))
    assert no == b"\x40\x04\0\x09\x87\0"  # version 5 can say no
    reader.say(b"\xe0\x02\0\0")
    assert broker.router.counts == {
        Hit.CONNECT: 2,
        Hit.KEEP_ALIVE: 1,
        Hit.LEAVE: 2,
        Hit.REFUSED: 1,
    }


async def test_the_bridge_is_told_of_counts_and_of_whom_has_gone(broker):
    bridge, reader = broker.bridge(), broker.client(4, SESSION)
    assert reader.say(mqtt311.publish(names.OUTBOX + SESSION, b"{}", qos=0)) == b""
    assert bridge.heard().endswith(b"{}")
    reader.connection.connection_lost(None)
    assert bridge.heard().endswith(b'{"leave": "gone"}')
    broker.router.tell_counts()
    assert bridge.heard().endswith(b'{"connect": 1}')


async def test_what_may_wait_for_an_answer_is_the_clients_to_say(broker):
    bridge = broker.bridge()
    reader = broker.client(5, properties=b"\x21\0\2\x27\0\0\0\x40")  # two at once, of 64 bytes
    reader.say(subscribe(5, (TOPIC, 1)))
    reader.heard()
    for text_of_it in (b"1", b"x" * 100, b"2", b"3"):
        bridge.say(mqtt311.publish(TOPIC, text_of_it, qos=1, packet_id=1))
    assert reader.heard().count(TOPIC.encode()) == 2
    assert reader.say(mqtt311.acknowledge(mqtt311.PUBACK, 1)).endswith(b"3")


async def test_a_kept_session_goes_on_where_it_was(broker):
    bridge, reader = broker.bridge(), broker.client(clean=False)
    reader.say(subscribe(4, (TOPIC, 1)))
    bridge.say(mqtt311.publish(TOPIC, b"not answered", qos=1, packet_id=1))
    reader.connection.connection_lost(None)
    bridge.say(mqtt311.publish(TOPIC, b"while it was away", qos=1, packet_id=1))
    again = Client(broker.connections)
    said = again.say(connect(clean=False))
    first = framed(0x3A, text(TOPIC) + b"\0\1not answered")
    assert said == b"\x20\x02\1\0" + first + framed(0x32, text(TOPIC) + b"\0\2while it was away")
    again.connection.connection_lost(None)
    assert Client(broker.connections).say(connect(clean=True)) == OLD
    bridge.say(mqtt311.publish(TOPIC, b"to nobody", qos=1, packet_id=1))


async def test_a_slow_reader_is_cut_off_alone(broker):
    bridge, slow, good = broker.bridge(), broker.client(5), broker.client(5, "good")
    for reader in (slow, good):
        reader.say(subscribe(5, (TOPIC, 0)))
        reader.heard()
    slow.connection.pause_writing()
    assert not slow.wire.reads  # what it says waits too
    for _ in range(300):
        bridge.say(mqtt311.publish(TOPIC, b"x" * 60_000, qos=0))
    assert slow.wire.closed
    assert slow.heard() == b"\xe0\x02\x97\0"  # quota exceeded
    assert len(good.heard()) > 300 * 60_000


async def test_a_flood_of_pings_is_read_at_a_clients_pace(broker):
    flood, other = broker.client(), broker.client(4, "other")
    pings = 10_000
    assert flood.say(mqtt311.PINGREQ * pings) == b"\xd0\0" * 64  # of one turn
    assert not flood.wire.reads
    assert flood.say(mqtt311.PINGREQ) == b""
    assert other.say(mqtt311.PINGREQ) == b"\xd0\0"
    for _ in range(8):
        await asyncio.sleep(0)
    heard = len(flood.heard()) // 2 + 64
    assert 250 <= heard < 1_500  # what it had saved up
    while (told := broker.connections.router.counts[Hit.KEEP_ALIVE]) < pings + 2:
        broker.now += 0.25
        await asyncio.sleep(0.001)
        assert heard <= told <= 2 + 1_350 + broker.now * 1_000
        flood.connection._go_on()  # as its timer would
    assert flood.heard() == b"\xd0\0" * (pings + 1 - heard)
    assert flood.wire.reads


async def test_what_a_reader_owes_is_read_at_once(broker):
    bridge, reader = broker.bridge(), broker.client()
    reader.say(subscribe(4, (TOPIC, 1)))
    for number in range(1, 901):
        bridge.say(mqtt311.publish(TOPIC, b"news", qos=1, packet_id=number))
    for first in range(1, 901, 50):
        acks = [mqtt311.acknowledge(mqtt311.PUBACK, n) for n in range(first, first + 50)]
        reader.say(*acks)
        assert reader.wire.reads
    for number in range(1, 901):  # once is enough
        reader.say(mqtt311.acknowledge(mqtt311.PUBACK, number))
    assert not reader.wire.reads


async def test_who_asks_the_hub_waits_while_it_is_behind(broker):
    bridge = broker.bridge()
    asking = broker.client(4, SESSION, keep_alive_s=20)
    bridge.connection.pause_writing()  # the hub takes nothing
    question = mqtt311.publish(names.OUTBOX + SESSION, b"{}", qos=0)
    for _ in range(2_000):
        asking.say(question)
        broker.now += 0.02
        asking.connection._go_on()  # as its timer would
    assert not asking.wire.reads
    assert len(asking.connection._reader.rest) == 999 * len(question)
    broker.connections.sweep()
    assert not asking.wire.closed  # it is not the client who is silent
    bridge.heard()
    bridge.connection.resume_writing()
    assert bridge.heard().count(question) == 1_001
    asking.connection._go_on()
    assert question in bridge.heard()


# ---- the end --------------------------------------------------------------------------------


async def test_a_token_ends_by_the_wall_clock_however_it_is_set(broker, monkeypatch):
    user = grant_of(life_s=3_600)
    reader, lasting = broker.client(5, user=user[:2]), broker.client(user=grant_of("bob")[:2])
    broker.connections.sweep()
    assert not reader.wire.closed
    present = time.time()
    lasting.connection.session.grant = Grant("bob", "news", present + 90_000, "bob0123")
    monkeypatch.setattr(time, "time", lambda: present + 3_601)
    broker.connections.sweep()
    assert reader.wire.sent == b"\xe0\x02\x87\0"
    assert reader.wire.closed
    assert not lasting.wire.closed
    assert Client(broker.connections).say(connect(user=user[:2])) == BAD


async def test_a_grant_that_has_ended_is_cut_off_and_asked_for_again(broker):
    bridge, (name, token, _) = broker.bridge(), grant_of("bob")
    reader, other = broker.client(), broker.client(user=(name, token))
    ended = b'{"ended": ["ann0123"]}'
    bridge.say(mqtt311.publish(names.GRANTS_TOPIC, ended, qos=1, packet_id=1))
    assert reader.wire.closed
    assert not other.wire.closed
    other.say(mqtt311.publish(names.GRANTS_TOPIC, b'{"ended": ["bob0123"]}', qos=0))  # forged
    asked = broker.hub.asked
    assert Client(broker.connections).say(connect(user=(name, token))) == OLD
    assert broker.hub.asked == asked  # what the bridge said holds
    assert Client(broker.connections).say(connect()) == OLD
    assert broker.hub.asked == asked + 1


@pytest.mark.parametrize(("level", "answer"), [(4, b"\x20\x02\0\3"), (5, b"\x20\x03\0\x88\0")])
async def test_without_a_bridge_that_answers_it_is_unavailable(broker, monkeypatch, level, answer):
    broker.hub.silent = True
    waits = Client(broker.connections)
    assert waits.say(connect(level, "waits"), subscribe(level, (TOPIC, 1))) == b""
    assert not waits.wire.reads
    present = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: present + 6)
    broker.connections.sweep()
    assert waits.heard() == answer
    assert waits.wire.closed
    del broker.router._readers[names.LOGIN_TOPIC.encode()]
    assert Client(broker.connections).say(connect(level)) == answer


async def test_what_is_said_before_the_answer_is_heard_after_it(broker):
    broker.hub.silent = True
    early = Client(broker.connections)
    early.say(connect() + subscribe(4, (TOPIC, 1)), mqtt311.PINGREQ)
    assert early.heard() == b""
    said = {"number": 1, "grant": ["ann", "news", time.time() + 60, "ann0123"]}
    broker.router.told(json.dumps(said).encode())
    assert early.heard() == OLD + b"\x90\x03\0\7\1" + b"\xd0\0"
    broker.router.told(json.dumps(said).encode())  # twice is once
    assert early.heard() == b""


async def test_who_falls_silent_is_cut_off(broker):
    talks, silent = broker.client(keep_alive_s=10), broker.client(4, "silent", keep_alive_s=10)
    broker.now = 14.0
    talks.say(mqtt311.PINGREQ)
    broker.connections.sweep()
    assert not silent.wire.closed
    broker.now = 16.0
    broker.connections.sweep()
    assert silent.wire.closed
    assert not talks.wire.closed
