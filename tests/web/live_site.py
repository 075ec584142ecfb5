"""A real server with its site, for the tests of the browser side, and what they wait with."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pushlab.web
from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.hub.process import HubConfig
from pushlab.hub.reach.reach import ReachSettings
from tests.patience import PATIENCE_S

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
WEB = Path(pushlab.web.__file__).parent
#: Where `make web` puts the one front-end dependency.
MQTT_BUNDLE = WEB / "vendor" / "mqtt.esm.js"
BROWSER_TRANSPORTS = ("short-polling", "long-polling", "sse", "websocket", "mqtt")
_PROCESS = Path(__file__).parent / "site_process.py"


class Site:
    """A running server, seen from the application that owns its key.

    Attributes:
        url: where it listens; the same after a restart.
        api_key: the application's secret.
        keys: those with which it checks tokens.
    """

    def __init__(
        self,
        *,
        broker: str,
        settings: HubSettings,
        presence_url: str | None,
        reach: ReachSettings | None = None,
        allow_origins: tuple[str, ...] = (),
    ) -> None:
        self.api_key = secrets.token_urlsafe(24)
        self._settings = settings
        self._presence_url = presence_url
        self.reach = reach or ReachSettings()
        self._allow_origins = allow_origins
        self._broker = broker
        self._process: subprocess.Popen[str] | None = None
        self.keys = TokenKeys.fresh()
        self.url = ""

    # ---- its life ---------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, or start it again where it was: with the same keys and an empty log."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            told = self._try_to_start()
            if "url" in told:
                self.url = told["url"]
                return
            self.kill()
            # A client that dials a dead server may hold its port for a moment.
            if told.get("error") != "PortInUse" or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: {told}")
            time.sleep(0.1)

    def _try_to_start(self) -> dict[str, Any]:
        config = HubConfig(
            port=urlsplit(self.url).port or 0,
            api_key=self.api_key,
            keys=self.keys.export(),
            settings=self._settings,
            presence_url=self._presence_url,
            reach=self.reach,
            allow_origins=self._allow_origins,
        )
        self._process = subprocess.Popen(
            [sys.executable, str(_PROCESS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({**asdict(config), "broker_choice": self._broker})
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        return dict(json.loads(answer)) if answer else {"error": "it ended without a word"}

    def stop(self) -> None:
        """Stop it as its operator would: clients are told ``server-restart``."""
        if self._process is not None:
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE_S)
            self.kill()

    def kill(self) -> None:
        """``kill -9``; the broker goes with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            self._process = None

    # ---- the application's side -------------------------------------------------------------

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        secret: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """One request: status, headers (names in lower case), body. `body`: bytes, or JSON."""
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=raw, method=method)
        if raw is not None and not isinstance(body, bytes):
            request.add_header("Content-Type", "application/json")
        if secret is not None:
            request.add_header("Authorization", f"Bearer {secret}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE_S) as answer:
                told = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status, told, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                told = {name.lower(): value for name, value in error.headers.items()}
                return error.code, told, error.read()

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """A request with the API key that must be answered well."""
        status, _, answer = self.ask(method, path, body, secret=self.api_key)
        assert status < 300, (status, answer)
        return json.loads(answer)

    def token(self, client_id: str, channel: str | None = None) -> str:
        """A token for two hours, made by the server."""
        body = {"client_id": client_id, "channel": channel}
        return str(self.api("POST", "/v1/channels", body)["token"])

    def signed(
        self, client_id: str, channel: str, *, life_s: float, keys: TokenKeys | None = None
    ) -> str:
        """A token that ends in `life_s` seconds, signed with the server's keys or with others."""
        grant = Grant(client_id, channel, time.time() + life_s, secrets.token_hex(8))
        return (keys or self.keys).sign(grant)[0]

    def publish(self, channel: str, text: str) -> int:
        """Publish; the message's seq."""
        path = f"/v1/channels/{quote(channel, safe='')}/messages"
        return int(self.api("POST", path, text.encode())["seq"])

    def publish_all(self, channel: str, texts: Sequence[str]) -> None:
        """Publish many at once."""
        self.api("POST", "/v1/messages", [{"channel": channel, "data": text} for text in texts])

    def present(self, channel: str) -> list[str]:
        """The client IDs that are there now."""
        return list(self.api("GET", f"/v1/channels/{quote(channel, safe='')}/presence")["present"])

    def hits(self, transport: str) -> dict[str, int]:
        """The hits that the server has counted for a transport, by kind."""
        return dict(self.api("GET", "/v1/stats")["hits"].get(transport, {}))


def until(true: Callable[[], Any], what: str, *, limit_s: float = PATIENCE_S) -> None:
    """Wait until `true()` is."""
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, f"not within {limit_s:g} s: {what}"
        time.sleep(0.1)  # each look is work for the browser


def chromium_arguments() -> list[str]:
    """Chromium's command, so that it stays by itself."""
    return [
        CHROMIUM,
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]


#: What the browser itself says of requests that fail, which is no page's error.
_BROWSERS_OWN = ("Failed to load resource", "WebSocket connection to")


def watch_errors(page: Any, errors: list[str]) -> None:
    """Note what a page reports: uncaught errors, and errors on the console."""

    def on_console(said: Any) -> None:
        if said.type == "error" and not said.text.startswith(_BROWSERS_OWN):
            errors.append(said.text)

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", on_console)
