"""The swarm's process: ``python -m pushlab.lab.swarm_process``, spoken to in lines of JSON.

Each line on standard input is a command ``{"id": n, "do": ..., ...}``; each is answered by a line
``{"id": n, ...}`` on standard output, some of them only when what they wait for has happened:

=============  ====================================================================================
``configure``  transport, options, seed, link, the certificate of the authority that signed the
               server's (or null), and the subscribers; answers at once
``start``      every subscriber begins; answers when the server has accepted all
``reach``      ``heads``: answers when every subscriber of channel i has message ``heads[i]``
``begin``      rows count from here; notes the counters at ``start_ns`` and at ``end_ns``
``status``     the counters now
``finish``     writes the rows to ``path`` and answers with the figures
``leave``      every subscriber says goodbye; answers with all hits when the connections are closed
=============  ====================================================================================

Tokens come this way so that none stands in an argument list. The process ends when its standard
input does, so it never outlives its parent.
"""

import asyncio
import contextlib
import gc
import json
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from pushlab.contract.events import Closed
from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint
from pushlab.errors import PushlabError
from pushlab.lab.swarm import Swarm
from pushlab.runs import Link
from pushlab.wire.tls import client_context

__all__ = ["SwarmServer", "main"]

_LEAVE_S = 3.0


class SwarmServer:
    """Carries out commands.

    Args:
        write: takes an answer.
    """

    def __init__(self, write: Callable[[dict[str, Any]], None]) -> None:
        self._write = write
        self._swarm: Swarm | None = None
        self._moments: dict[str, dict[str, Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, line: bytes) -> None:
        """Begin to carry out one command."""
        command = json.loads(line)
        task = asyncio.ensure_future(self._carry_out(command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, command: dict[str, Any]) -> None:
        do: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]] = getattr(
            self, f"_do_{command['do']}"
        )
        try:
            answer = await do(command)
        except PushlabError as error:
            answer = {"error": type(error).__name__, "text": str(error)}
        except Exception as error:
            answer = {"error": type(error).__name__, "text": f"{type(error).__name__}: {error}"}
        self._write({"id": command["id"], **answer})

    @property
    def swarm(self) -> Swarm:
        """The swarm, once it is configured."""
        assert self._swarm is not None, "configure first"
        return self._swarm

    async def _do_configure(self, command: dict[str, Any]) -> dict[str, Any]:
        transport = make_transport(command["transport"], command["options"])
        authority = command["authority"]  # a certificate; there is no secret in it
        self._swarm = swarm = Swarm(
            transport,
            seed=command["seed"],
            link=Link(**command["link"]),
            tls=client_context(authority) if authority else None,
        )
        for channel, token, endpoint in command["subscribers"]:
            details = {key: value for key, value in endpoint.items() if key != "url"}
            swarm.add(channel, Endpoint.from_url(endpoint["url"], details), token)
        swarm.on_closed = self._tell_closed
        gc.collect()
        gc.freeze()  # what stands now stays; the collector need not walk it
        return {"sans_io": transport.is_sans_io()}

    def _tell_closed(self, event: Closed) -> None:
        if self.swarm.closed == 1:
            self._write({"event": "closed", "reason": event.reason, "status": event.status})

    async def _do_start(self, command: dict[str, Any]) -> dict[str, Any]:
        self.swarm.start()
        await self.swarm.all_connected()
        return {"connected": self.swarm.connected}

    async def _do_reach(self, command: dict[str, Any]) -> dict[str, Any]:
        self.swarm.set_goal(command["heads"])
        await self.swarm.reached()
        return {"pending": 0}

    async def _do_begin(self, command: dict[str, Any]) -> dict[str, Any]:
        self.swarm.recorder.begin()
        for moment in ("start", "end"):
            delay_s = (command[f"{moment}_ns"] - time.monotonic_ns()) / 1e9
            self.swarm.loop.call_later(max(0.0, delay_s), self._note, moment)
        return {}

    def _note(self, moment: str) -> None:
        self._moments[moment] = self._now()

    def _now(self) -> dict[str, Any]:
        return {**self.swarm.recorder.snapshot(), "hits": self.swarm.hits()}

    async def _do_status(self, command: dict[str, Any]) -> dict[str, Any]:
        swarm = self.swarm
        return {
            "connected": swarm.connected,
            "closed": swarm.closed,
            "pending": swarm.pending,
            "deliveries": swarm.recorder.deliveries,
            "recent": swarm.recorder.recent(),
            "reasons": [reason for reason, _ in swarm.recorder.reasons.most_common(1)],
        }

    async def _do_leave(self, command: dict[str, Any]) -> dict[str, Any]:
        await self.swarm.leave(_LEAVE_S)
        return {"left_open": len(self.swarm.connections), "hits": self.swarm.hits()}

    async def _do_finish(self, command: dict[str, Any]) -> dict[str, Any]:
        recorder = self.swarm.recorder
        now = self._now()
        start = self._moments.get("start")
        end = self._moments.get("end", now)
        lags = recorder.loop_lag_s[start["lags"] if start else 0 : end["lags"]]
        return {
            "rows": recorder.write(Path(command["path"])),
            "start": start,
            "end": end,
            "now": now,
            "connected": self.swarm.connected,
            "closed": self.swarm.closed,
            "connect_s": recorder.connect_s,
            "reasons": dict(recorder.reasons.most_common(5)),
            "wire_duplicates": self.swarm.wire_duplicates(),
            "loop_lag_p99_s": sorted(lags)[int(len(lags) * 0.99)] if lags else None,
        }


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 30)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    out = sys.stdout.buffer

    def write(answer: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            out.write(json.dumps(answer).encode() + b"\n")
            out.flush()

    server = SwarmServer(write)
    while line := await reader.readline():
        server.take(line)


def main() -> None:
    """Serve commands until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(_serve())


if __name__ == "__main__":
    main()
