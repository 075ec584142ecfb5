"""Socket.IO (https://socket.io): its polling and its WebSocket, with a room for each channel."""

from collections.abc import Mapping
from typing import ClassVar

from pushlab.systems._node import NodeSystem
from pushlab.systems.clients.foreign import ForeignSubscriber
from pushlab.systems.clients.socketio import SocketIoPolling, SocketIoWebSocket
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["SocketIo"]

_PATH = "/socket.io/?EIO=4&transport="
_JOIN = '["join","{channel}"]'
_PINGS_S = 25.0


class SocketIo(NodeSystem):
    """``servers/socketio/server.js``."""

    spec = SystemSpec(
        name="socketio",
        title="Socket.IO",
        start="node {folder}/server.js {port}",
        ready="/",
        publish=Publish(path="/?channel={channel}"),
        speaks={
            "long-polling": Speech(path=f"{_PATH}polling", hello=_JOIN, keep_alive_s=_PINGS_S),
            "websocket": Speech(path=f"{_PATH}websocket", hello=_JOIN, keep_alive_s=_PINGS_S),
        },
    )
    clients: ClassVar[Mapping[str, type[ForeignSubscriber]]] = {
        "long-polling": SocketIoPolling,
        "websocket": SocketIoWebSocket,
    }
    npm = ("socket.io",)
