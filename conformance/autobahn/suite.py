"""Autobahn's fuzzing client against the hub, and its fuzzing server against the client half.

Autobahn expects to get back each message that it sends. pushlab's ends never send one back: the hub
takes no data from clients, and a subscriber sends none. So messages are left out on both sides of
the comparison, and Autobahn's own word on the closing handshake stands as it is.
"""

import abc
import asyncio
import contextlib
import json
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from websockets.asyncio.client import connect

from conformance.hub import live_hub
from conformance.model import NotRun, Suite, Tell, Verdict
from pushlab.contract.registry import load_transport, make_transport
from pushlab.contract.subscriber import Endpoint

__all__ = ["AutobahnClient", "AutobahnServer"]

_WSTEST = Path(__file__).parents[2] / ".venv-autobahn" / "bin" / "wstest"
_LEFT_OUT = {"9": "limits", "12": "compression", "13": "compression"}  # they wait for the echo
_AT_ONCE = 12
_PATIENCE_S = 300.0
_AGENT = "pushlab"
_GROUPS = {
    "1": "framing",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "closing",
    "10": "auto-fragmentation",
}


def _installed() -> Path:
    if not _WSTEST.exists():
        raise NotRun(
            "autobahntestsuite is not installed; it needs Python 2.7"
            " (`make conformance PYTHON27=/path/to/python2.7`)"
        )
    return _WSTEST


async def _wstest(mode: str, specification: dict[str, Any], folder: Path) -> Any:
    path = folder / f"{mode}-{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps(specification))
    return await asyncio.create_subprocess_exec(
        str(_installed()),
        *("--mode", mode, "--spec", str(path), "--webport", "0"),
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _apart(events: Sequence[Any]) -> list[Any]:
    """What happened, without messages."""
    return [event for event in events if event[0] != "message"]


def _verdicts(folder: Path) -> Iterator[Verdict]:
    """What the reports in the folder say."""

    def place(path: Path) -> list[int]:
        return [int(number) for number in path.stem.partition("_case_")[2].split("_")]

    for path in sorted(folder.glob("*_case_*.json"), key=place):
        told = json.loads(path.read_bytes())
        seen, number = _apart(told["received"]), told["id"].split(".")[0]
        wanted = {key: _apart(events) for key, events in told["expected"].items()}
        word = next((key for key in wanted if wanted[key] == seen), told["behavior"])
        if told["behavior"] == "INFORMATIONAL":
            word = told["behavior"]
        closing = told["behaviorClose"]
        if told["closedByMe"] and told["wasClean"]:  # Autobahn ended its wait; that was answered
            closing = "OK" if told["remoteCloseCode"] == told["localCloseCode"] else closing
        yield Verdict(
            case=told["id"],
            group=f"{number}: {_GROUPS.get(number, 'others')}",
            source="Autobahn",
            wanted="OK, close OK",
            seen=f"{word}, close {closing}",
            right=word in ("OK", "NON-STRICT", "INFORMATIONAL")
            and closing in ("OK", "INFORMATIONAL"),
        )
    for number, why in _LEFT_OUT.items():
        yield Verdict(
            case=f"{number}.*",
            group=f"{number}: {why}",
            seen="Autobahn waits for each message to come back",
            right=None,
        )


class _Autobahn(Suite):
    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """All cases but those that measure how fast an echo is."""
        _installed()
        with tempfile.TemporaryDirectory(prefix="pushlab-autobahn-") as name:
            tell("Autobahn's cases")
            async with asyncio.timeout(_PATIENCE_S):
                await self.measure(Path(name), tell)
            for verdict in _verdicts(Path(name) / "reports"):
                yield verdict

    @abc.abstractmethod
    async def measure(self, folder: Path, tell: Tell) -> None:
        """Run the cases; their reports come to ``reports`` in the folder."""


class AutobahnClient(_Autobahn):
    """The hub as Autobahn's fuzzing client sees it."""

    name = "autobahn-hub"
    title = "WebSocket: Autobahn's fuzzing client against the hub"
    about = (
        "autobahntestsuite 0.8.2. The hub sends no message back, so messages are left out of the"
        " comparison; everything else that Autobahn saw is compared as it does it."
    )

    async def measure(self, folder: Path, tell: Tell) -> None:
        """Several clients, each with its share of the cases: most of them wait a second."""
        async with live_hub(transports={"websocket": {}}) as hub:
            token = await hub.token("autobahn", "autobahn")
            url = f"ws://127.0.0.1:{hub.port}/v1/socket?token={token}"
            shares = [[f"6.{n}.*" for n in range(first, 25, 6)] for first in range(1, 7)]
            shares += [[f"{n}.*"] for n in (1, 2, 3, 4, 5, 7, 10)]
            clients = []
            for share in shares:
                specification = {
                    "outdir": str(folder / "reports"),
                    "servers": [{"agent": _AGENT, "url": url, "options": {"version": 18}}],
                    "cases": share,
                    "exclude-cases": [],
                    "exclude-agent-cases": {},
                }
                clients.append(await _wstest("fuzzingclient", specification, folder))
            try:
                await asyncio.gather(*(client.wait() for client in clients))
            finally:
                await _end(clients)


class AutobahnServer(_Autobahn):
    """The client half as Autobahn's fuzzing server sees it."""

    name = "autobahn-client"
    title = "WebSocket: Autobahn's fuzzing server against our client"
    about = (
        "autobahntestsuite 0.8.2. The client half as it is, but that it takes any text for a"
        " message. It sends no message back, so messages are left out of the comparison."
    )

    async def measure(self, folder: Path, tell: Tell) -> None:
        """A server, and several cases at once."""
        port = _free_port()
        specification = {
            "url": f"ws://127.0.0.1:{port}",
            "outdir": str(folder / "reports"),
            "cases": ["*"],
            "exclude-cases": [f"{number}.*" for number in _LEFT_OUT],
            "exclude-agent-cases": {},
        }
        server = await _wstest("fuzzingserver", specification, folder)
        try:
            count = int(await _ask(port, "/getCaseCount"))
            turns = asyncio.Semaphore(_AT_ONCE)

            async def one(number: int) -> None:
                async with turns:
                    tell(f"{number} of {count}")
                    await _run_case(port, f"/runCase?case={number}&agent={_AGENT}")

            await asyncio.gather(*(one(number) for number in range(1, count + 1)))
            await _ask(port, f"/updateReports?agent={_AGENT}")
        finally:
            await _end([server])


async def _ask(port: int, path: str) -> str:
    """What the fuzzing server says there; it may have to start first."""
    while True:
        try:
            async with connect(f"ws://127.0.0.1:{port}{path}", proxy=None) as line:
                told = "".join([str(text) async for text in line])
                return told
        except OSError:
            await asyncio.sleep(0.1)


async def _run_case(port: int, path: str) -> None:
    """One connection of the client half, until it is over."""
    place, options = Endpoint("127.0.0.1", port, path=path), make_transport("websocket").options
    half = _AnyText(place, "TOKEN", cursor=None, rng=Random(1), options=options)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        half.start(0)
        half.connection_made(0)
        writer.write(half.data_to_send())
        while half.holds_connection and (data := await reader.read(65_536)):
            half.receive_data(data, 0)
            half.events_received()
            writer.write(half.data_to_send())
        with contextlib.suppress(OSError):
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _end(processes: Sequence[Any]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class _AnyText(load_transport("websocket").Client):  # type: ignore[misc]
    """The client half, for which every text is a message that it has no use for."""

    def _read_text(self, text: str | bytes) -> None:
        if isinstance(text, bytes):
            text.decode()
