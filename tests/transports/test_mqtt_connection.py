"""The bridge's connection: it notices each way in which a broker may end it."""

import asyncio
import socket
import struct

import pytest
import uvloop

from pushlab.contract.serving import BrokerAccess
from pushlab.transports._mqtt_connection import BridgeConnection
from tests.patience import PATIENCE_S

_A_MESSAGE = b"\x30\x05\x00\x01a__"


class _Broker(asyncio.Protocol):
    """Lets everybody in, and answers nothing else."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        while data:
            kind, end = data[0] >> 4, data[1] + 2
            if kind == 1:
                self.transport.write(b"\x20\x02\0\0")
            elif kind == 8:
                self.transport.write(b"\x90\x03" + data[2:4] + b"\1")
            data = data[end:]


async def _reset(unread):
    """How often a bridge comes up whose connection is reset behind so many messages."""
    brokers, comes = [], asyncio.Queue()

    def broker():
        brokers.append(_Broker())
        return brokers[-1]

    async def up():
        comes.put_nowait("up")

    server = await asyncio.get_running_loop().create_server(broker, "127.0.0.1", 0)
    access = BrokerAccess("remote", *server.sockets[0].getsockname(), "hub", "sesame")
    link = BridgeConnection(
        access,
        topics=[("a", 0)],
        will=("b", b""),
        on_message=lambda *message: None,
        on_up=up,
        on_down=lambda: comes.put_nowait("down"),
        on_room=lambda: None,
    )
    async with asyncio.timeout(PATIENCE_S), link.running():
        transport = brokers[0].transport
        linger = socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(*linger)
        transport.write(_A_MESSAGE * unread)
        transport.abort()
        return [await comes.get() for _ in range(3)]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("unread", [0, 100_000])
def test_a_connection_that_is_reset_is_made_anew(run, unread, monkeypatch):
    monkeypatch.setattr("pushlab.transports._mqtt_connection._LOOK_S", 0.1)
    assert run(_reset(unread)) == ["up", "down", "up"]
