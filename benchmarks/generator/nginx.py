"""nginx as the server of polls: it gives the hub's own answer to a poll that finds nothing.

The hub answers fewer polls than the fastest generators ask, which would then sleep between two
answers and be charged for waking up. nginx keeps every generator busy.
"""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks.harness.model import NotRun
from benchmarks.harness.processes import CORES, pin

__all__ = ["CURSOR", "nginx"]

#: Where every poll of this benchmark stands.
CURSOR = "4f1c9a02-17"

_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /v1/poll {{
      add_header Cache-Control no-store;
      add_header Pushlab-Cursor {cursor};
      return 204;
    }}
  }}
}}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def nginx(*, core: int) -> AsyncIterator[tuple[str, int]]:
    """A fresh nginx with one worker: its URL and its process id.

    Raises:
        NotRun: it is not installed, or does not start.
    """
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        raise NotRun("nginx, which serves this benchmark, is not installed")
    with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as name:
        port = _free_port()
        config = Path(name) / "nginx.conf"
        config.write_text(_CONFIG.format(folder=name, port=port, cursor=CURSOR))
        process = await asyncio.create_subprocess_exec(
            program,
            "-c",
            str(config),
            "-p",
            name,
            "-e",
            "stderr",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                if process.returncode is not None:
                    raise NotRun(f"nginx ended at once ({process.returncode})")
                await asyncio.sleep(0.02)
            else:
                raise NotRun("nginx does not listen")
            if len(CORES) > 1:
                pin(process.pid, core)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
