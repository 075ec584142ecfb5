"""Fan-out over SSE and WebSocket, and connections that stay idle, beside nchan."""

from typing import ClassVar

from benchmarks.harness.model import OWN, Benchmark, Contender, Goal, NotRun, Sample
from benchmarks.hub import nchan
from benchmarks.hub.servers import running_server
from benchmarks.hub.work import Work, memory_missing, run_crowd

__all__ = ["FAN_OUTS", "IDLES"]

_SUBSCRIBERS = 500
_IDLE = 5_000
_CONTENDERS = (
    Contender(name=OWN, title="pushlab's hub", packages=("pushlab", "uvicorn", "uvloop")),
    Contender(
        name="nchan", title="nginx with nchan", packages=("nginx", "nchan"), missing=nchan.missing
    ),
)


class _FanOut(Benchmark):
    """One channel, many subscribers, one message after another."""

    kind: ClassVar[str]
    under_way: ClassVar[int] = 1
    unit = "deliveries/CPU-s"
    contenders = _CONTENDERS
    goals = (Goal(beside="nchan", least=0.7),)
    setting = (
        f"{_SUBSCRIBERS} subscribers of one channel, messages of 100 bytes, the next when all have"
        " the last; the same neutral reader before both servers, every delivery counted; server and"
        " generator on a core each. Both send one TCP segment for a delivery."
    )

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """One sample with a fresh server."""
        async with running_server(contender.name) as server:
            work = Work(
                port=server.port,
                pids=server.pids,
                requests=server.subscribe(self.kind, _SUBSCRIBERS),
                publish_port=server.port,
                publish_hellos=[b""] * self.under_way,
                publish_request=server.publish(),
                seconds=seconds,
            )
            return Sample.rate(**await run_crowd(work))


class _SseFanOut(_FanOut):
    name = "hub-sse"
    title = "Hub: SSE deliveries per server CPU-second"
    kind = "sse"


class _WebSocketFanOut(_FanOut):
    name = "hub-websocket"
    title = "Hub: WebSocket deliveries per server CPU-second"
    kind = "websocket"


class _Crowded(_FanOut):
    """Several messages under way, so that the server never waits."""

    under_way = 4
    setting = (
        f"{_SUBSCRIBERS} subscribers of one channel, messages of 100 bytes, four under way at any"
        " time. nchan leaves Nagle's algorithm on for its subscribers: where messages follow each"
        " other closely, the kernel merges some into one segment, which is cheaper and later. The"
        " hub sends each at once."
    )


class _SseCrowded(_Crowded):
    name = "hub-crowded-sse"
    title = "Hub: SSE, four messages under way"
    kind = "sse"


class _WebSocketCrowded(_Crowded):
    name = "hub-crowded-websocket"
    title = "Hub: WebSocket, four messages under way"
    kind = "websocket"


async def _measure_idle(contender: Contender, kind: str) -> dict[str, float]:
    async with running_server(contender.name) as server:
        requests = server.subscribe(kind, _IDLE)
        return await run_crowd(Work(port=server.port, pids=server.pids, requests=requests))


class _Memory(Benchmark):
    """What a connection costs that stands and says nothing."""

    kind: ClassVar[str]
    unit = "KiB/connection"
    better = "lower"
    contenders = _CONTENDERS
    setting = (
        f"{_IDLE:,} connections of one channel; growth of the server's proportional share of"
        " memory (PSS) from none to all, after the first hundred have come and gone. Socket buffers"
        " are the kernel's and not in it, nor the 0.4 KiB that nginx sets aside when it starts for"
        " each connection that it may ever have."
    )

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """One sample with a fresh server."""
        if reason := memory_missing():
            raise NotRun(reason)
        told = await _measure_idle(contender, self.kind)
        return Sample(told["bytes"] / told["work"] / 1024, told)


class _SseMemory(_Memory):
    name = "hub-memory-sse"
    title = "Hub: memory per idle SSE connection"
    kind = "sse"
    goals = (Goal(beside=None, most=12.0),)


class _WebSocketMemory(_Memory):
    name = "hub-memory-websocket"
    title = "Hub: memory per idle WebSocket connection"
    kind = "websocket"
    goals = (Goal(beside=None, most=20.0),)


class _Connects(Benchmark):
    """How fast connections are accepted."""

    kind: ClassVar[str]
    unit = "connections/CPU-s"
    contenders = _CONTENDERS
    setting = (
        f"{_IDLE:,} connections, 64 under way at any time, from the TCP handshake to the server's"
        " first word; the hub checks a signed token with each, nchan none."
    )

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """One sample with a fresh server."""
        told = await _measure_idle(contender, self.kind)
        return Sample.rate(**{key: value for key, value in told.items() if key != "bytes"})


class _SseConnects(_Connects):
    name = "hub-connects-sse"
    title = "Hub: SSE connections accepted per server CPU-second"
    kind = "sse"


class _WebSocketConnects(_Connects):
    name = "hub-connects-websocket"
    title = "Hub: WebSocket connections accepted per server CPU-second"
    kind = "websocket"


FAN_OUTS: tuple[type[Benchmark], ...] = (
    _SseFanOut,
    _WebSocketFanOut,
    _SseCrowded,
    _WebSocketCrowded,
)
IDLES: tuple[type[Benchmark], ...] = (
    _SseMemory,
    _WebSocketMemory,
    _SseConnects,
    _WebSocketConnects,
)
