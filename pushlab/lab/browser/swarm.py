"""The swarm in Chromium: pages of a few subscribers each, every page in a profile of its own.

A browser opens at most six HTTP/1.1 connections to one host for one profile, so a seventh stream
would wait for ever. Five subscribers to a page leave one for a goodbye.

The page is of the hub's origin, though the hub of the laboratory has no pages: it and its scripts
are handed to Chromium when it asks for them, and then nothing stands between page and hub.
"""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from random import Random
from time import monotonic_ns
from typing import Any
from urllib.parse import urlsplit

from pushlab.contract.registry import load_transport
from pushlab.errors import BrowserUnavailable
from pushlab.lab.browser.clock import Exchange, Offset, PageClock, offset_of
from pushlab.lab.browser.devtools import BrowserFailed, DevTools
from pushlab.lab.workers.messages import SwarmSetup, SwarmStatus

__all__ = ["PER_PAGE", "BrowserSwarm", "modules_for", "total"]

PER_PAGE = 5

_ADDRESS = "/pushlab-lab/page"
_SCRIPT = "/pushlab-lab/page.js"
_PAGE = f'<!doctype html><title>swarm</title><script type="module" src="{_SCRIPT}"></script>'
_ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
_LOAD_S = 30.0
_EXCHANGES = 40
_ISOLATED_NS, _COARSE_NS = 5_000, 100_000
_NOT_ASKED = PageClock(Offset(0, 0, 0.0))


@dataclass(slots=True)
class _Page:
    """One page.

    Attributes:
        session: names it in the DevTools protocol.
        clock: how its clock stands to the monotonic one, once it has been asked.
        resolution_ns: of its clock.
    """

    session: str
    clock: PageClock = _NOT_ASKED
    resolution_ns: int = _COARSE_NS

    def to_ns(self, page_ms: float) -> int:
        return self.clock.to_ns(page_ms)


class BrowserSwarm:
    """All subscribers of one trial, in Chromium.

    Args:
        tools: a Chromium that has just been started.
        server: the hub's URL.
    """

    def __init__(self, tools: DevTools, server: str) -> None:
        self._tools = tools
        self._server = server.rstrip("/")
        self._pages: list[_Page] = []
        self._loaded: dict[str, asyncio.Future[None]] = {}
        self._answers: set[asyncio.Future[Any]] = set()
        tools.on_event = self._on_event

    # ---- pages ------------------------------------------------------------------------------

    async def open(self, setup: SwarmSetup) -> None:
        """Open the pages and give them their subscribers.

        Raises:
            BrowserFailed: a page does not load, or lacks what the transport needs.
        """
        rng = Random(setup.seed)
        interval_s = float(setup.options.get("interval_s", 0.0))
        phases = setup.options.get("random_phase", False)  # where the first interval begins
        readers = [
            {
                "number": number,
                "channel": seat.channel,
                "token": seat.token,
                "phase": 1e3 * interval_s * rng.random() if phases else 0.0,
            }
            for number, seat in enumerate(setup.subscribers)
        ]
        modules = modules_for(setup.transport)
        for start in range(0, len(readers), PER_PAGE):
            page = await self._open_page()
            self._pages.append(page)
            told = {
                "transport": setup.transport,
                "pollInterval": interval_s or 1.0,
                "modules": modules,
                "readers": readers[start : start + PER_PAGE],
            }
            configured = await self._tools.evaluate(
                page.session, f"swarm.configure({json.dumps(told)})"
            )
            page.resolution_ns = _ISOLATED_NS if configured["isolated"] else _COARSE_NS
            for method in ("Fetch.disable", "Page.disable"):
                await self._tools.ask(method, session=page.session)
        for page in self._pages:
            page.clock = PageClock(offset_of(await self._exchanges(page), page.resolution_ns))

    async def _open_page(self) -> _Page:
        ask = self._tools.ask
        profile = (await ask("Target.createBrowserContext"))["browserContextId"]
        target = await ask(
            "Target.createTarget", {"url": "about:blank", "browserContextId": profile}
        )
        attached = await ask(
            "Target.attachToTarget", {"targetId": target["targetId"], "flatten": True}
        )
        session = str(attached["sessionId"])
        own = [f"{self._server}{path}*" for path in ("/pushlab-lab/", "/web/")]
        patterns = [{"urlPattern": pattern} for pattern in own]
        loaded = self._loaded[session] = asyncio.get_running_loop().create_future()
        await ask("Page.enable", session=session)
        await ask("Fetch.enable", {"patterns": patterns}, session=session)
        went = await ask("Page.navigate", {"url": self._server + _ADDRESS}, session=session)
        try:
            if went.get("errorText"):
                raise BrowserFailed(f"a page does not load: {went['errorText']}")
            await asyncio.wait_for(loaded, _LOAD_S)
        except TimeoutError:
            raise BrowserFailed(f"a page does not load within {_LOAD_S:g} s") from None
        if await self._tools.evaluate(session, "typeof swarm") != "object":
            raise BrowserFailed("channel.js does not load (pushlab/web/static/channel.js)")
        return _Page(session)

    def _on_event(self, method: str, told: dict[str, Any], session: str) -> None:
        if method == "Fetch.requestPaused":
            answer = asyncio.ensure_future(self._hand_out(told, session))
            self._answers.add(answer)
            answer.add_done_callback(self._answers.discard)
        elif method == "Page.loadEventFired":
            loaded = self._loaded.get(session)
            if loaded is not None and not loaded.done():
                loaded.set_result(None)

    async def _hand_out(self, told: dict[str, Any], session: str) -> None:
        """Answer a page's request for itself or for a script."""
        path = urlsplit(told["request"]["url"]).path
        kind, body = "text/javascript; charset=utf-8", _asset(path.removeprefix("/web/"))
        if path == _ADDRESS:
            kind, body = "text/html; charset=utf-8", _PAGE.encode()
        elif path == _SCRIPT:
            body = (files("pushlab.lab.browser") / "page.js").read_bytes()
        headers = {"Content-Type": kind, "Cache-Control": "no-store", **_ISOLATED}
        await self._tools.ask(
            "Fetch.fulfillRequest",
            {
                "requestId": told["requestId"],
                "responseCode": 404 if body is None else 200,
                "responseHeaders": [{"name": n, "value": v} for n, v in headers.items()],
                "body": base64.b64encode(body or b"").decode(),
            },
            session=session,
        )

    async def _exchanges(self, page: _Page) -> list[Exchange]:
        """Ask a page for its time, again and again."""
        found: list[Exchange] = []
        for _ in range(_EXCHANGES):
            asked_ns = monotonic_ns()
            page_ms = float(await self._tools.evaluate(page.session, "performance.now()"))
            found.append(Exchange(asked_ns, monotonic_ns(), page_ms))
        return found

    async def _of_all(self, expression: str) -> list[Any]:
        """The value of an expression in every page."""
        asked = (self._tools.evaluate(page.session, expression) for page in self._pages)
        return list(await asyncio.gather(*asked))

    # ---- the trial --------------------------------------------------------------------------

    async def start(self) -> dict[str, Any]:
        """Every subscriber begins; the counters when the server has accepted all."""
        return total(await self._of_all("swarm.start()"))

    async def reach(self, heads: Sequence[int]) -> None:
        """Wait until every subscriber of channel i has message ``heads[i]``."""
        await self._of_all(f"swarm.reach({json.dumps(list(heads))})")

    async def begin(self, start_ns: int, end_ns: int) -> None:
        """Rows count from here; the pages note their counters at both moments."""

        async def tell(page: _Page) -> None:
            moments = [page.clock.to_ms(start_ns), page.clock.to_ms(end_ns)]
            await self._tools.evaluate(page.session, f"swarm.begin({moments[0]}, {moments[1]})")

        await asyncio.gather(*(tell(page) for page in self._pages))

    async def status(self) -> tuple[SwarmStatus, dict[str, Any] | None]:
        """How far the subscribers are, and what the server said to the first that it ended."""
        each = await self._of_all("swarm.status()")
        reasons: Counter[str] = Counter()
        for told in each:
            reasons.update(told["reasons"])
        status = SwarmStatus(
            connected=sum(told["connected"] for told in each),
            pending=sum(told["pending"] for told in each),
            deliveries=sum(told["deliveries"] for told in each),
            recent=[
                [subscriber, seq, page.to_ns(at_ms)]
                for page, told in zip(self._pages, each, strict=True)
                for subscriber, seq, at_ms in told["recent"]
            ],
            reason=next((reason for reason, _ in reasons.most_common(1)), ""),
        )
        return status, next((told["end"] for told in each if told["end"]), None)

    async def finish(self) -> list[tuple[PageClock, dict[str, Any]]]:
        """Look at the clocks again; each page's clock and what it has written down."""
        for page in self._pages:
            after = offset_of(await self._exchanges(page), page.resolution_ns)
            page.clock = PageClock(page.clock.before, after)
        each = await self._of_all("swarm.finish()")
        return [(p.clock, told) for p, told in zip(self._pages, each, strict=True)]

    async def leave(self) -> dict[str, int]:
        """Everybody says goodbye; all hits."""
        hits: Counter[str] = Counter()
        for told in await self._of_all("swarm.leave()"):
            hits.update(told["hits"])
        return dict(hits)


def total(each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The pages' counters put together."""
    hits: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for told in each:
        hits.update(told["hits"])
        counts.update({name: n for name, n in told.items() if name != "hits"})
    return {**counts, "hits": dict(hits)}


def modules_for(transport: str) -> tuple[str, ...]:
    """What channel.js fetches for a transport. Raises BrowserUnavailable where it is not there."""
    kind = load_transport(transport)
    modules = kind.in_browser.modules if kind.in_browser else ()
    if any(_asset(path.removeprefix("/web/")) is None for path in modules):
        raise BrowserUnavailable(
            f"{kind.profile.title} for the browser is not installed: run make web (needs npm),"
            f" or leave {transport} out of --transports"
        )
    return modules


def _asset(name: str) -> bytes | None:
    """A file of the front end, which is no room below the laboratory's: data, not an import."""
    parts = Path(name).parts
    if not parts or ".." in parts:
        return None
    web = files("pushlab") / "web"
    found = web.joinpath(*(parts if parts[0] == "vendor" else ("static", *parts)))
    return found.read_bytes() if found.is_file() else None
