"""The clients: what each is, what starts it, what it needs."""

import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from conformance.model import NotRun
from conformance.node import node_program

__all__ = ["CLIENTS", "Client"]

_PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True, slots=True)
class Client:
    """One client.

    Attributes:
        speaks: ``polls``, ``events``, ``websocket`` or ``mqtt``.
        command: gives what starts it, or raises NotRun.
        says: further variables of its environment.
        by_hub: whether it comes to the hub, though it speaks MQTT.
        known: what of its own it may lose or take twice, and why.
    """

    name: str
    speaks: str
    command: Callable[[], list[str]]
    says: Mapping[str, str] = field(default_factory=dict)
    by_hub: bool = False
    known: str = ""


def _python(script: str, module: str) -> Callable[[], list[str]]:
    def command() -> list[str]:
        if importlib.util.find_spec(module) is None:
            raise NotRun(f"the Python package {module} is not installed")
        return [sys.executable, str(_PROGRAMS / script)]

    return command


def _node(script: str, package: str) -> Callable[[], list[str]]:
    return lambda: [node_program(package), str(_PROGRAMS / script)]


def _program(name: str, *arguments: str) -> Callable[[], list[str]]:
    """A program of the system; an argument that is a file here is named by its path."""

    def command() -> list[str]:
        if shutil.which(name) is None:
            raise NotRun(f"{name} is not installed")
        here = [str(_PROGRAMS / a) if (_PROGRAMS / a).exists() else a for a in arguments]
        return here if name not in ("java",) else [name, *here]

    return command


def _chromium() -> list[str]:
    _program("chromium")()
    return _python("chromium.py", "playwright")()


_NARROW_JAVA = ("-XX:TieredStopAtLevel=1", "-Xmx128m")

CLIENTS = [
    Client("requests, polling", "polls", _python("requests_.py", "requests"),
           {"ROUTE": "/v1/poll", "PAUSE": "0.1"}),
    Client("requests, long polling", "polls", _python("requests_.py", "requests"),
           {"ROUTE": "/v1/wait", "PAUSE": "0"}),
    Client("curl", "events", _program("curl", "curl.sh")),
    Client("httpx-sse", "events", _python("httpx_sse_.py", "httpx_sse")),
    Client("aiohttp-sse-client2", "events",
           _python("aiohttp_sse_client2_.py", "aiohttp_sse_client2")),
    Client("sseclient-py", "events", _python("sseclient_py_.py", "sseclient")),
    Client("npm eventsource", "events", _node("eventsource.mjs", "eventsource")),
    Client("Node's fetch", "events", _node("fetch.mjs", "eventsource-parser")),
    Client("JDK HttpClient", "events", _program("java", *_NARROW_JAVA, "JdkHttpClient.java")),
    Client("Java, from the AsyncAPI document alone, SSE", "events",
           _program("java", *_NARROW_JAVA, "FromAsyncApi.java"),
           {"WHAT": "events", "SILENCE": "3"}),
    Client("Chromium EventSource", "events", _chromium, {"WHAT": "EventSource"}),
    Client("aiohttp", "websocket", _python("aiohttp_.py", "aiohttp")),
    Client("websockets", "websocket", _python("websockets_.py", "websockets")),
    Client("websocket-client", "websocket", _python("websocket_client_.py", "websocket")),
    Client("npm ws", "websocket", _node("ws.mjs", "ws")),
    Client("JDK WebSocket", "websocket", _program("java", *_NARROW_JAVA, "JdkWebSocket.java")),
    Client("Java, from the AsyncAPI document alone, WebSocket", "websocket",
           _program("java", *_NARROW_JAVA, "FromAsyncApi.java"),
           {"WHAT": "frames", "SILENCE": "3"}),
    Client("Chromium WebSocket", "websocket", _chromium, {"WHAT": "WebSocket"}),
    Client("paho-mqtt, MQTT 3.1.1", "mqtt", _python("paho_.py", "paho"),
           {"LEVEL": "4", "OVER": "tcp"}),
    Client("paho-mqtt, MQTT 5", "mqtt", _python("paho_.py", "paho"),
           {"LEVEL": "5", "OVER": "tcp"}),
    Client("paho-mqtt over WebSocket", "mqtt", _python("paho_.py", "paho"),
           {"LEVEL": "4", "OVER": "websockets"}, by_hub=True),
    Client("aiomqtt", "mqtt", _python("aiomqtt_.py", "aiomqtt"),
           known="it acknowledges what its reader has not had, and drops that when it is cut off"),
    Client("gmqtt, MQTT 5", "mqtt", _python("gmqtt_.py", "gmqtt")),
    Client("npm mqtt, MQTT 3.1.1", "mqtt", _node("mqtt.mjs", "mqtt"), {"LEVEL": "4"}),
    Client("npm mqtt, MQTT 5", "mqtt", _node("mqtt.mjs", "mqtt"), {"LEVEL": "5"}),
    Client("npm mqtt over WebSocket", "mqtt", _node("mqtt.mjs", "mqtt"),
           {"LEVEL": "5", "OVER": "websocket"}, by_hub=True),
    Client("mosquitto_sub", "mqtt", _program("mosquitto_sub", "mosquitto_sub.sh")),
]  # fmt: skip
