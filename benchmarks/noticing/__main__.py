"""``python -m benchmarks.noticing``: how soon an application is told that a page has gone.

Pages in Chromium on another machine (a network namespace behind a cable) have a channel over every
transport, to the hub directly and through docs/deploy.md's nginx. They go in three ways: the tab
is closed, the renderer is killed, the cable is pulled. The exit status is 1 where what was seen is
not what the dials foretell. It needs Linux, root, nginx and Chromium; the cable behind nginx is
waited for as long as ``--limit`` says, and TCP needs a quarter of an hour to give up.
"""

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trustme
from rich.console import Console

import pushlab.web
from benchmarks.noticing.application import Application
from benchmarks.noticing.expected import HOWS, Network, expected
from benchmarks.noticing.pages import Page, browsing, kill_renderers, open_page
from benchmarks.noticing.report import Cell, save, table
from pushlab.channel_api import ChannelService
from pushlab.contract.profile import Profile
from pushlab.contract.registry import make_transport, transport_names
from pushlab.contract.serving import HubSettings
from pushlab.lab.host.machine import describe_machine
from tests.cable import Cable
from tests.docs.proxies import API_KEY, PREFIX, running_proxy, serving

_MQTT_IN_PAGES = Path(pushlab.web.__file__).parent / "vendor" / "mqtt.esm.js"
_DIRECT, _PROXIED = "direct", "nginx"
_POLL_S = 1.0  # the script's own short polling
#: So that where each transport is in its turn when the page goes is anybody's guess.
_SPREAD_S = {"closed": 5.0, "killed": 5.0, "cut": 40.0}  # from the first page to the last
_DWELL_S = {"closed": (0.5, 2.0), "killed": (1.0, 5.0), "cut": (5.0, 35.0)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.noticing", description=__doc__)
    parser.add_argument("--pages", type=int, default=5, help="to each place, each way (5)")
    parser.add_argument("--only", default="", help="these ways to go, with commas")
    parser.add_argument("--limit", type=float, default=1_000.0, help="wait so many seconds (1000)")
    parser.add_argument("--seed", type=int, default=1, help="of when each page comes and goes")
    parser.add_argument("--no-save", action="store_true", help="write no result")
    parser.add_argument("--out", type=Path, help="the result's folder")
    return parser.parse_args()


def _profiles(settings: HubSettings) -> dict[str, Profile]:
    """Of every transport that a page has, in force, at the interval of the page's script."""
    made = map(make_transport, transport_names())
    found = {each.name: each.in_force(settings) for each in made if each.in_browser is not None}
    return {
        name: profile if profile.pause else profile.retimed(interval_s=_POLL_S)
        for name, profile in found.items()
    }


class Trial:
    """One way to go: all pages come, they go, and the application is told."""

    def __init__(
        self,
        how: str,
        *,
        application: Application,
        service: ChannelService,
        places: Mapping[str, str],
        cable: Cable,
        rng: random.Random,
    ) -> None:
        self._how = how
        self._application = application
        self._service = service
        self._places = places
        self._cable = cable
        self._rng = rng
        self._gone_at: dict[str, float] = {}  # by client ID

    async def run(
        self, browser: Any, pages: int, transports: Sequence[str], limit_s: float
    ) -> dict[tuple[str, str], list[float | None]]:
        """How long until it was told, by place and transport."""
        opened = []
        for number in range(pages):
            for place, hub in self._places.items():
                opened.append(await self._open(browser, place, hub, number, transports))
                await asyncio.sleep(self._rng.uniform(0, _SPREAD_S[self._how] / pages))
        await asyncio.sleep(self._rng.uniform(*_DWELL_S[self._how]))
        early = self._application.left.keys()
        if early:
            raise RuntimeError(f"they left before they went: {sorted(early)}")
        await self._go(opened)
        await self._application.until_gone(set(self._gone_at), limit_s)
        left, seen = self._application.left, dict[tuple[str, str], list[float | None]]()
        for page in opened:
            for transport, client_id in page.clients.items():
                told = left.get(client_id)
                span_s = None if told is None else told - self._gone_at[client_id]
                seen.setdefault((page.place, transport), []).append(span_s)
        return seen

    async def _open(
        self, browser: Any, place: str, hub: str, number: int, transports: Sequence[str]
    ) -> Page:
        tokens = {}
        for transport in transports:
            client_id = f"{self._how} {place} {transport} {number}"
            token = await asyncio.to_thread(self._service.create_channel, client_id)
            tokens[transport] = client_id, token
        page = await open_page(browser, place, hub, tokens)
        await self._application.until_present(set(page.clients.values()))
        return page

    async def _go(self, pages: Sequence[Page]) -> None:
        if self._how == "closed":
            for page in pages:
                self._note([page])
                await page.close()
                await asyncio.sleep(self._rng.uniform(0, 1))
            return
        self._note(pages)
        if self._how == "killed":
            assert kill_renderers() >= len(pages), "a page without a renderer"
        else:
            await asyncio.to_thread(self._cable.pull)

    def _note(self, pages: Sequence[Page]) -> None:
        now = time.monotonic()
        for page in pages:
            self._gone_at.update(dict.fromkeys(page.clients.values(), now))


async def _measure(arguments: argparse.Namespace, hows: Sequence[str], console: Console) -> int:
    settings = HubSettings()
    profiles = _profiles(settings)
    network = Network.here(profiles["websocket"].timers.keep_alive_s)
    cells: list[Cell] = []
    told: dict[str, Any] = {
        "created_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "environment": describe_machine(),  # now: the checkout may change while it runs
        "pages": arguments.pages,
        "seed": arguments.seed,
        "limit_s": arguments.limit,
        "proxy": _nginx_version(),
    }
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pushlab-noticing-")))
        for how in hows:
            with console.status(f"{how}: {arguments.pages} pages to each place"):
                cable = Cable()
                try:
                    seen, told["browser"] = await _with_servers(how, cable, folder / how, arguments)
                finally:
                    cable.remove()
            for (place, name), seen_s in seen.items():
                profile, proxied = profiles[name], place == _PROXIED
                span = expected(profile, how, proxied=proxied, settings=settings, network=network)
                cells.append(Cell(place, how, name, profile.title, span, seen_s, arguments.limit))
            console.print(table([cell for cell in cells if cell.how == how]))
    if not arguments.no_save:
        console.print(f"Result: {save(cells, told, arguments.out)}", highlight=False)
    return int(not all(cell.agrees for cell in cells))


async def _with_servers(
    how: str, cable: Cable, folder: Path, arguments: argparse.Namespace
) -> tuple[dict[tuple[str, str], list[float | None]], str]:
    """A trial with a hub, a proxy, an application and a browser of its own."""
    folder.mkdir()
    application = Application()
    issued = trustme.CA().issue_cert(cable.near).private_key_and_cert_chain_pem.bytes()
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(application.listening())
        reach = ("--host", "0.0.0.0", "--allow-host", cable.near, "--trust-forwarded", "127.0.0.1")
        authority = stack.enter_context(
            serving(*reach, "--no-pages", "--presence-url", url, folder=folder)
        )
        port = authority.rpartition(":")[2]
        proxy = stack.enter_context(
            running_proxy(
                _PROXIED,
                hub=f"127.0.0.1:{port}",
                folder=folder / "proxy",
                certificate=issued,
                silence_s=150,
                host="0.0.0.0",
            )
        )
        browser = await stack.enter_async_context(browsing(cable.namespace, folder))
        trial = Trial(
            how,
            application=application,
            service=ChannelService(f"http://127.0.0.1:{port}", API_KEY),
            places={
                _DIRECT: f"http://{cable.near}:{port}",
                _PROXIED: f"https://{cable.near}:{proxy.port}{PREFIX}",
            },
            cable=cable,
            rng=random.Random(arguments.seed),
        )
        seen = await trial.run(
            browser, arguments.pages, list(_profiles(HubSettings())), arguments.limit
        )
        return seen, f"Chromium {browser.version}"


def _nginx_version() -> str:
    told = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr
    return told.strip().rpartition(" ")[2]


def main() -> int:
    """Measure; the exit status: 0 as foretold, 1 not so, 2 a wrong argument or nothing to do it."""
    arguments, console = _arguments(), Console(width=None if sys.stdout.isatty() else 110)
    hows = [name.strip() for name in arguments.only.split(",") if name.strip()] or list(HOWS)
    for how in hows:
        if how not in HOWS:
            console.print(f"no way to go is called {how!r}; there are: {', '.join(HOWS)}")
            return 2
    if arguments.pages < 1 or arguments.limit <= 0:
        console.print("--pages must be at least 1, and --limit above 0")
        return 2
    lacking = [each for each in ("ip", "nginx", "chromium") if shutil.which(each) is None]
    lacking += [] if _MQTT_IN_PAGES.exists() else ["MQTT for the browser (make web)"]
    lacking += [] if os.geteuid() == 0 else ["root, for a network namespace"]
    if lacking:
        console.print(f"not here, and needed: {', '.join(lacking)}")
        return 2
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_measure(arguments, hows, console))
    return 130


if __name__ == "__main__":
    sys.exit(main())
