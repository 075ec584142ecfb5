"""The race: one publisher, five lanes, and what each lane cost this server.

There is one race for each hub. All lanes read the same channel, so every message is published once
and each transport carries it in its own way. The race stands still, and its further clients are
away, while no page looks on.
"""

import asyncio
import contextlib
import dataclasses
import json
import random
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.registry import STANDARD, load_transport, make_transport
from pushlab.contract.setting import Declared, Setting, keys_of
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.hub.core import Hub
from pushlab.runs import Link
from pushlab.web.crowd import Crowd, LaneReport
from pushlab.web.crowd_process import LaneRequest
from pushlab.web.members import now_ms
from pushlab.web.texts import taken

__all__ = ["CHANNEL", "LANES", "Race", "Settings"]

CHANNEL = "demo-race"
LANES = STANDARD
LOOKED_ON_S = 5.0  #: how long after the last look the race goes on
_FOLLOW_S = 1.0
_LATE_S = 1.0  # a publisher that is later than this drops what it missed
_PAGE_TOKEN_MINUTES = 120
_CROWD_TOKEN_MINUTES = 1_440
_NO_BROKER = "this hub has no MQTT broker"


@dataclass(frozen=True, slots=True)
class Settings(Declared):
    """What can be set."""

    rate_per_s: Annotated[float, Setting("of messages", unit="1/s", least=0.1, most=50)] = 0.5
    poll_interval_s: Annotated[float, Setting("of a poll", unit="s", least=0.1, most=60)] = 1.0
    payload_bytes: Annotated[int, Setting("of a message", unit="bytes", least=60, most=32_000)] = (
        200
    )
    clients: Annotated[int, Setting("in a lane, the page counted", least=1, most=200)] = 1
    one_way_ms: Annotated[float, Setting("of the link", unit="ms", least=0, most=1_000)] = 0.0
    paused: Annotated[bool, Setting("publish nothing")] = False

    @staticmethod
    def bounds() -> dict[str, tuple[float | None, float | None]]:
        """From where to where each number goes."""
        numbers = {name: key.setting for name, key in keys_of(Settings).items() if key.is_number}
        return {name: (setting.least, setting.most) for name, setting in numbers.items()}

    def changed(self, changes: Mapping[str, Any]) -> "Settings":
        """These settings with changes. Raises Refused (400 `bad-setting`)."""
        return dataclasses.replace(self, **taken(Settings, changes))


def _message(n: int, sent_ms: float, payload_bytes: int) -> str:
    """A message of just so many bytes."""
    bare = json.dumps({"n": n, "sent_ms": sent_ms, "pad": ""}, separators=(",", ":"))
    return f'{bare[:-2]}{"x" * max(0, payload_bytes - len(bare))}"}}'


def _gap() -> float:
    """From one message to the next, in gaps of the set rate: up to a quarter more or less."""
    return random.uniform(0.75, 1.25)


async def _happens(event: asyncio.Event, *, within_s: float) -> None:
    """Wait until it happens, but no longer.

    Not by `asyncio.wait_for`: Python 3.11's forgets that it was cancelled if that comes just as the
    event happens, and then the race would not end with its hub.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()


class Race:
    """The race of one hub.

    Args:
        authority: whom further clients trust where the hub is encrypted, as a PEM certificate.
    """

    def __init__(self, hub: Hub, *, authority: str | None = None) -> None:
        self._hub = hub
        self._authority = authority
        self._settings = Settings()
        self._changed = asyncio.Event()  # wakes the publisher
        self._follow_now = asyncio.Event()
        self._looked_at = float("-inf")
        self._n = 0
        self._published = 0
        self._resets = 0
        self._since_ms = now_ms()
        self._base = self._hits()
        self._tokens: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self.crowd = Crowd()
        self._profiles = {name: load_transport(name).profile for name in LANES}
        self.missing = {
            name: _NO_BROKER
            for name, profile in self._profiles.items()
            if profile.needs_broker and hub.broker is None
        }
        self.lanes = tuple(name for name in LANES if name not in self.missing)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Publish, and run the further clients, while the body runs."""
        tasks = [asyncio.create_task(self._publish_on()), asyncio.create_task(self._follow())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.crowd.stop()

    # ---- what pages ask ---------------------------------------------------------------------

    async def join(self, body: dict[str, Any]) -> dict[str, Any]:
        """Tokens for a page, one for each lane."""
        lanes: dict[str, Any] = {}
        channel = self._hub.channel(CHANNEL)
        at = str(Cursor(channel.epoch, channel.head))
        for name in self.lanes:
            client_id = f"race-page-{secrets.token_hex(8)}"
            token, _ = await self._hub.create_channel(
                client_id, CHANNEL, duration_minutes=_PAGE_TOKEN_MINUTES
            )
            lanes[name] = {"client_id": client_id, "token": token, "cursor": at}
        return {
            "channel": CHANNEL,
            "now_ms": now_ms(),
            "lanes": lanes,
            "missing": self.missing,
        }

    def state(self) -> dict[str, Any]:
        """How the race stands; asking keeps it going."""
        if not self._looked_on:
            self._follow_now.set()
        self._looked_at = time.monotonic()
        self._changed.set()
        return {
            "now_ms": now_ms(),
            "settings": dataclasses.asdict(self._settings),
            "bounds": Settings.bounds(),
            "resets": self._resets,
            "since_ms": self._since_ms,
            "published": self._published,
            "last": self._n,
            "lanes": {name: self._lane(name) for name in self.lanes},
            "missing": self.missing,
            "elsewhere": self._hub.presence.elsewhere(CHANNEL),
        }

    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        """Change settings."""
        self._settings = self._settings.changed(body)
        self._changed.set()
        self._follow_now.set()
        return {"settings": dataclasses.asdict(self._settings)}

    def publish(self, body: dict[str, Any]) -> dict[str, Any]:
        """Publish one message now."""
        sent_ms = now_ms()
        self._publish(sent_ms)
        return {"n": self._n, "sent_ms": sent_ms}

    def reset(self, body: dict[str, Any]) -> dict[str, Any]:
        """Count from here."""
        self._resets += 1
        self._since_ms = now_ms()
        self._published = 0
        self._base = self._hits()
        self.crowd.reset()
        self._follow_now.set()
        return {"resets": self._resets}

    # ---- figures ----------------------------------------------------------------------------

    def _hits(self) -> dict[str, dict[Hit, int]]:
        return {name: dict(self._hub.hits.get(name, {})) for name in LANES}

    def _lane(self, name: str) -> dict[str, Any]:
        base, now = self._base[name], self._hub.hits.get(name, {})
        hits = {str(kind): n - base.get(kind, 0) for kind, n in now.items()}
        report = self.crowd.lanes.get(name) or LaneReport()
        return {
            "hits": {kind: n for kind, n in hits.items() if n},
            "wasted": hits.get(Hit.POLL_EMPTY, 0),
            "swarm": {
                "clients": report.clients,
                "ready": report.ready and report.clients == self._further_clients(),
                "note": report.note,
                **report.counted,
            },
        }

    def _further_clients(self) -> int:
        """How many further clients there shall be in each lane now."""
        return self._settings.clients - 1 if self._looked_on else 0

    # ---- the publisher ----------------------------------------------------------------------

    @property
    def _looked_on(self) -> bool:
        return time.monotonic() - self._looked_at < LOOKED_ON_S

    async def _publish_on(self) -> None:
        """Publish by the clock, whoever reads (an open loop).

        The gaps vary: else messages and polls march in step, and a poll that comes just before each
        message makes polling look worse than it is, one just after it better.
        """
        last = time.monotonic()
        gap = _gap()
        while True:
            self._changed.clear()
            if not self._looked_on or self._settings.paused:
                await self._changed.wait()
                last = time.monotonic()
                continue
            now, due = time.monotonic(), last + gap / self._settings.rate_per_s
            if due > now:
                # A change is seen at once; a look, which comes every second, changes nothing.
                await _happens(self._changed, within_s=due - now)
                continue
            last, gap = due if now - due < _LATE_S else now, _gap()
            with contextlib.suppress(Refused):  # the hub is full; there may be room next time
                self._publish(round((time.time() - (now - last)) * 1e3, 3))
            await asyncio.sleep(0)

    def _publish(self, sent_ms: float) -> None:
        message = _message(self._n + 1, sent_ms, self._settings.payload_bytes)
        self._hub.publish(CHANNEL, message)
        self._n += 1
        self._published += 1

    # ---- the further clients ----------------------------------------------------------------

    async def _follow(self) -> None:
        """Have as many further clients as wanted, as long as somebody looks on."""
        while True:
            self._follow_now.clear()
            wanted = self._further_clients()
            with contextlib.suppress(Refused):  # no room for a token; there may be next time
                requests = {name: await self._lane_request(name, wanted) for name in self.lanes}
                await self.crowd.follow(requests)
            await _happens(self._follow_now, within_s=_FOLLOW_S)

    async def _lane_request(self, name: str, clients: int) -> LaneRequest:
        options: dict[str, Any] = {}
        if self._profiles[name].delivery == "interval-poll":
            options["interval_s"] = float(self._settings.poll_interval_s)
        link = Link(one_way_ms=self._settings.one_way_ms)
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
