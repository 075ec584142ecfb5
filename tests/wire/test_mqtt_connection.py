"""A publisher's connection, with a transport that only writes down."""

import asyncio

import pytest

from pushlab.errors import ConnectionFailed
from pushlab.transports import _mqtt_server as packets
from pushlab.wire import mqtt311
from pushlab.wire.mqtt_connection import MqttConnection


class Line(asyncio.Transport):
    def __init__(self):
        super().__init__()
        self.written = []
        self.closed = False

    def set_write_buffer_limits(self, high=None, low=None):
        assert high == 0  # what the kernel does not take is not sent

    def write(self, data):
        self.written.append(data)

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


async def connected():
    connection, line = MqttConnection(), Line()
    connection.connection_made(line)
    greeting = asyncio.ensure_future(connection.greet(None))
    await asyncio.sleep(0)
    connection.data_received(b"\x20\x02\x00\x00")
    await greeting
    return connection, line


def identifier(packet):
    (read,) = packets.PacketReader(1000).receive(packet)
    return packets.read_publish(read, 4)[3]


async def test_an_identifier_is_not_given_twice_while_its_message_is_under_way():
    connection, line = await connected()
    answers = []
    connection.publish("a", b"", lambda took: answers.append(took))
    first = identifier(line.written[-1])
    for _ in range(65_535):
        connection.publish("a", b"", lambda took: None)
        packet = line.written.pop()
        number = int.from_bytes(packet[-2:], "big")
        assert number not in (0, first)
        connection.data_received(mqtt311.acknowledge(mqtt311.PUBACK, number))
    assert connection.under_way == 1
    connection.data_received(mqtt311.acknowledge(mqtt311.PUBACK, first))
    connection.data_received(mqtt311.acknowledge(mqtt311.PUBACK, first))  # once more: nobody's
    assert answers == [True]


async def test_what_is_under_way_when_the_connection_is_lost_was_not_taken():
    connection, _ = await connected()
    answers, rooms = [], []
    connection.on_room = lambda: rooms.append(connection.room)
    connection.publish("a", b"", answers.append)
    connection.pause_writing()
    connection.resume_writing()
    connection.connection_lost(None)
    assert answers == [False]
    assert rooms == [True, False]
    assert not connection.open


async def test_what_is_no_mqtt_ends_the_connection():
    connection, line = await connected()
    connection.data_received(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert line.closed
    assert line.written[-1] == mqtt311.DISCONNECT
    assert not connection.open


async def test_a_broker_that_hangs_up_at_once_is_told():
    connection = MqttConnection()
    connection.connection_made(Line())
    greeting = asyncio.ensure_future(connection.greet(None))
    await asyncio.sleep(0)
    connection.connection_lost(None)
    with pytest.raises(ConnectionFailed, match="hung up before its CONNACK"):
        await greeting
