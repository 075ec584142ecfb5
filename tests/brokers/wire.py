"""The embedded broker without a socket: clients that say bytes, and a clock moved by hand."""

import asyncio
import contextlib
import json
import time

from pushlab.brokers._connection import ClientConnection, Connections
from pushlab.brokers._router import Router
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import Refused
from pushlab.transports import _mqtt_names as names
from pushlab.wire.mqtt311 import framed, text

KEYS = TokenKeys.fresh()
BRIDGE = "hub", "sesame"
TOPIC = names.live_topic("news")
SESSION = "n" + "0" * 32
#: CONNACK of MQTT 3: logged in, and not.
OLD, BAD = b"\x20\x02\0\0", b"\x20\x02\0\5"


def grant_of(client_id="ann", channel="news", life_s=60.0):
    grant = Grant(client_id, channel, round(time.time() + life_s, 3), f"{client_id}0123")
    token, _ = KEYS.sign(grant)
    return names.username_of(grant.client_id, grant.grant_id), token, grant


def connect(level=4, client_id="any", *, user=None, clean=True, keep_alive_s=60, properties=b""):
    username, password = user or grant_of()[:2]
    name = "MQIsdp" if level == 3 else "MQTT"
    more = bytes((len(properties),)) + properties if level == 5 else b""
    flags = 0xC0 | (2 if clean else 0)
    head = text(name) + bytes((level, flags)) + keep_alive_s.to_bytes(2, "big") + more
    return framed(0x10, head + text(client_id) + text(username) + text(password))


def subscribe(level, *filters, packet_id=7):
    body = packet_id.to_bytes(2, "big") + (b"\0" if level == 5 else b"")
    return framed(0x82, body + b"".join(text(name) + bytes((qos,)) for name, qos in filters))


class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self):
        super().__init__()
        self.sent = bytearray()
        self.closed = False
        self.reads = True

    def write(self, data):
        self.sent += data

    def close(self):
        self.closed = True

    abort = close

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def pause_reading(self):
        self.reads = False

    def resume_reading(self):
        self.reads = True


class Client:
    """One client of a broker that is called directly."""

    def __init__(self, connections):
        self.wire = Wire()
        self.connection: ClientConnection = connections()
        self.connection.connection_made(self.wire)

    def say(self, *pieces):
        """What the broker answers."""
        self.wire.sent = bytearray()
        for piece in pieces:
            self.connection.data_received(piece)
        return self.heard()

    def heard(self):
        heard, self.wire.sent = bytes(self.wire.sent), bytearray()
        return heard


class Hub:
    """In the place of the bridge's session: it knows whose tokens they are."""

    def __init__(self, router):
        self.router = router
        self.silent = False
        self.asked = 0

    def deliver(self, message, qos):
        self.asked += 1
        question = json.loads(message.payload)
        answer = {"number": question["number"]}
        with contextlib.suppress(Refused):
            grant = KEYS.verify(question["token"], now=time.time())
            answer["grant"] = [grant.client_id, grant.channel, grant.expires_at, grant.grant_id]
        if not self.silent:
            self.router.told(json.dumps(answer).encode())
        return True


class Broker:
    """A broker without a socket, whose clock is moved by hand."""

    def __init__(self):
        self.now = 0.0
        self.router = Router(username=BRIDGE[0], password=BRIDGE[1])
        self.connections = Connections(self.router, lambda: self.now)
        self.hub = Hub(self.router)
        self.router._readers[names.LOGIN_TOPIC.encode()] = {self.hub: 1}

    def client(self, *words, **options):
        client = Client(self.connections)
        assert client.say(connect(*words, **options))[:2] in (b"\x20\x02", b"\x20\x10")
        client.heard()
        return client

    def bridge(self):
        bridge = self.client(4, "bridge", user=BRIDGE)
        told = subscribe(4, (names.OUTBOX + "+", 1), (names.COUNTS_TOPIC, 1))
        assert bridge.say(told)[-2:] == b"\1\1"
        return bridge
