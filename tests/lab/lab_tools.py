"""Small scenarios, and what tests do to the processes of a run."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from pushlab.lab.load.recorder import Recorder
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.trial.events import LabEvent, Phase, Progress, TrialStarted
from pushlab.lab.workers.clients import read_rows
from pushlab.runs import DeliveryRows, Run
from pushlab.runs.batches import in_batches


def tiny(transports: Sequence[str], **changes: object) -> Scenario:
    return load_scenario("tiny").override(transports=transports, **changes)


def children(module: str, of: psutil.Process | None = None) -> list[psutil.Process]:
    """The children of this process (or `of`) that run `module`."""
    found = []
    for child in (of or psutil.Process()).children(recursive=True):
        try:
            if any(module in word for word in child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


class Watcher:
    """An observer that remembers, and acts once when a trial reaches a phase.

    Args:
        deliveries: how many there must be by then; a busy machine may have none as yet.
    """

    def __init__(
        self,
        act: Callable[[], None] | None = None,
        *,
        phase: Phase = Phase.MEASURING,
        order: int = 0,
        deliveries: int = 0,
    ) -> None:
        self.events: list[LabEvent] = []
        self._act = act
        self._phase = phase
        self._order = order
        self._deliveries = deliveries

    def __call__(self, event: LabEvent) -> None:
        self.events.append(event)
        if self._act is None or not isinstance(event, Progress):
            return
        there = event.phase is self._phase and event.order == self._order
        if there and event.deliveries >= self._deliveries:
            act, self._act = self._act, None
            act()

    @property
    def started(self) -> list[str]:
        return [event.cell for event in self.events if isinstance(event, TrialStarted)]


async def run(
    scenario: Scenario,
    out: Path,
    observer: Callable[[LabEvent], None] | None = None,
    stop: asyncio.Event | None = None,
) -> Run:
    """Run a scenario, and see to it that no process of its own is left."""
    before = psutil.Process().children(recursive=True)  # other modules' servers, perhaps
    path = await run_scenario(
        scenario, out=out, observer=observer, command=["pushlab", "compare"], stop=stop
    )
    for name in ("pushlab", "mosquitto"):
        assert [child for child in children(name) if child not in before] == []
    return Run.load(path)


def deliveries(recorder: Recorder, *, per_channel: int) -> dict[str, Any]:
    """The rows of a recorder, as a trial reads them."""
    with tempfile.TemporaryDirectory() as folder:
        counts = recorder.write(Path(folder), key=0)
        rows = read_rows(Path(folder), counts, per_channel=per_channel)["deliveries"]
        some = list(in_batches(rows)) or [dict.fromkeys(DeliveryRows.__slots__, np.zeros(0, int))]
        return {name: np.concatenate([batch[name] for batch in some]) for name in some[0]}
