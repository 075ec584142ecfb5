"""The race's further clients, seen from the server: asked for, run in a process, reported.

The process is there only while there is somebody in it. It ends with the server, whatever ends
that (`pushlab.lab.workers.child`).
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from pushlab.hub.child import spawn_child
from pushlab.lab.workers.parent import Worker, WorkerFailed
from pushlab.web.crowd_process import COUNTED, CrowdService, LaneRequest, LaneStatus

__all__ = ["Crowd", "LaneReport"]

_ANSWER_S = 10.0
_AGAIN_S = 5.0  # before a process that failed is started again


@dataclass(slots=True)
class LaneReport:
    """Who is in a lane.

    Attributes:
        ended: clients whom the server has ended (an expired token, say): they need a new one.
        counted: what has been counted since the last `Crowd.reset`, by name.
    """

    clients: int = 0
    ready: bool = True
    note: str = ""
    ended: int = 0
    counted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))


class Crowd:
    """Runs the crowd's process; call `follow` about once a second."""

    def __init__(self) -> None:
        self._worker: Worker[CrowdService] | None = None
        self._settled: dict[str, LaneRequest] = {}
        self._last: dict[str, dict[str, int]] = {}
        self._afresh = False  # whether the next status is where counting begins
        self._trouble_at = -_AGAIN_S
        self._trouble = ""
        self.lanes: dict[str, LaneReport] = {}

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._worker.pid if self._worker is not None else None

    def reset(self) -> None:
        """Count from the next `follow`, which should come at once."""
        self._afresh = bool(self._last)
        for report in self.lanes.values():
            report.counted = dict.fromkeys(COUNTED, 0)

    async def follow(self, requests: Mapping[str, LaneRequest]) -> None:
        """Make the lanes as they are asked for, as far as they are not, and ask how they are."""
        for name in requests:
            self.lanes.setdefault(name, LaneReport())
        if not any(request.clients for request in requests.values()) and self._worker is None:
            return
        if self._trouble and time.monotonic() - self._trouble_at < _AGAIN_S:
            return
        self._trouble = ""
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._settle(requests)
                self._read(await (await self._commands()).status(), requests)
        except (WorkerFailed, OSError, TimeoutError) as error:
            await self.stop()
            self._trouble_at = time.monotonic()
            self._trouble = f"the further clients' process failed: {str(error) or 'no answer'}"
            for name, request in requests.items():
                self.lanes[name].ready = not request.clients
                self.lanes[name].note = self._trouble if request.clients else ""
            return
        if not any(report.clients for report in self.lanes.values()):
            await self.stop()

    async def _settle(self, requests: Mapping[str, LaneRequest]) -> None:
        for name, request in requests.items():
            if self._settled.get(name) == request or (
                name not in self._settled and not request.clients
            ):
                continue
            await (await self._commands()).settle(lane=name, request=request)
            self._settled[name] = request

    async def _commands(self) -> CrowdService:
        if self._worker is None:
            process = await spawn_child("pushlab.web.crowd_process")
            self._worker = Worker(process, "race's crowd", CrowdService)
        return self._worker.commands

    def _read(self, lanes: dict[str, LaneStatus], requests: Mapping[str, LaneRequest]) -> None:
        for name, told in lanes.items():
            report = self.lanes.setdefault(name, LaneReport())
            last = self._last.get(name, dict.fromkeys(COUNTED, 0))
            self._last[name] = told.counted
            if not self._afresh:
                for key in COUNTED:
                    report.counted[key] += max(0, told.counted[key] - last[key])
            wanted = requests[name].clients if name in requests else 0
            report.clients = told.clients
            report.ended = told.ended
            report.ready = told.accepted >= wanted and not told.ended
            report.note = ""
            if not report.ready:
                report.note = f"{told.accepted} of {wanted} further clients are connected"
                if told.trouble:
                    report.note += f" ({told.trouble})"
        self._afresh = False

    async def stop(self) -> None:
        """Let everybody go, and end the process."""
        worker, self._worker = self._worker, None
        self._settled.clear()
        self._last.clear()
        self._afresh = False
        for report in self.lanes.values():
            report.clients, report.ready, report.note, report.ended = 0, True, "", 0
        if worker is not None:
            with contextlib.suppress(OSError):
                await worker.stop()
