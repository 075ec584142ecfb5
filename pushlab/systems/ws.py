"""A WebSocket server of npm's ws (https://github.com/websockets/ws), of some forty lines."""

from pushlab.systems._node import NodeSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["Ws"]


class Ws(NodeSystem):
    """``servers/ws/server.js``."""

    spec = SystemSpec(
        name="ws",
        title="ws",
        start="node {folder}/server.js {port}",
        ready="/",
        publish=Publish(path="/?channel={channel}"),
        speaks={"websocket": Speech(path="/?channel={channel}", keep_alive_s=30.0)},
    )
    npm = ("ws",)
