"""nginx with the nchan module as a child: one worker, a free port, and nothing on disk but a folder
that goes with it.

nchan (https://nchan.io) keeps its channels in the worker's memory, as the hub does. It is set up to
do what the hub does: messages are kept for an hour, at most 1,000 of them, and a new subscriber
begins with what is published from now on.
"""

import asyncio
import contextlib
import os
import resource
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import psutil

from benchmarks.harness.model import NotRun
from benchmarks.harness.processes import pin
from pushlab.wire.http_client import HttpConnection, connect_http

__all__ = ["Nchan", "find_module", "missing", "running_nchan"]

_MODULES = (
    "/usr/lib/nginx/modules/ngx_nchan_module.so",
    "/usr/lib64/nginx/modules/ngx_nchan_module.so",
    "/usr/local/lib/nginx/modules/ngx_nchan_module.so",
    "/opt/homebrew/lib/nginx/modules/ngx_nchan_module.so",
)
_PROGRAMS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin"
_START_S = 5.0
_STOP_S = 5.0

_CONFIG = """
load_module {module};
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  nchan_shared_memory_size 128M;
  nchan_message_buffer_length 1000;
  nchan_message_timeout 1h;
  server {{
    nchan_subscriber_first_message newest;
    listen 127.0.0.1:{port} backlog=4096;
    location = /publish {{ nchan_publisher; nchan_channel_id bench; }}
    location = /poll {{ nchan_subscriber interval-poll; nchan_channel_id bench; }}
    location = /long {{ nchan_subscriber longpoll; nchan_channel_id bench; }}
    location = /sse {{ nchan_subscriber eventsource; nchan_channel_id bench; }}
    location = /socket {{ nchan_subscriber websocket; nchan_channel_id bench; }}
  }}
}}
"""


def find_module() -> str | None:
    """Where nchan's module lies."""
    return next((path for path in _MODULES if Path(path).is_file()), None)


def _find_nginx() -> str | None:
    return shutil.which("nginx", path=_PROGRAMS)


def missing() -> str | None:
    """Why nchan cannot run here, or None."""
    if _find_nginx() is None:
        return "nginx is not installed (Debian: apt install nginx libnginx-mod-nchan)"
    if find_module() is None:
        return "nginx has no nchan module (Debian: apt install libnginx-mod-nchan)"
    return None


class Nchan:
    """A running nginx with nchan.

    Attributes:
        url: where it listens, as ``http://host:port``.
        pids: of master and worker.
    """

    def __init__(self, url: str, pids: list[int]) -> None:
        self.url = url
        self.pids = pids


async def _until_it_listens(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    for _ in range(int(_START_S / 0.02)):
        if process.returncode is not None:
            said = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
            raise NotRun(f"nginx ended at once: {said[-1] if said else process.returncode}")
        with contextlib.suppress(Exception):
            connection: HttpConnection = await connect_http(url)
            connection.close()
            return
        await asyncio.sleep(0.02)
    raise NotRun("nginx does not listen")


@contextlib.asynccontextmanager
async def running_nchan(*, core: int) -> AsyncIterator[Nchan]:
    """A fresh nginx on a core of its own.

    Raises:
        NotRun: it is not installed, or does not start.
    """
    if reason := missing():
        raise NotRun(reason)
    program, module = _find_nginx(), find_module()
    assert program is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if descriptors == resource.RLIM_INFINITY:
        descriptors = 65_536
    with tempfile.TemporaryDirectory(prefix="pushlab-nchan-") as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(
            _CONFIG.format(
                module=module,
                # A master that runs as root gives its worker to somebody who may not enter here.
                user="user root;" if os.geteuid() == 0 else "",
                folder=folder,
                port=port,
                descriptors=descriptors,
                connections=min(descriptors, 20_000) - 64,
            )
        )
        process = await asyncio.create_subprocess_exec(
            program,
            *("-c", str(config), "-p", folder, "-e", f"{folder}/error.log"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            await _until_it_listens(url, process, Path(folder) / "error.log")
            workers: list[psutil.Process] = []
            while not workers:  # the master listens before it has one
                await asyncio.sleep(0.01)
                workers = psutil.Process(process.pid).children()
            pin(process.pid, core)
            yield Nchan(url, [process.pid, *(worker.pid for worker in workers)])
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
