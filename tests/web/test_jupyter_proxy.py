"""The pages below JupyterHub's path, through the jupyter-server-proxy that Binder and hubs have."""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.web.people import expect
from tests.web.test_prefix import chat, lesson, race, watch


@pytest.fixture
def page(kept_page):
    return kept_page


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """A Jupyter server as a hub starts it for Ada: below a path, with a token."""
    pytest.importorskip("jupyter_server_proxy", reason="jupyter-server-proxy is not installed")
    folder = tmp_path_factory.mktemp("jupyter")
    port = free_port()
    ours = {f"JUPYTER_{kind}_DIR": str(folder) for kind in ("CONFIG", "RUNTIME", "DATA")}
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", f"--port={port}",
         "--ServerApp.port_retries=0", "--ServerApp.base_url=/user/ada/",
         "--IdentityProvider.token=secret", f"--ServerApp.root_dir={folder}"],
        env={**os.environ, **ours},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/user/ada"
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(f"{url}/api"):
            assert process.poll() is None, "Jupyter ended"
            assert time.monotonic() < deadline, "Jupyter did not start"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_S)
        process.kill()
        process.wait()


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S):
            return True
    except urllib.error.URLError:
        return False


def test_every_page_works_below_a_hub_and_so_does_each_lane_of_the_race(site, jupyter, page):
    url = f"{jupyter}/proxy/{urlsplit(site.url).port}"
    page.goto(f"{jupyter}/api?token=secret")  # as the hub has let her in
    missed = watch(page)
    lesson(page, url)
    chat(page, url)
    race(site, page, url, "short-polling", "long-polling", "sse", "websocket")
    expect(page.locator(".lane[data-transport=websocket] .seen")).to_contain_text(
        re.compile("One handshake")
    )
    assert missed == []
