"""The race: one publisher, five lanes, and what each lane cost this server.

There is one race for each server, however many hubs it is: one of them publishes and runs the
further clients (`pushlab.hub.backplane`), all of them count, and each answers for all
(`pushlab.web.race_hubs`). All lanes read the same channel, so every message is published once and
each transport carries it in its own way. Whatever is set anew begins a comparison of its own: no
figure is of two settings. The race stands still, and its further clients are away, while no page
looks on.

Longer than 400 lines, since what pages ask, what hubs tell and who publishes go by one state.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.registry import STANDARD, load_transport, make_transport
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.hub.core import Hub
from pushlab.hub.reasons import PUBLISH_UNKNOWN
from pushlab.runs import Link
from pushlab.web.crowd import Crowd, LaneReport
from pushlab.web.crowd_process import LaneRequest
from pushlab.web.members import now_ms
from pushlab.web.race_hubs import RaceHubs, happens, opened
from pushlab.web.race_lock import RaceLock
from pushlab.web.race_settings import Settings, Setup

__all__ = ["CHANNEL", "LANES", "Race", "Settings"]

CHANNEL = "demo-race"
LANES = STANDARD
LOOKED_ON_S = 5.0  #: how long after the last look the race goes on
_FOLLOW_S = 1.0
_GOODBYES_S = 1.5
_LONGEST_WAIT_S = 60.0
_LATE_S = 1.0  # a publisher that is later than this drops what it missed
_PAGE_TOKEN_MINUTES = 120
_CROWD_TOKEN_MINUTES = 1_440
_AGAIN_S = 0.5
_SEAT = "race-page-"  # begins the client ID of each lane of a page
_MOST_SEATS = 500
_NO_BROKER = "this hub has no MQTT broker"


def _message(n: int, sent_ms: float, payload_bytes: int) -> str:
    """A message of just so many bytes."""
    bare = json.dumps({"n": n, "sent_ms": sent_ms, "pad": ""}, separators=(",", ":"))
    return f'{bare[:-2]}{"x" * max(0, payload_bytes - len(bare))}"}}'


def _gap() -> float:
    """From one message to the next, in mean gaps of the set rate: by chance, as in the course."""
    return random.expovariate(1.0)


class Race:
    """The race, at one hub.

    Args:
        authority: whom further clients trust where the hub is encrypted, as a PEM certificate.
    """

    def __init__(self, hub: Hub, *, authority: str | None = None) -> None:
        self._hub = hub
        self._authority = authority
        self._lock = RaceLock(hub.keys)
        self._setup = Setup()
        self._changed = asyncio.Event()  # wakes the publisher
        self._follow_now = asyncio.Event()
        self._looked_at = float("-inf")
        self._n = 0
        self._by_hand = 0
        self._leaving = False  # whether further clients go whom the comparison does not have
        self._runs = False
        self._publishing = asyncio.Lock()
        self._base = self._hits()
        self._tokens: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self.crowd = Crowd()
        self.hubs = RaceHubs(
            hub,
            CHANNEL,
            report=self._report,
            on_report=self._hear_report,
            on_message=self._hear_message,
            on_wish=self._hear_wish,
        )
        self._profiles = {name: load_transport(name).profile for name in LANES}
        self.missing = {
            name: _NO_BROKER
            for name, profile in self._profiles.items()
            if profile.needs_broker and hub.broker is None
        }
        self.lanes = tuple(name for name in LANES if name not in self.missing)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the race going, with the other hubs, while the body runs."""
        alone = self._hub.backplane.one_at_a_time(CHANNEL, self._running_it)
        async with self.hubs.running(), alone:
            yield

    @contextlib.asynccontextmanager
    async def _running_it(self) -> AsyncIterator[None]:
        """Publish, and run the further clients, while the body runs: at one hub of all."""
        self._runs = True
        tasks = [asyncio.create_task(self._publish_on()), asyncio.create_task(self._follow())]
        try:
            yield
        finally:
            self._runs = self._leaving = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.crowd.stop()

    # ---- what pages ask ---------------------------------------------------------------------

    async def join(self, body: dict[str, Any]) -> dict[str, Any]:
        """Tokens for a page, one for each lane; whether the key that it has is the presenter's."""
        lanes: dict[str, Any] = {}
        channel = await opened(self._hub, CHANNEL)
        at = str(Cursor(channel.epoch, channel.head))
        page = secrets.token_hex(8)
        for name in self.lanes:
            client_id = f"{_SEAT}{page}-{name}"
            token, _ = await self._hub.create_channel(
                client_id, CHANNEL, duration_minutes=_PAGE_TOKEN_MINUTES
            )
            lanes[name] = {"client_id": client_id, "token": token, "cursor": at}
        return {
            "channel": CHANNEL,
            "now_ms": now_ms(),
            "page": page,
            "lanes": lanes,
            "missing": self.missing,
            "presents": self._lock.opens(body.get("key")),
        }

    def state(self, asked: Mapping[str, str] | None = None) -> dict[str, Any]:
        """How the race stands; asking keeps it going.

        Args:
            asked: ``page``: as `join` named it; where there are several hubs, those are told then
                that hold its lanes' connections.
        """
        if not self._looked_on:
            self._follow_now.set()
            self.hubs.tell()
        self._looked_at = time.monotonic()
        self._changed.set()
        others = self.hubs.living()
        state = {
            **self._told(),
            "bounds": Settings.bounds(),
            "published": self._published,
            "by_hand": self._published_by_hand,
            "last": self._n,
            "pages": self._pages(),
            "settling": self._leaving or any(other["leaving"] for other in others),
            "lanes": {name: self._lane(name) for name in self.lanes},
            "missing": self.missing,
            "elsewhere": self._elsewhere() + sum(other["elsewhere"] for other in others),
        }
        if self.hubs.shared:
            state["hubs"] = self._all_hubs((asked or {}).get("page", ""))
        return state

    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        """Change settings, and count from here. Raises Refused (400, 423 `locked`)."""
        changes = self._lock.check(body, locked=self._setup.locked)
        return self._begin(settings=self._setup.settings.changed(changes))

    def reset(self, body: dict[str, Any]) -> dict[str, Any]:
        """Count from here. Raises Refused (423 `locked`)."""
        self._lock.check(body, locked=self._setup.locked)
        return self._begin()

    def lock(self, body: dict[str, Any], *, here: bool) -> dict[str, Any]:
        """Let the presenter alone drive the race, or everybody again (``locked``).

        Args:
            here: whether who asks is at the hub's own machine.

        Raises:
            Refused: 403 `not-the-presenter`, 423 `locked`.
        """
        key = self._lock.admit(body, locked=self._setup.locked, here=here)
        self._adopt(self._setup.changed(self.hubs.own, locked=body.get("locked") is True))
        self.hubs.tell()
        return {**self._told(), "key": key}

    async def publish(self, body: dict[str, Any]) -> dict[str, Any]:
        """Publish one message now.

        Raises Refused (423 `locked`) and as the backplane; 503 `no-publisher`.
        """
        self._lock.check(body, locked=self._setup.locked)
        return await self._publish_by_hand()

    async def _publish_by_hand(self) -> dict[str, Any]:
        if self.hubs.shared and not self._runs:
            return await self.hubs.wish()
        sent_ms = now_ms()
        n = await self._publish(sent_ms)
        self._by_hand += 1
        return {"n": n, "sent_ms": sent_ms}

    def _begin(self, **changes: Any) -> dict[str, Any]:
        """Begin a comparison; how it stands then."""
        now = self._setup
        new = {"resets": now.resets + 1, "since_ms": now_ms(), "since_n": self._n, **changes}
        self._adopt(now.changed(self.hubs.own, **new))
        self.hubs.tell()
        return self._told()

    def _told(self) -> dict[str, Any]:
        """What holds now."""
        setup = self._setup
        return {
            "now_ms": now_ms(),
            "settings": dataclasses.asdict(setup.settings),
            "version": setup.version,
            "resets": setup.resets,
            "since_ms": setup.since_ms,
            "locked": setup.locked,
        }

    # ---- what hubs tell each other ----------------------------------------------------------

    def _adopt(self, setup: Setup) -> None:
        """Go by this from now on."""
        if self._runs and setup.settings.clients < self._setup.settings.clients:
            self._leaving = True
        if setup.since_ms != self._setup.since_ms:
            self._base = self._hits()
            self._by_hand = 0
            self.crowd.reset()
        self._setup = setup
        self._changed.set()
        self._follow_now.set()

    def _report(self) -> dict[str, Any]:
        return {
            "looked_on": self._looked_on_here,
            "setup": self._setup.to_json(),
            "runs": self._runs,
            "n": self._n,
            "by_hand": self._by_hand,
            "leaving": self._leaving,
            "hits": self._own_hits(),
            "swarm": {name: self._swarm(name) for name in self.lanes} if self._runs else {},
            "elsewhere": self._elsewhere(),
            "seats": self._seats(),
        }

    def _hear_report(self, told: dict[str, Any]) -> None:
        setup = Setup.from_json(told["setup"])
        if setup.after(self._setup):
            self._adopt(setup)
        if told["looked_on"]:
            self._changed.set()
        self._n = max(self._n, told["n"])

    def _hear_message(self, text: str) -> None:
        self._n = max(self._n, json.loads(text)["n"])

    def _hear_wish(self) -> "asyncio.Future[dict[str, Any]] | None":
        return asyncio.ensure_future(self._publish_by_hand()) if self._runs else None

    def _seats(self) -> list[str]:
        """Whose connections this hub holds, of the race's pages."""
        present = self._hub.presence.present(CHANNEL)
        return [each for each in present if each.startswith(_SEAT)][:_MOST_SEATS]

    def _all_hubs(self, page: str) -> dict[str, Any]:
        """Which hubs there are, and which of them hold the lanes of a page."""
        own = {"process": os.getpid(), "runs": self._runs, "seats": self._seats()}
        living = sorted([own, *self.hubs.living()], key=lambda hub: hub["process"])
        held = {
            name: [hub["process"] for hub in living if f"{_SEAT}{page}-{name}" in hub["seats"]]
            for name in self.lanes
        }
        return {
            "answers": own["process"],
            "all": [{"process": hub["process"], "runs": hub["runs"]} for hub in living],
            "held": held,
            "cut_off": self.hubs.cut_off,
        }

    # ---- figures ----------------------------------------------------------------------------

    def _hits(self) -> dict[str, dict[Hit, int]]:
        return {name: dict(self._hub.hits.get(name, {})) for name in LANES}

    def _own_hits(self) -> dict[str, dict[str, int]]:
        """Since the reset, by lane and kind."""
        counted = dict[str, dict[str, int]]()
        for name in self.lanes:
            base, now = self._base[name], self._hub.hits.get(name, {})
            hits = {str(kind): n - base.get(kind, 0) for kind, n in now.items()}
            counted[name] = {kind: n for kind, n in hits.items() if n}
        return counted

    @property
    def _published(self) -> int:
        return max(0, self._n - self._setup.since_n)

    @property
    def _published_by_hand(self) -> int:
        """Since the comparison began, at all hubs, those that have gone among them."""
        told = [report.told for report in self.hubs.reports.values()]
        since = self._setup.since_ms
        others = [int(each["by_hand"]) for each in told if each["setup"]["since_ms"] == since]
        return self._by_hand + sum(others)

    def _pages(self) -> int:
        """How many pages of the race look on, at all hubs: each is a client in every lane.

        By the connections that stand, since a poll is missed only when its lease has ended.
        """
        seats = itertools.chain(self._seats(), *(hub["seats"] for hub in self.hubs.living()))
        lanes = Counter(seat.removeprefix(_SEAT).partition("-")[2] for seat in set(seats))
        return max(lanes[name] for name, told in self._profiles.items() if not told.asks)

    def _elsewhere(self) -> int:
        return self._hub.presence.elsewhere(CHANNEL)

    def _lane(self, name: str) -> dict[str, Any]:
        hits = Counter(self._own_hits()[name])
        swarm = self._swarm(name)
        for report in self.hubs.reports.values():  # of hubs that have gone, too
            told = report.told
            if told["setup"]["since_ms"] == self._setup.since_ms:
                hits.update(told["hits"].get(name, {}))
            if told["runs"] and report.lives and not self._runs:
                swarm = told["swarm"].get(name, swarm)
        return {"hits": dict(hits), "wasted": hits.get(str(Hit.POLL_EMPTY), 0), "swarm": swarm}

    def _swarm(self, name: str) -> dict[str, Any]:
        report = self.crowd.lanes.get(name) or LaneReport()
        return {
            "clients": report.clients,
            "ready": report.ready and report.clients == self._further_clients(),
            "note": report.note,
            **report.counted,
        }

    def _further_clients(self) -> int:
        """How many further clients there shall be in each lane now."""
        return self._setup.settings.clients - 1 if self._looked_on else 0

    # ---- the publisher ----------------------------------------------------------------------

    @property
    def _looked_on_here(self) -> bool:
        return time.monotonic() - self._looked_at < LOOKED_ON_S

    @property
    def _looked_on(self) -> bool:
        return self._looked_on_here or self.hubs.looked_on()

    async def _publish_on(self) -> None:
        """Publish by the clock, whoever reads (an open loop).

        The gaps are of chance (a Poisson stream): then `exp(-rate * interval)` of the questions of
        a poll find nothing, which is the formula of the course. With even gaps it would be fewer.
        """
        last, gap, since_ms = time.monotonic(), _gap(), self._setup.since_ms
        while True:
            self._changed.clear()
            rate_per_s = self._setup.settings.rate_per_s
            if not self._looked_on or not rate_per_s:
                await self._changed.wait()
                last = time.monotonic()
                continue
            if self._setup.since_ms != since_ms:  # a new comparison begins with a gap of its own
                last, gap, since_ms = time.monotonic(), _gap(), self._setup.since_ms
            now, due = time.monotonic(), last + gap / rate_per_s
            if due > now:
                # A change is seen at once; a look, which comes every second, changes nothing.
                await happens(self._changed, within_s=min(due - now, _LONGEST_WAIT_S))
                continue
            last, gap = due if now - due < _LATE_S else now, _gap()
            with contextlib.suppress(Refused):  # there may be room, or a way, next time
                await self._publish(round((time.time() - (now - last)) * 1e3, 3))
            await asyncio.sleep(0)

    async def _publish(self, sent_ms: float) -> int:
        """Publish a message; its number. One after another, however many ask at once."""
        async with self._publishing:
            n = self._n + 1
            text = _message(n, sent_ms, self._setup.settings.payload_bytes)
            await self._put(text)
            self._n = max(self._n, n)
            return n

    async def _put(self, text: str) -> None:
        """Publish a text once: where it is not known whether it was taken, it is said again."""
        backplane = self._hub.backplane
        key = secrets.token_hex(8) if backplane.shared else None
        while True:
            try:
                await backplane.publish([(CHANNEL, text)], key)
            except Refused as refusal:
                if refusal.reason != PUBLISH_UNKNOWN.word:
                    raise
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    # ---- the further clients ----------------------------------------------------------------

    async def _follow(self) -> None:
        """Have as many further clients as wanted, as long as somebody looks on."""
        while True:
            self._follow_now.clear()
            wanted = self._further_clients()
            with contextlib.suppress(Refused):  # no room for a token; there may be next time
                requests = {name: await self._lane_request(name, wanted) for name in self.lanes}
                await self.crowd.follow(requests)
                if self._leaving:
                    await self._see_off(wanted)
            await happens(self._follow_now, within_s=_FOLLOW_S)

    async def _see_off(self, wanted: int) -> None:
        """Begin the comparison again when those have gone who belong to the one before.

        Their goodbyes are hits; a broker tells of them late.
        """
        version = self._setup.version
        if all(report.clients <= wanted for report in self.crowd.lanes.values()):
            await asyncio.sleep(_GOODBYES_S)
            if self._setup.version == version:
                self._leaving = False
                self._begin()

    async def _lane_request(self, name: str, clients: int) -> LaneRequest:
        options: dict[str, Any] = {}
        if self._profiles[name].delivery == "interval-poll":
            options["interval_s"] = float(self._setup.settings.poll_interval_s)
        link = Link(one_way_ms=self._setup.settings.one_way_ms)
        if not clients:
            return LaneRequest(0, "", {}, options, link)
        report = self.crowd.lanes.get(name)
        if report is not None and report.ended:
            self._tokens.pop(name, None)
        if name not in self._tokens:
            self._tokens[name] = await self._admission(make_transport(name, {}))
        token, endpoint = self._tokens[name]
        return LaneRequest(clients, token, dict(endpoint), options, link, self._authority)

    async def _admission(self, transport: Transport) -> tuple[str, Mapping[str, Any]]:
        """One token for the lane's further clients: they are connections of one client."""
        token, grant = await self._hub.create_channel(
            f"race-crowd-{secrets.token_hex(4)}",
            CHANNEL,
            duration_minutes=_CROWD_TOKEN_MINUTES,
            wanted=transport.profile.needs_broker or None,
        )
        return token, transport.endpoint(self._hub, grant)
