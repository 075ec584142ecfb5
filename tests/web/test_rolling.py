"""A day in the open, in a minute: a hub behind nginx, below a prefix, over TLS, and a chat in three
browsers, while hub, proxy and broker are killed and started again. Nobody loses a message, and
nobody logs in again.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.docs.proxies import API_KEY, running_proxy
from tests.ports import free_port
from tests.web.live_site import MQTT_BUNDLE, until
from tests.web.people import carry_by, expect, line_over, people

pytestmark = pytest.mark.soak

CARRIED_BY = {"Ada": "sse", "Grace": "websocket", "Lin": "mqtt"}
TEXTS = ".said:not(.underway) .text"


class Server:
    """`pushlab serve`, that is killed and started again where it was."""

    def __init__(self, folder: Path, public_url: str, broker: str) -> None:
        self.port = free_port()
        self._command = [
            *(sys.executable, "-m", "pushlab", "serve", "--port", str(self.port)),
            *("--keep", str(folder / "kept.sqlite"), "--public-url", public_url),
            *("--broker", broker),
        ]
        self._environment = {
            **os.environ,
            "PUSHLAB_API_KEY": API_KEY,
            "XDG_STATE_HOME": str(folder),
        }
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, env=self._environment, text=True
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "Ctrl-C stops it" in line:
                return
        raise AssertionError("pushlab serve did not start")

    def kill_broker(self) -> None:
        """End the broker alone, without a word."""
        assert self._process is not None
        [broker] = [
            child
            for child in psutil.Process(self._process.pid).children(recursive=True)
            if child.name() == "mosquitto"
        ]
        broker.kill()

    def end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.communicate()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    for program in ("nginx", "mosquitto"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: apt install {program})")
    if not MQTT_BUNDLE.exists():
        pytest.skip("mqtt for the browser is not installed (make web, which needs npm)")
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes()
    folder, port = tmp_path_factory.mktemp("rolling"), free_port()
    server = Server(folder, f"https://localhost:{port}/hub", "mosquitto")
    server.start()
    try:
        with running_proxy(
            "nginx",
            hub=f"127.0.0.1:{server.port}",
            folder=folder / "nginx",
            certificate=leaf,
            silence_s=150,
            port=port,
        ) as proxy:
            yield server, proxy
    finally:
        server.end(signal.SIGTERM)


def say(page: Any, words: str) -> None:
    page.fill("#text", words)
    page.press("#text", "Enter")


def test_nobody_loses_a_message_or_logs_in_again(browser: Any, story: Any) -> None:
    server, proxy = story
    said: list[str] = []
    with people(browser, "https://localhost") as some:
        pages = {
            name: some.page(f"{proxy.url}/chat?room=story", ignore_https_errors=True)
            for name in CARRIED_BY
        }
        for name, page in pages.items():
            page.fill("#name", name)
            page.click("#join button")
            carry_by(page, CARRIED_BY[name])
            expect(page.locator("#state")).to_have_text(line_over(CARRIED_BY[name]))
        ids = {name: client_id(page) for name, page in pages.items()}

        def everybody_says(when: str) -> None:
            for name, page in pages.items():
                said.append(f"{name}, {when}")
                say(page, said[-1])
                expect(page.locator(".underway")).to_have_count(0)
            for name, page in pages.items():
                until(
                    lambda page=page: page.locator(TEXTS).count() >= len(said),
                    f"{name} hears all that was said {when}",
                )
                assert page.locator(TEXTS).all_inner_texts() == said, name

        everybody_says("at first")
        for number in range(2):
            server.end(signal.SIGKILL)
            server.start()
            everybody_says(f"after kill -9, {number}")
        proxy.reload()
        everybody_says("after nginx reloaded")
        server.kill_broker()
        everybody_says("after the broker was killed")
        server.end(signal.SIGTERM)
        server.start()
        everybody_says("after an orderly restart")
        assert {name: client_id(page) for name, page in pages.items()} == ids
        for page in pages.values():
            expect(page.locator("#inside")).to_be_visible()
            expect(page.locator(".gap")).to_have_count(0)


def client_id(page: Any) -> str:
    """Whom the token in the tab names; its payload is readable."""
    kept = page.evaluate("JSON.stringify(Object.values(sessionStorage))")
    token = next(json.loads(one)["token"] for one in json.loads(kept) if '"token"' in one)
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))[0])
