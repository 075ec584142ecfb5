"""Chromium by the DevTools protocol over a pair of pipes: started, asked, ended.

A driver such as Playwright has every request and every frame of its pages told to a process of its
own, which would take part in what is measured. Here nothing is asked but what stands below, and a
pipe, unlike a port, is open to nobody else.

The protocol: https://chromedevtools.github.io/devtools-protocol/. A message is JSON, then a zero.
"""

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pushlab.child_environment import child_environment
from pushlab.errors import BrowserUnavailable

__all__ = ["BrowserFailed", "DevTools", "browser_version", "find_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_START_S = 30.0
_LIMIT = 1 << 30
_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--no-first-run",
    "--no-startup-window",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--password-store=basic",
    # A page that nobody looks at must run its timers as one that somebody looks at.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # The page is the laboratory's own and the server is on loopback: nobody is to be protected.
    "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
)


class BrowserFailed(Exception):
    """Chromium did not do what it was asked; the text is why."""


def find_browser() -> str:
    """The path of the installed Chromium. Raises BrowserUnavailable."""
    for name in _NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    raise BrowserUnavailable(
        f"no Chromium is installed (looked for {', '.join(_NAMES)}); install it ('apt install"
        " chromium') or leave out --client browser"
    )


def browser_version() -> str:
    """What the installed Chromium calls itself, such as ``Chromium 130.0.6723.91``.

    Raises:
        BrowserUnavailable: there is none, or it does not run.
    """
    path = find_browser()
    try:
        with tempfile.TemporaryDirectory(prefix="pushlab-browser-") as folder:
            told = subprocess.run(
                [path, "--version"],
                capture_output=True,
                text=True,
                timeout=_START_S,
                check=True,
                env=_environment(folder),
            ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise BrowserUnavailable(f"{path} does not run: {error}") from error
    words = told.split()
    return " ".join(words[: next((i + 1 for i, w in enumerate(words) if w[:1].isdigit()), 1)])


def _environment(folder: str) -> dict[str, str]:
    """The environment, with a place of its own for what Chromium leaves."""
    return child_environment(XDG_CONFIG_HOME=folder, XDG_CACHE_HOME=folder, TMPDIR=folder)


class DevTools:
    """A running Chromium; start it with `launch`.

    Attributes:
        on_event: called with (method, parameters, session) for each event.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._out: asyncio.WriteTransport | None = None
        self.on_event: Callable[[str, dict[str, Any], str], None] = lambda *_: None

    @classmethod
    async def launch(cls, folder: Path) -> "DevTools":
        """Start Chromium with its profile in `folder`. Raises BrowserUnavailable, BrowserFailed."""
        program = find_browser()
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        # Chromium reads its descriptor 3 and writes to 4; away with these from such low numbers.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (theirs_in, theirs_out)]

        def arrange() -> None:
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        try:
            process = subprocess.Popen(  # noqa: ASYNC220 - it forks, and nothing else
                [program, *_FLAGS, *sandbox, f"--user-data-dir={folder}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(str(folder)),
                pass_fds=(3, 4),
                preexec_fn=arrange,
            )
        except OSError as error:
            raise BrowserUnavailable(f"{program} does not run: {error}") from error
        finally:
            for fd in (theirs_in, theirs_out, *high):
                os.close(fd)
        tools = cls(process)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_LIMIT)
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours_in, "rb", 0)
        )
        tools._out, _ = await loop.connect_write_pipe(
            asyncio.BaseProtocol, os.fdopen(ours_out, "wb", 0)
        )
        tools._reading = asyncio.ensure_future(tools._read(reader))
        try:
            await asyncio.wait_for(tools.ask("Browser.getVersion"), _START_S)
        except TimeoutError:
            raise BrowserFailed(f"{program} did not answer within {_START_S:g} s") from None
        return tools

    async def ask(
        self, method: str, parameters: dict[str, Any] | None = None, *, session: str = ""
    ) -> dict[str, Any]:
        """Send a command and wait for its result. Raises BrowserFailed."""
        self._next_id += 1
        number = self._next_id
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            if self._out is None or self._out.is_closing() or self._process.poll() is not None:
                raise BrowserFailed("Chromium has ended")
            self._out.write(json.dumps(message).encode() + b"\0")
            return await future
        finally:
            self._waiting.pop(number, None)

    async def evaluate(self, session: str, expression: str) -> Any:
        """The value of an expression, awaited if it is a promise. Raises BrowserFailed."""
        told = await self.ask(
            "Runtime.evaluate",
            {"expression": expression, "returnByValue": True, "awaitPromise": True},
            session=session,
        )
        if "exceptionDetails" in told:
            details = told["exceptionDetails"]
            text = details.get("exception", {}).get("description") or details.get("text", "")
            raise BrowserFailed(str(text).partition("\n")[0])
        return told["result"].get("value")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                message = json.loads((await reader.readuntil(b"\0"))[:-1])
                if "id" not in message:
                    told = message.get("params", {})
                    self.on_event(message["method"], told, message.get("sessionId", ""))
                    continue
                future = self._waiting.get(message["id"])
                if future is None or future.done():
                    continue
                if "error" in message:
                    future.set_exception(BrowserFailed(str(message["error"].get("message"))))
                else:
                    future.set_result(message["result"])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(BrowserFailed("Chromium has ended"))
