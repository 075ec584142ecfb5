"""Each application over each transport, as its people used it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from conformance.chromium import NO_MQTT, chromium, mqtt_in_browser
from conformance.model import NotRun, Suite, Tell, Verdict
from conformance.old_applications.catalogue import APPLICATIONS, Application
from conformance.old_applications.checkout import check
from conformance.old_applications.plays import PLAYS
from conformance.old_applications.stage import Stage, on_stage

__all__ = ["OldApplications"]

_HERE = Path(__file__).resolve()
_LIBRARIES = _HERE.parents[2] / ".venv-old-applications" / "site"
_CHANNEL = _HERE.parents[2] / "appengine"
_TRANSPORTS = (
    "short-polling",
    "long-polling",
    "sse",
    "websocket",
    "mqtt",
    "channel-api-dev",
)
_LATE_S = 5.0
_WANTED = f"nothing lost, none over {_LATE_S:g} s"


class OldApplications(Suite):
    """Games and chats of 2010 to 2014."""

    name = "old-applications"
    title = "Old public applications"
    about = (
        "Applications of App Engine's time, unmodified but for one line, the script's host, on"
        " Python 2.7 with pushlab's `google.appengine.api.channel` and a stand-in for the rest of"
        " App Engine; their pages in Chromium, over each transport. Right: everybody has seen"
        " everything that was sent or done, in order and once, and nobody waited for any of it over"
        f" {_LATE_S:g} s."
    )
    whole = True

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """Run each in turn; the one whose tokens expire over all transports at once."""
        async with chromium() as browser:
            for application in APPLICATIONS:
                tell(f"{application.name}: {application.what}")
                for verdict in await self._verdicts(application, browser):
                    yield verdict

    async def _verdicts(self, application: Application, browser: Any) -> list[Verdict]:
        group = f"{application.repository} at {application.commit[:7]}"
        rest = {"group": group, "wanted": _WANTED}
        with tempfile.TemporaryDirectory(prefix="pushlab-old-") as room:
            try:
                checkout = check(application, self.checkouts)
                async with on_stage(
                    application, checkout, browser, Path(room), (_LIBRARIES, _CHANNEL)
                ) as stage:
                    at_once = len(_TRANSPORTS) if application.token_minutes else 1
                    turn = asyncio.Semaphore(at_once)
                    done = [_played(stage, transport, turn) for transport in _TRANSPORTS]
                    seen = await asyncio.gather(*done)
            except NotRun as error:
                return [Verdict(case=application.name, right=None, seen=str(error), **rest)]
        changed = "" if stage.changed == 1 else f"; {stage.changed} lines changed"
        return [
            Verdict(
                case=f"{application.name} over {transport}",
                seen=words + changed,
                right=False if changed else right,
                **rest,
            )
            for transport, (right, words) in zip(_TRANSPORTS, seen, strict=True)
        ]


async def _played(stage: Stage, transport: str, turn: asyncio.Semaphore) -> tuple[bool | None, str]:
    """Whether it went right, and what was seen, in words."""
    if transport == "mqtt" and not mqtt_in_browser():
        return None, NO_MQTT
    async with turn:
        try:
            faults, longest = await PLAYS[stage.application.name](stage, transport)
        except Exception as error:  # a page that never shows what it should
            return False, f"{type(error).__name__}: {str(error).splitlines()[0]}"
    faults += [told for who, told in stage.complaints if who.endswith(transport)]
    right = not faults and longest < _LATE_S
    return right, ", ".join([*(faults or ["nothing lost"]), f"none over {longest:.2f} s"])
