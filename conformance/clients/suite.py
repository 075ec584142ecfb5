"""Each client reads 300 messages while its connections are cut behind any byte."""

import asyncio
import contextlib
import os
import re
import signal
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from conformance.clients.catalogue import CLIENTS, Client
from conformance.clients.id_probe import id_probe
from conformance.clients.proxy import CuttingProxy
from conformance.hub import LiveHub, live_hub
from conformance.model import NotRun, Suite, Tell, Verdict
from conformance.node import NODE_PATH
from pushlab.brokers.start import start_broker
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import BrokerUnavailable

__all__ = ["OthersClients"]

_COUNT = 300
_CUTS = 6
_BURST = 5
_PACE_S = 0.1  # between bursts
_WARM = "are you there?"
_START_S = 40.0  # a browser takes a while
_STUCK_S = 20.0  # without anything new
_AT_ONCE = 4
_BROKERS = ("embedded", "mosquitto")


def _text(number: int) -> str:
    return f"message {number} " + chr(0x4E00 + number) * (number % 40)


_NUMBERS = {_text(number): number for number in range(_COUNT)}


@dataclass(slots=True)
class _Book:
    """What a client printed.

    Attributes:
        lines: texts that arrived, in order, but for the first ones that only wake it.
        warm: whether it has printed anything.
    """

    lines: list[str] = field(default_factory=list)
    warm: bool = False

    async def read(self, stream: asyncio.StreamReader) -> None:
        """Until the client ends."""
        async for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line == _WARM:
                self.warm = True
            elif line:
                self.lines.append(line)

    @property
    def missing(self) -> int:
        """How many have not come."""
        return _COUNT - len({line for line in self.lines if line in _NUMBERS})

    def words(self, cuts: int) -> str:
        """What became of the messages."""
        told = [_NUMBERS[line] for line in self.lines if line in _NUMBERS]
        first = list(dict.fromkeys(told))
        faults = {
            "lost": self.missing,
            "twice": len(told) - len(first),
            "out of order": sum(a > b for a, b in pairwise(first)),
            "damaged": len(self.lines) - len(told),
        }
        said = [f"{count} {fault}" for fault, count in faults.items() if count]
        return ", ".join([f"{len(first)} delivered", *said, f"{cuts} cuts"])


async def _until(
    met: Callable[[], bool], within_s: float, again: Callable[[], Awaitable[Any]]
) -> None:
    """Do something again and again until it is met. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not met():
            await again()
            await asyncio.sleep(0.2)


async def _talk(hub: LiveHub, channel: str, book: _Book, proxy: CuttingProxy) -> None:
    """Wake the client, then publish everything, then wait for as long as something new comes."""
    await _until(lambda: book.warm, _START_S, lambda: hub.publish(channel, _WARM))
    proxy.sharp = True
    for first in range(0, _COUNT, _BURST):
        items = [
            {"channel": channel, "data": _text(number)} for number in range(first, first + _BURST)
        ]
        await hub.api("POST", "/v1/messages", items)
        await asyncio.sleep(_PACE_S)
    while book.missing:
        had = len(book.lines)
        with contextlib.suppress(TimeoutError):
            await _until(lambda had=had: len(book.lines) > had, _STUCK_S, lambda: asyncio.sleep(0))
            continue
        return
    await asyncio.sleep(0.5)  # for what may come twice


@contextlib.asynccontextmanager
async def _started(client: Client, port: int, said: Mapping[str, str]) -> AsyncIterator[_Book]:
    """The client's program, and what it prints. Raises NotRun."""
    process = await asyncio.create_subprocess_exec(
        *client.command(),
        env={
            **{key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ},
            "NODE_PATH": str(NODE_PATH),
            "PYTHONUTF8": "1",
            "HUB": f"http://127.0.0.1:{port}",
            "PORT": str(port),
            **said,
            **client.says,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    book = _Book()
    reading = asyncio.create_task(book.read(process.stdout))
    try:
        yield book
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await reading


async def _read(client: Client, hub: LiveHub, broker_port: int, name: str) -> str:
    """One client's messages, in words. Raises NotRun."""
    client.command()
    told = await hub.grant(name, name)
    mqtt = told["endpoints"].get("mqtt", {})
    said = {"TOKEN": told["token"], "CLIENT": name}
    said |= {"USERNAME": str(mqtt.get("username", "")), "TOPIC": str(mqtt.get("topic", ""))}
    target = broker_port if client.speaks == "mqtt" and not client.by_hub else hub.port
    seed = zlib.crc32(name.encode())
    async with (
        CuttingProxy(target, seed=seed, cuts=_CUTS) as proxy,
        _started(client, proxy.port, said) as book,
    ):
        try:
            await _talk(hub, name, book, proxy)
        except TimeoutError:
            return "never read anything"
        return book.words(proxy.cuts)


async def _notes_ids(client: Client) -> str:
    """When it notes the ID of an event."""
    async with id_probe() as probe, _started(client, probe.port, {"TOKEN": "TOKEN"}):
        return await probe.words(_START_S)


class OthersClients(Suite):
    """Clients of every transport that are none of ours."""

    name = "clients"
    title = "Other people's clients, cut off again and again"
    about = (
        f"{_COUNT} messages to each, through a TCP proxy that cuts its connections {_CUTS} times"
        " behind any byte of what the server sends, every other time by a reset. Each must have"
        " every message once and in order. MQTT's have a session that the broker keeps, and QoS 1:"
        " at least once, so a message may come twice there. Who notes an event's id at once,"
        " before the event is whole, would lose what is cut behind its id, if ids came first."
    )
    others = ("notes an id",)
    whole = True

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """Several clients at once; those of MQTT once for each broker."""
        for broker in (None, *_BROKERS):
            clients = [c for c in CLIENTS if (c.speaks == "mqtt") == (broker is not None)]
            try:
                async with _served(broker) as (hub, port):
                    turns = asyncio.Semaphore(_AT_ONCE)
                    async with asyncio.TaskGroup() as group:
                        asked = [
                            group.create_task(_judged(client, hub, port, broker, turns))
                            for client in clients
                        ]
                        for number, verdict in enumerate(asked, 1):
                            tell(f"{number} of {len(clients)}")
                            yield await verdict
            except BrokerUnavailable as error:
                yield Verdict(case=f"MQTT with {broker}", group="mqtt", seen=str(error), right=None)


@contextlib.asynccontextmanager
async def _served(broker: str | None) -> AsyncIterator[tuple[LiveHub, int]]:
    """A hub, and its broker's port."""
    if broker is None:
        async with live_hub(
            transports={"short-polling": {}, "long-polling": {}, "sse": {}, "websocket": {}}
        ) as hub:
            yield hub, 0
        return
    keys = TokenKeys.fresh()
    async with (
        await start_broker(broker) as running,
        live_hub(transports={"mqtt": {}}, broker=running.access, keys=keys.export()) as hub,
    ):
        yield hub, running.access.port


async def _judged(
    client: Client, hub: LiveHub, port: int, broker: str | None, turns: asyncio.Semaphore
) -> Verdict:
    case = f"{client.name}, {broker} broker" if broker else client.name
    told: dict[str, Any] = {"case": case, "group": client.speaks}
    name = re.sub(r"\W+", "-", case).lower()
    async with turns:
        try:
            seen = await _read(client, hub, port, name)
            notes = await _notes_ids(client) if client.speaks == "events" else ""
        except NotRun as error:
            return Verdict(**told, seen=str(error), right=None)
        except Exception as error:  # one client's trouble is its own
            return Verdict(**told, seen=f"{type(error).__name__}: {error}", right=False)
    allowed = r"(, \d+ twice)?" if client.speaks == "mqtt" else ""
    right = re.fullmatch(rf"{_COUNT} delivered{allowed}, {_CUTS} cuts", seen)
    wanted = f"{_COUNT} delivered, {_CUTS} cuts"
    others = {"notes an id": notes}
    told |= {"known": client.known, "others": others}
    return Verdict(**told, source=client.speaks, wanted=wanted, seen=seen, right=bool(right))
