"""``python -m benchmarks.attack``: a hub with a thousand good readers, attacked in many ways.

Each attack follows a quiet stretch of the same length. The exit status is 1 where a bound is
broken: the good readers' p99 during an attack below twice their quiet one, the hub's memory within
50 MiB, nobody's message lost.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from benchmarks.attack.attacks import ATTACKS
from benchmarks.attack.crowd import Crowd, Phase, gathered
from benchmarks.attack.report import Found, save, table
from benchmarks.harness.processes import pin, raise_descriptor_limit
from pushlab.contract.serving import HubSettings
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.systems.hub_api import HubApi

_HUB_CORE, _OTHERS_CORE = 0, 1
#: Less time for a head than is usual, for an attack shall see its end; and few messages are kept,
#: since what a channel keeps is not what an attack costs.
_SETTINGS = HubSettings(head_s=2.0, retain_messages=100)
_PAUSE_S = 0.5  # behind an attack, before the next quiet stretch begins
_FLOOD_CHANNEL = "attacked"
_FLOOD = "y" * 30_000
_FLOODS_PER_S = 40


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack", description=__doc__)
    parser.add_argument("--readers", type=int, default=1_000, help="good readers (1000)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each stretch (5)")
    parser.add_argument("--rounds", type=int, default=3, help="of all attacks (3)")
    parser.add_argument("--only", default="", help="these attacks, by name, with commas")
    parser.add_argument("--list", action="store_true", help="list the attacks")
    parser.add_argument("--no-save", action="store_true", help="write no result")
    parser.add_argument("--out", type=Path, help="the result's folder")
    return parser.parse_args()


class Memory:
    """The hub's resident memory, looked at now and then."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.start = self.most = self.now()

    def now(self) -> int:
        """In bytes."""
        return int(self._process.memory_info().rss)

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            self.most = max(self.most, self.now())
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def _attacker(name: str, hub: HubProcess, told: dict[str, Any]) -> AsyncIterator[Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.attack.attacker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        pin(process.pid, _OTHERS_CORE)
        host, _, port = hub.url.partition("://")[2].rpartition(":")
        line = json.dumps({"attack": name, "host": host, "port": int(port), **told})
        assert process.stdin is not None
        process.stdin.write(line.encode() + b"\n")
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), 30)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _flood(api: HubApi, until: float) -> None:
    """Publish much to the channel that nobody reads but the attacker."""
    while time.monotonic() < until:
        await api.publish(_FLOOD_CHANNEL, _FLOOD)
        await asyncio.sleep(1 / _FLOODS_PER_S)


async def _refusals(api: HubApi) -> Counter[str]:
    return Counter((await api.ask("GET", "/v1/stats"))["refusals"])


async def _attack(
    name: str, hub: HubProcess, api: HubApi, crowd: Crowd, found: Found, span_s: float
) -> None:
    """A quiet stretch, then one under attack."""
    tokens = [
        one.token
        for one in await api.admit("sse", [(f"attacker-{i}", 0, _FLOOD_CHANNEL) for i in range(20)])
    ]
    async with _attacker(name, hub, {"tokens": tokens, "seconds": span_s}) as process:
        found.quiet.append(Phase())
        await crowd.publish_for(span_s, found.quiet[-1])
        memory, before = Memory(hub.pid), await _refusals(api)
        watching = asyncio.ensure_future(memory.watch())
        process.stdin.write(b"go\n")
        flooding = None
        if ATTACKS[name].floods_readers:
            flooding = asyncio.ensure_future(_flood(api, time.monotonic() + span_s))
        found.attacked.append(Phase())
        await crowd.publish_for(span_s, found.attacked[-1])
        told = json.loads(await asyncio.wait_for(process.stdout.readline(), 30) or b"{}")
        if flooding is not None:
            await flooding
        watching.cancel()
    found.answers.update(told.get("answers", {}))
    found.connections += told.get("connections", 0)
    found.sent_bytes += told.get("sent_bytes", 0)
    found.refusals.update(await _refusals(api) - before)
    found.grown_bytes = max(found.grown_bytes, memory.most - memory.start)
    await asyncio.sleep(_PAUSE_S)


async def _run(arguments: argparse.Namespace, names: Sequence[str], console: Console) -> int:
    raise_descriptor_limit()
    with contextlib.suppress(PermissionError, AttributeError):
        # For hub and readers too, which are children: what else runs here shall not count.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    names = list(names)
    found = {name: Found(ATTACKS[name].words) for name in names}
    config = HubConfig(
        api_key=secrets.token_urlsafe(24),
        settings=_SETTINGS,
        transports={name: {} for name in ("short-polling", "long-polling", "sse", "websocket")},
    )
    async with await start_hub(config) as hub:
        pin(hub.pid, _HUB_CORE)
        api = HubApi(hub.url, hub.api_key)
        channels = max(1, arguments.readers // 10)
        readers = channels * 10
        console.print(f"{readers:,} readers connect", highlight=False)
        async with gathered(
            api, readers=readers, channels=channels, per_s=channels, core=_OTHERS_CORE
        ) as crowd:
            await crowd.publish_for(2, Phase())  # warm-up
            memory = Memory(hub.pid)
            for round_ in range(arguments.rounds):
                for name in names:
                    with console.status(f"{round_ + 1}/{arguments.rounds}: {name}"):
                        await _attack(name, hub, api, crowd, found[name], arguments.seconds)
            grown_bytes = memory.now() - memory.start
            await crowd.finish()
        console.print(table(found))
        log = hub.log
    whole = {
        "readers": readers,
        "seconds": arguments.seconds,
        "rounds": arguments.rounds,
        "messages_per_s": channels,
        "hub_grown_bytes": grown_bytes,
        "wrong": crowd.wrong,
        "hub_log": log.splitlines()[-50:],
    }
    broken = [f"{name}: {each}" for name, one in found.items() for each in one.broken(found)]
    if crowd.wrong:
        broken.append(f"{crowd.wrong} connections lost, messages doubled, out of order or gaps")
    for line in broken:
        console.print(f"broken: {line}", style="red", highlight=False)
    if not arguments.no_save:
        console.print(f"Result: {save(found, whole, broken, arguments.out)}", highlight=False)
    return 1 if broken else 0


def main() -> int:
    """Attack; the exit status: 0 all bounds held, 1 one is broken, 2 a wrong argument."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 160)
    if arguments.list:
        for name, attack in ATTACKS.items():
            console.print(f"{name:<14}{attack.words}", highlight=False)
        return 0
    names = [name.strip() for name in arguments.only.split(",") if name.strip()] or list(ATTACKS)
    for name in names:
        if name not in ATTACKS:
            console.print(f"no attack {name!r}; there are: {', '.join(ATTACKS)}", highlight=False)
            return 2
    if arguments.readers < 10 or arguments.seconds < 1 or arguments.rounds < 1:
        console.print("--readers must be at least 10, --seconds and --rounds at least 1")
        return 2
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_run(arguments, names, console))
    return 130


if __name__ == "__main__":
    sys.exit(main())
