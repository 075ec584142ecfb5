import asyncio
import contextlib
import gc
import socket
import struct
import sys
import time
from pathlib import Path

import pytest

from pushlab.contract.tokens import TokenKeys
from pushlab.hub import serve as serving
from pushlab.hub.serve import serve
from tests.live_hub import config
from tests.patience import PATIENCE_S

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
)
COMERS = {
    "sse": "/v1/events?token={token} HTTP/1.1\r\n",
    "websocket": "/v1/socket?token={token} HTTP/1.1\r\n" + UPGRADE,
    "poll": "/v1/poll?token={token} HTTP/1.1\r\n",
    "refused": "/v1/events?token={token}x HTTP/1.1\r\n",
    "by uvicorn": "/healthz HTTP/1.1\r\n",
}
_CROWD = 10


@contextlib.asynccontextmanager
async def served():
    keys = TokenKeys.fresh()
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    running = asyncio.ensure_future(
        serve(config(keys=keys.export()), stop=stop, ready=url.set_result)
    )
    try:
        token = keys.issue(client_id="a", channel="a", duration_minutes=5, now=time.time())[0]
        yield await url, token
    finally:
        stop.set()
        await running
        gc.unfreeze()


async def come_and_go(url: str, head: str) -> None:
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {head}Host: 127.0.0.1:{port}\r\n\r\n".encode())
    assert await reader.readline()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def circles_behind(url: str, head: str) -> int:
    """How many objects of ours a crowd leaves that only a collector finds."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(_CROWD):
            await come_and_go(url, head)
        await asyncio.sleep(0.05)
        gc.collect()
        return sum(type(one).__module__.startswith("pushlab.hub") for one in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_who_has_come_and_gone_leaves_nothing_to_a_collector():
    """Else it stops everybody now and then, for the longer the more have come and gone."""
    async with served() as (url, token), asyncio.timeout(PATIENCE_S):
        for head in COMERS.values():  # what is made once is there
            await come_and_go(url, head.format(token=token))
        left = {
            name: await circles_behind(url, head.format(token=token))
            for name, head in COMERS.items()
        }
    assert max(left.values()) < _CROWD, left


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells it there")
def test_as_many_wait_to_be_accepted_as_is_said():
    with serving._listen(config()) as listener:
        told = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
    kernels = int(Path("/proc/sys/net/core/somaxconn").read_text())
    assert struct.unpack_from("I", told, 28)[0] == min(4_096, kernels)
