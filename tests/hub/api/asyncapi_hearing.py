"""Ears: what a live hub says, noted as it stands on the wire. They know the document and no more.

Addresses, parameters and bindings are taken from the document, so it leads to the hub or fails.
"""

import asyncio
import contextlib
import json
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import aiomqtt
from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from pushlab.wire.http1 import ResponseParser
from tests.hub.api.asyncapi_reading import fits, parse_block
from tests.patience import PATIENCE_S

_SMALL_BYTES = 4 * 1024
#: What the embedded broker tells the bridge, in place of a session that is lost.
_THE_BROKERS_OWN = b'{"leave": "gone"}'


@dataclass
class Heard:
    """One message: which channel's, what it said, and what the document takes it for."""

    key: str
    payload: str | None
    headers: dict | None = None
    opcode: int = 1
    names: list[str] = field(default_factory=list)


class Ear:
    """Notes what comes on one connection.

    Attributes:
        notes: all that any ear has heard.
    """

    def __init__(self, told, notes):
        self.told = told
        self.notes = notes
        self.mine = []
        self.news = asyncio.Event()

    def note(self, key, payload, headers=None, opcode=1):
        heard = Heard(key, payload, headers, opcode)
        heard.names = fits(self.told, key, payload, headers, opcode, on_the_wire=True)
        self.notes.append(heard)
        self.mine.append(heard)
        self.news.set()

    async def until(self, name, times=1, *, saying=""):
        """Wait until the document's message of this name was heard so often; the last one."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := self.of(name, saying)) < times:
                strange = [heard for heard in self.mine if len(heard.names) != 1]
                assert not strange, f"not one message of the document: {strange[0]}"
                self.news.clear()
                await self.news.wait()
        return found[-1]

    def of(self, name, saying=""):
        return [
            heard
            for heard in self.mine
            if name in heard.names and (not saying or saying in heard.payload)
        ]


def place_of(told, key):
    """Host, port, scheme and target of a channel, on the first of its servers."""
    channel = told["channels"][key]
    server = told["servers"][channel["servers"][0]["$ref"].removeprefix("#/servers/")]
    host, _, port = server["host"].partition(":")
    return host, int(port), server["protocol"], server.get("pathname", "") + channel["address"]


async def open_small(host, port):
    """A connection whose buffers are full soon."""
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BYTES)
    plug.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plug, (host, port))
    return await asyncio.open_connection(sock=plug, limit=_SMALL_BYTES)


class StreamEar(Ear):
    """One connection of SSE or of WebSocket, which is read until the hub ends it.

    Attributes:
        stalled: while set, nothing is read.
    """

    key = ""

    @contextlib.asynccontextmanager
    async def listening(self, token, *, stalled=False, origin=None, **query):
        self.goes_on = asyncio.Event()
        if not stalled:
            self.goes_on.set()
        host, port, scheme, target = place_of(self.told, self.key)
        target += "?" + urlencode(query) if query else ""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        headers |= {} if origin is None else {"Origin": origin}
        reader, writer = await open_small(host, port)
        reading = asyncio.ensure_future(
            self.converse(f"{scheme}://{host}:{port}", target, headers, reader, writer)
        )
        try:
            yield self
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            writer.close()

    async def refused(self, name, token, **how):
        """Connect, and wait for a refusal."""
        async with self.listening(token, **how):
            await self.until(name)

    async def pieces(self, reader):
        while data := await reader.read(_SMALL_BYTES):
            yield data
            await self.goes_on.wait()


class EventsEar(StreamEar):
    key = "sseEvents"

    async def converse(self, url, target, headers, reader, writer):
        lines = [f"GET {target} HTTP/1.1", f"Host: {url.partition('//')[2]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        parser, text = ResponseParser(4 * 1024 * 1024), ""
        async for data in self.pieces(reader):
            parser.feed(data)
            if parser.status != 200:
                if parser.complete:
                    self.note(self.key, parser.take().decode())
                continue
            text += parser.take().decode()
            *blocks, text = text.split("\n\n")
            for block in blocks:
                headers, payload = parse_block(block)
                self.note(self.key, payload, headers)


class FramesEar(StreamEar):
    key = "websocketFrames"

    async def converse(self, url, target, headers, reader, writer):
        protocol = ClientProtocol(parse_uri(url + target))
        request = protocol.connect()
        for name, value in headers.items():
            request.headers[name] = value
        protocol.send_request(request)
        writer.write(b"".join(protocol.data_to_send()))
        async for data in self.pieces(reader):
            protocol.receive_data(data)
            for event in protocol.events_received():
                if isinstance(event, Frame):
                    self.hear(event)
                else:
                    assert isinstance(event, Response), event
            writer.write(b"".join(protocol.data_to_send()))

    def hear(self, frame):
        said = bytes(frame.data)
        if frame.opcode is Opcode.CLOSE:
            code, reason = int.from_bytes(said[:2], "big"), said[2:].decode()
            assert code not in list(CloseCode), f"closed by the protocol: {code} {reason}"
            said = json.dumps({"code": code, "reason": reason}).encode()
        self.note(self.key, said.decode(), opcode=int(frame.opcode))


class MqttEar(Ear):
    """One session at the broker, by the topics of the document."""

    def topic(self, key, **parameters):
        address = self.told["channels"][key]["address"]
        return re.sub(r"{(\w+)}", lambda name: quote(parameters[name[1]], safe=""), address)

    def key_of(self, topic):
        for key, channel in self.told["channels"].items():
            parts = re.split(r"{\w+}", channel["address"])
            if key.startswith("mqtt") and re.fullmatch("[^/]+".join(map(re.escape, parts)), topic):
                return key
        raise AssertionError(f"the document has no topic {topic}")

    @contextlib.asynccontextmanager
    async def at_the_broker(self, username, password, session, *topics):
        host, port, *_ = place_of(self.told, "mqttLive")
        client = aiomqtt.Client(
            host,
            port,
            username=username,
            password=password,
            identifier=session,
            protocol=aiomqtt.ProtocolVersion.V311,
        )
        async with client:
            reading = asyncio.ensure_future(self.read(client))
            await client.subscribe([(topic, 2) for topic in topics])
            try:
                yield client
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def read(self, client):
        async for message in client.messages:
            if message.payload == _THE_BROKERS_OWN:
                continue
            key = self.key_of(str(message.topic))
            self.note(key, message.payload.decode())
            operation = next(
                each
                for each in self.told["operations"].values()
                if each["channel"]["$ref"] == f"#/channels/{key}"
            )
            binding = operation["bindings"]["mqtt"]
            assert message.qos <= binding["qos"]
            assert message.retain is binding["retain"]
