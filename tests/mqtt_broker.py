"""A broker that takes what publishers send, and answers as long as it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pushlab.transports import _mqtt_server as packets
from pushlab.wire import mqtt311

__all__ = ["Broker", "serving"]


class Broker:
    """Takes what publishers send, and answers as long as it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, bytes]] = []
        self.logins: list[tuple[str | None, bytes | None]] = []
        self.code = 0  # of CONNACK
        self.answers = True
        self.reads = asyncio.Event()
        self.reads.set()
        self.most = 1_000_000  # messages, then it hangs up
        self.unanswered: list[tuple[asyncio.StreamWriter, bytes]] = []
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        cut = packets.PacketReader(100_000)
        while data := await reader.read(10_000):
            for packet in cut.receive(data):
                if packet.kind == packets.CONNECT:
                    told = packets.read_connect(packet.body)
                    assert told.keep_alive_s == 0
                    self.logins.append((told.username, told.password))
                    writer.write(bytes((0x20, 2, 0, self.code)))
                elif packet.kind == packets.PUBLISH:
                    topic, payload, qos, packet_id = packets.read_publish(packet, 4)
                    assert qos == 1
                    if len(self.taken) >= self.most:
                        writer.close()
                        return
                    self.taken.append((topic, payload))
                    answer = mqtt311.acknowledge(mqtt311.PUBACK, packet_id)
                    if self.answers:
                        writer.write(answer)
                    else:
                        self.unanswered.append((writer, answer))
            await self.reads.wait()
        writer.close()

    def answer_all(self) -> None:
        self.answers = True
        for writer, answer in self.unanswered:
            writer.write(answer)

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Broker, asyncio.Server, str]]:
    broker = Broker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield broker, server, f"mqtt://127.0.0.1:{port}"
    finally:
        broker.reads.set()
        server.close()
        broker.hang_up()
