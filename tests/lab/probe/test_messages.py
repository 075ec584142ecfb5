"""What holds events back on the way is found with a real nginx, as it is and as it should be."""

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pushlab.lab.probe.findings import Found
from pushlab.lab.probe.probe import probe_system
from pushlab.lab.probe.trying import ProbeSettings
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.launch import launch, until_ready
from pushlab.systems.spec import Publish, Speech, SystemSpec
from tests.lab.probe.small_servers import serving
from tests.patience import PATIENCE_S
from tests.ports import free_port

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
SPEAKS = {"sse": Speech(path="/sse/{channel}", last_id="id")}
CONFIGURATION = """
daemon off; pid {scratch}/pid; error_log stderr;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {scratch}/a; proxy_temp_path {scratch}/b; fastcgi_temp_path {scratch}/c;
  uwsgi_temp_path {scratch}/d; scgi_temp_path {scratch}/e;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {behind}; proxy_http_version 1.1; }}
  }}
}}
"""

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@contextlib.asynccontextmanager
async def nginx_before(url: str) -> AsyncIterator[str]:
    """An nginx that passes everything on to `url`; its own URL."""
    scratch, port = Path(tempfile.mkdtemp(prefix="pushlab-nginx-")), free_port()
    told = CONFIGURATION.format(scratch=scratch, port=port, behind=url)
    (scratch / "nginx.conf").write_text(told)
    command = f"{NGINX} -p {scratch} -c {scratch}/nginx.conf -e stderr"
    process = await launch(command, name="nginx", scratch=scratch)
    try:
        here = f"http://127.0.0.1:{port}"
        await until_ready(process, here, "", PATIENCE_S)
        yield here
    finally:
        await process.stop()


async def found_behind_nginx(wait_s: float, **headers: str) -> Found:
    async with serving(headers=headers) as server, nginx_before(server.url) as url:
        publish = Publish(path="/publish/{channel}", body='{"text": "{message}"}')
        spec = SystemSpec(url=url, publish=publish, speaks=SPEAKS)
        settings = ProbeSettings(listen_s=0.0, wait_s=wait_s)
        result = await probe_system(DeclaredSystem.of(spec), settings)
    return result.found[0]


async def test_a_proxy_that_buffers_lets_go_when_enough_has_come():
    seen = await found_behind_nginx(1.0)
    assert seen.delivered is not None
    assert (seen.delivered.came, seen.delivered.held_back) == (True, True)
    assert seen.delivered.pressed_bytes
    assert seen.answer is not None
    assert "nginx" in seen.answer.headers["server"]


async def test_one_that_is_told_not_to_buffer_passes_events_on():
    seen = await found_behind_nginx(PATIENCE_S, **{"X-Accel-Buffering": "no"})
    assert seen.delivered is not None
    assert (seen.delivered.came, seen.delivered.held_back) == (True, False)
    assert not seen.delivered.pressed_bytes
    assert seen.resumed is not None
    assert seen.resumed.came == 2
