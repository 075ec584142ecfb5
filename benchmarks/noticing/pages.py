"""Pages in a real Chromium, each with a channel over every transport, and three ways to end them.

The browser's machine is a network namespace behind a cable. A page is of the hub's own origin and
has the script line of 2011; what is not of 2011 is that it names the transports.
"""

import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.async_api import Browser, async_playwright

from pushlab.lab.browser.devtools import find_browser

__all__ = ["Page", "browsing", "kill_renderers", "open_page"]

_FLAGS = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--no-proxy-server",
]
_OPEN_S = 60
_HTML = """<!doctype html><title>noticing</title><body>
<script src="{hub}/_ah/channel/jsapi"></script>
<script>
const wanted = {wanted};
const opened = Promise.all(Object.entries(wanted).map(([transport, token]) =>
  new Promise((resolve, reject) => {{
    const socket = new goog.appengine.Channel(token, {{ transport }}).open();
    socket.onopen = resolve;
    socket.onerror = ({{ description }}) => reject(new Error(transport + ": " + description));
  }})));
</script>"""


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        place: by which way it reaches the hub.
        clients: transport to the client ID that it has there.
    """

    place: str
    clients: Mapping[str, str]
    page: Any

    async def close(self) -> None:
        """As its user closes the tab."""
        await self.page.close(run_before_unload=True)


@contextlib.asynccontextmanager
async def browsing(namespace: str, folder: Path) -> AsyncIterator[Browser]:
    """Chromium on the machine at the cable's other end; driven by pipes, which no cable is."""
    program = folder / "chromium-there"
    program.write_text(f'#!/bin/sh\nexec ip netns exec {namespace} {find_browser()} "$@"\n')
    program.chmod(0o755)
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(program), args=flags)
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(
    browser: Browser, place: str, hub: str, tokens: Mapping[str, tuple[str, str]]
) -> Page:
    """A page in a context, and so a renderer, of its own; all its channels are open.

    Args:
        hub: where the page reaches it.
        tokens: transport to client ID and token.
    """
    clients = {name: client_id for name, (client_id, _) in tokens.items()}
    wanted = {name: token for name, (_, token) in tokens.items()}
    context = await browser.new_context(bypass_csp=True)
    page = await context.new_page()
    await page.goto(f"{hub}/healthz")  # for the origin, and nothing else of it
    await page.set_content(_HTML.format(hub=hub, wanted=json.dumps(wanted)))
    await page.evaluate(f"""Promise.race([opened, new Promise((_, reject) =>
        setTimeout(() => reject(new Error("not all channels open")), {_OPEN_S * 1000}))])""")
    return Page(place, clients, page)


def kill_renderers() -> int:
    """``kill -9`` to every renderer of browsers that this process has started; how many."""
    killed = 0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "--type=renderer" in process.cmdline():
                process.send_signal(signal.SIGKILL)
                killed += 1
    return killed
