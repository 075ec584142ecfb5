"""Short polls per CPU second of the client, asked as fast as the client can."""

import asyncio
import contextlib
import json
import re
import tempfile
import time
from pathlib import Path

from benchmarks.generator.nginx import CURSOR, nginx
from benchmarks.generator.swarm import measure_window, running_swarm
from benchmarks.harness.model import OWN, Benchmark, Contender, Goal, Sample
from benchmarks.harness.processes import cpu_of, program_missing, start_child
from pushlab.systems.system import Admission

__all__ = ["Polls"]

_CLIENTS = 100
_CONNECT_S = 30.0
_WARM_S = 0.5
_TOKEN = "k1a2b3." + "x" * 86 + "." + "y" * 43  # as long as a real one; nginx asks for none
_PLACE = "/v1/poll"
_PATH = f"{_PLACE}?after={CURSOR}"
_GENERATOR, _SERVER = 0, 1  # cores


class Polls(Benchmark):
    """nginx gives the same empty answer to everybody."""

    name = "polls"
    title = "Short polls per generator CPU-second"
    unit = "polls/CPU-s"
    setting = (
        f"{_CLIENTS} clients, each asking again as soon as it has its answer (pushlab: by a clock"
        " of 1 ms), against one nginx worker that answers 204 with the cursor; generator and"
        " server on a core each."
    )
    contenders = (
        Contender(name=OWN, title="pushlab", packages=("pushlab", "httptools", "uvloop")),
        Contender(name="aiohttp", title="aiohttp", packages=("aiohttp",)),
        Contender(name="httpx", title="httpx", packages=("httpx",)),
        Contender(
            name="locust", title="Locust FastHttpUser", packages=("locust", "geventhttpclient")
        ),
        Contender(
            name="wrk", title="wrk", packages=("wrk",), bound=True, missing=program_missing("wrk")
        ),
    )
    goals = (Goal(beside="locust", least=8.0), Goal(beside="aiohttp", least=4.0))

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """One sample against a fresh nginx."""
        async with nginx(core=_SERVER) as (url, server):
            if contender.name == OWN:
                return await _pushlab(url, server, seconds)
            if contender.name == "wrk":
                return await _wrk(url, server, seconds)
            return await _peer(contender.name, url, server, seconds)


async def _pushlab(url: str, server: int, seconds: float) -> Sample:
    admissions = [Admission(_TOKEN, 0, {"url": url + _PLACE})] * _CLIENTS
    options = {"interval_s": 0.001}
    async with running_swarm("short-polling", options, admissions, core=_GENERATOR) as swarm:
        await measure_window(swarm, _WARM_S)
        before = cpu_of(server)
        window = await measure_window(swarm, seconds)
        if window.wrong or set(window.hits) - {"connect", "poll-empty"}:
            raise RuntimeError(f"not what was asked for: {window}")
        polls = window.hits["poll-empty"]
        return Sample.rate(polls, window.cpu_s, window.wall_s, server_cpu_s=cpu_of(server) - before)


async def _peer(name: str, url: str, server: int, seconds: float) -> Sample:
    work = {"url": url, "path": _PATH, "cursor": CURSOR, "token": _TOKEN, "clients": _CLIENTS}
    with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:
        path = Path(folder) / "work.json"
        path.write_text(json.dumps(work))
        script = f"benchmarks.peers.polls_{name}"
        async with start_child(["-m", script, "{board}", str(path)], core=_GENERATOR) as child:
            board = child.board
            await child.until(lambda: board.work >= 5 * _CLIENTS, _CONNECT_S, "first answers")
            start = board.work + max(_CLIENTS, board.work // 2)  # a little more to warm up
            await child.until(lambda: board.work >= start, _CONNECT_S, "warming up")
            work_0, cpu_0, server_0, wall_0 = (
                board.work,
                cpu_of(child.pid),
                cpu_of(server),
                time.monotonic(),
            )
            await child.until(
                lambda: time.monotonic() >= wall_0 + seconds, 2 * seconds + 10, "the window"
            )
            done, cpu_s = board.work - work_0, cpu_of(child.pid) - cpu_0
            if board.errors:
                raise RuntimeError(f"{board.errors} answers were not as expected")
            return Sample.rate(
                done, cpu_s, time.monotonic() - wall_0, server_cpu_s=cpu_of(server) - server_0
            )


async def _wrk(url: str, server: int, seconds: float) -> Sample:
    command = ["wrk", "-t1", f"-c{_CLIENTS}", f"-d{seconds:.0f}s", "-H"]
    command += [f"Authorization: Bearer {_TOKEN}", url + _PATH]
    async with start_child(command, core=_GENERATOR) as child:
        before, wall_0, cpu_s, wall_s = cpu_of(server), time.monotonic(), 0.0, 0.0
        with contextlib.suppress(RuntimeError):  # it has ended; what was read last counts
            while not child.ended:
                cpu_s, wall_s = cpu_of(child.pid), time.monotonic() - wall_0
                await asyncio.sleep(0.005)
        spent = cpu_of(server) - before
        await child.wait()
        told = re.search(r"(\d+) requests in", child.log)
        if told is None or "Non-2xx" in child.log or "Socket errors" in child.log:
            raise RuntimeError(f"wrk said: {child.log}")
        return Sample.rate(int(told[1]), cpu_s, wall_s, server_cpu_s=spent)
