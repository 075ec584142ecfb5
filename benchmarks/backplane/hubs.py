"""The hubs that are compared: as before backplanes, with `memory`, with `redis`, and N of them.

A hub as before runs from a copy of the code of an older commit, which git makes; whoever measures
it is the code of now. Redis runs beside the generator, not beside the hub.
"""

import asyncio
import contextlib
import io
import json
import os
import re
import secrets
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import psutil

from benchmarks.harness.model import NotRun
from benchmarks.harness.processes import pin
from benchmarks.hub.servers import HubServer
from benchmarks.hub.work import GENERATOR_CORE, SERVER_CORE
from pushlab.child_environment import child_environment
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import BackplaneUnavailable
from pushlab.hub.backplane.redis_server import RedisServer
from pushlab.hub.process import HubConfig, start_hub

__all__ = ["BEFORE", "copy_of", "own_redis", "running_hub", "running_workers"]

#: The last commit whose hub knew of no backplane.
BEFORE = "f3316933"
_TRANSPORTS = ("short-polling", "long-polling", "sse", "websocket")
_START_S = 30.0


def copy_of(commit: str, place: Path) -> Path:
    """The code of a commit, below `place`. Raises NotRun: git does not have it."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        ["git", "-C", str(root), "archive", commit, "pushlab"], capture_output=True, check=False
    )
    if done.returncode:
        raise NotRun(f"git has no commit {commit} here, so there is no hub of before")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as packed:
        packed.extractall(place, filter="data")
    return place


@contextlib.contextmanager
def own_redis() -> "contextlib.Iterator[RedisServer]":
    """A Redis of this benchmark's own, on the generator's core. Raises NotRun: there is none."""
    try:
        server = RedisServer()
    except BackplaneUnavailable as error:
        raise NotRun(str(error)) from error
    with server as redis:
        pin(redis.pid, GENERATOR_CORE)
        yield redis


def fresh_place(redis: RedisServer) -> str:
    """A URL with a prefix that no other hub has."""
    return f"{redis.url}?prefix=bench-{secrets.token_hex(4)}"


@contextlib.asynccontextmanager
async def running_hub(
    *, backplane: str = "memory", code: Path | None = None
) -> AsyncIterator[HubServer]:
    """A fresh hub on a core of its own; `code`: of another commit."""
    keys = TokenKeys.fresh()
    transports: dict[str, dict[str, object]] = {name: {} for name in _TRANSPORTS}
    config = HubConfig(keys=keys.export(), transports=transports, backplane=backplane)
    process = None if code is None else await _other_code(code)
    hub = await start_hub(config, process=process)
    try:
        pin(hub.pid, SERVER_CORE)
        yield HubServer(hub.url, [hub.pid], hub.api_key, keys)
    finally:
        await asyncio.shield(hub.stop())


async def _other_code(code: Path) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pushlab.hub",
        cwd=code,
        env=child_environment(PYTHONPATH=str(code)),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        start_new_session=True,
    )


@contextlib.asynccontextmanager
async def running_workers(workers: int, redis: RedisServer) -> AsyncIterator[HubServer]:
    """`pushlab serve --workers`: as many hubs on one port; its `pids` are those of the hubs.

    Raises:
        RuntimeError: it did not start.
    """
    keys, api_key = TokenKeys.fresh(), secrets.token_urlsafe(24)
    own = {
        "PUSHLAB_API_KEY": api_key,
        "PUSHLAB_KEYS": json.dumps(keys.export()),
        "PUSHLAB_BACKPLANE": fresh_place(redis),
    }
    command = ["-m", "pushlab", "serve", "--port", "0", "--broker", "none", "--no-pages"]
    command += ["--workers", str(workers)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env={**os.environ, **own},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_START_S):
            url = await _url_of(process)
        main = psutil.Process(process.pid)
        hubs = [child.pid for child in main.children()] if workers > 1 else []
        yield HubServer(url, hubs or [main.pid], api_key, keys)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _url_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        if found := re.search(r"hub on (http://\S+)", line):
            return found[1]
    raise RuntimeError("pushlab serve did not start")
