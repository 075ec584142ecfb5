"""One application, running: a hub by `pushlab serve`, Python 2.7 with the application, Chromium."""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.model import NotRun
from conformance.old_applications.catalogue import Application
from conformance.old_applications.checkout import copy_out

__all__ = ["Stage", "on_stage", "python27"]

_PLATFORM = Path(__file__).with_name("platform27.py")
_START_S = 30.0
_FACES = re.compile(r"pushlab hub on (http\S+)")


def python27(libraries: Path) -> str:
    """The Python 2.7 for which that folder has webapp2 and its like. Raises NotRun."""
    program = libraries.with_name("python2.7")
    if not (program.exists() and (libraries / "webapp2.py").exists()):
        raise NotRun("there is no Python 2.7 with webapp2 (make conformance PYTHON27=/path/to/it)")
    return str(program)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass(slots=True)
class Stage:
    """An application that runs.

    Attributes:
        url: of the application.
        changed: how many lines of its sources were changed.
        log: the file of what it said.
        complaints: who saw a page's script fail, and how.
    """

    application: Application
    browser: Any
    url: str
    changed: int
    log: Path
    checkouts: Path
    complaints: list[tuple[str, str]] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def person(self, name: str, transport: str) -> AsyncIterator[Any]:
        """A browser's page of somebody who is signed in as `name`-`transport`."""
        who = f"{name}-{transport}"
        context = await self.browser.new_context()
        try:
            await context.add_cookies(
                [{"name": "user", "value": f"{who}@example.org", "url": self.url}]
            )
            for url, instead in self.application.elsewhere.items():
                body = instead.removeprefix("javascript:")
                if body == instead:
                    body = (self.checkouts / instead).read_text(encoding="utf-8")
                await context.route(url, _answering(body))
            page = await context.new_page()
            page.on("pageerror", lambda error: self.complaints.append((who, str(error))))
            yield page
        finally:
            await context.close()


def _answering(body: str) -> Any:
    async def answer(route: Any) -> None:
        await route.fulfill(status=200, content_type="application/javascript", body=body)

    return answer


@contextlib.asynccontextmanager
async def _running(
    command: Sequence[str], log: Path, *, folder: Path, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def _until_said(log: Path, pattern: re.Pattern[str]) -> str:
    async with asyncio.timeout(_START_S):
        while (found := pattern.search(log.read_text(errors="replace"))) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found[1]


@contextlib.asynccontextmanager
async def on_stage(
    application: Application, checkout: Path, browser: Any, room: Path, paths: Sequence[Path]
) -> AsyncIterator[Stage]:
    """Start a hub and the application; `paths` is what Python 2.7 gets to see. Raises NotRun."""
    program = python27(paths[0])
    key, port = secrets.token_urlsafe(24), _free_port()
    url = f"http://127.0.0.1:{port}"
    serve = ["serve", "--port", "0", "--fresh-keys", "--presence-url", url, "--allow-origin", url]
    async with contextlib.AsyncExitStack() as stack:
        log = room / "hub.log"
        await stack.enter_async_context(
            _running(
                [sys.executable, "-m", "pushlab", *serve],
                log,
                folder=room,
                environment={"PUSHLAB_API_KEY": key},
            )
        )
        hub = await _until_said(log, _FACES)
        folder, log = room / "application", room / "application.log"
        changed = copy_out(application, checkout, hub, folder)
        static = [word for each in application.static for word in ("--static", each)]
        minutes = application.token_minutes
        await stack.enter_async_context(
            _running(
                [program, str(_PLATFORM), *static, "--port", str(port), application.script],
                log,
                folder=folder,
                environment={
                    "PUSHLAB_HUB": hub,
                    "PUSHLAB_API_KEY": key,
                    "PYTHONPATH": os.pathsep.join(map(str, paths)),
                    **({"TOKEN_MINUTES": str(minutes)} if minutes else {}),
                },
            )
        )
        async with asyncio.timeout(_START_S):
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                await asyncio.sleep(0.05)
        yield Stage(application, browser, url, changed, log, checkout.parent)
