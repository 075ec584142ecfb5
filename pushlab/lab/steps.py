"""The steps of a search: one transport at loads that are decided from trial to trial.

Each trial has fresh processes, as in any run. The folder is a sweep's whose points are the loads.
"""

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pushlab.lab.host.certificates import require_certificates
from pushlab.lab.host.cores import choose_cores
from pushlab.lab.host.machine import describe_machine, require_descriptors
from pushlab.lab.runner import check_broker, run_trial, without_log_in, without_password
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.trial.events import Observer
from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.trial.process_backend import ProcessBackend
from pushlab.runs import Run, RunWriter, SweepPoint, SweepWriter, TrialRecord

__all__ = ["Steps", "Vary"]

Vary = Literal["clients", "rate_per_s"]


class Steps:
    """The trials of one search.

    Args:
        scenario: with one cell; the load takes the place of its `vary`.
        writer: of the search's folder; it stays open.
        pinning: whether servers and generator get cores of their own, where there are two.
    """

    def __init__(
        self,
        scenario: Scenario,
        writer: SweepWriter,
        *,
        vary: Vary,
        command: Sequence[str],
        observer: Observer,
        pinning: bool = True,
    ) -> None:
        self._scenario = scenario
        self._writer = writer
        self._vary = vary
        self._command = [without_password(word) for word in command]
        self._observer = observer
        self._cores = choose_cores(pinning=pinning)
        self._environment: dict[str, Any] = {}
        self._folders: dict[float, Path] = {}
        self._counts: dict[float, int] = {}

    async def begin(self) -> None:
        """Look at the machine. Raises what `run_scenario` raises before its first trial."""
        if self._scenario.tls:
            require_certificates()
        broker = await check_broker(self._scenario)
        self._environment = await asyncio.to_thread(describe_machine, broker, self._cores.to_json())
        self._writer.begin_session(self._command, self._environment)

    async def run(
        self, load: float, *, duration_s: float, stop: asyncio.Event
    ) -> tuple[Run, TrialRecord]:
        """One trial more at `load`: its run, and the trial's record in it.

        Args:
            duration_s: the length of the window to measure.

        Raises:
            NotEnoughDescriptors: this machine does not allow so many clients.
            RunError: the folder cannot be written.
        """
        value = int(load) if self._vary == "clients" else load
        changed: dict[str, Any] = {self._vary: value, "duration_s": duration_s, "trials": 1}
        scenario = dataclasses.replace(self._scenario, **changed)
        require_descriptors(scenario.clients)
        count = self._counts.get(load, 0)
        self._counts[load] = count + 1
        plan = TrialPlan(scenario, scenario.cells[0], count, count)
        writer = self._open(load, scenario)
        await run_trial(plan, ProcessBackend(self._cores), writer, self._observer, stop)
        run = Run.load(writer.finish("incomplete" if stop.is_set() else "complete"))
        return run, run.trials[-1]

    def _open(self, load: float, scenario: Scenario) -> RunWriter:
        if load in self._folders:
            return RunWriter.reopen(self._folders[load])
        folder = f"points/{len(self._folders):03}-{self._vary}-{load:.12g}"
        resolved = without_log_in(scenario).to_json()
        cells = [scenario.cells[0].label]
        self._writer.add_point(
            SweepPoint(folder=folder, values={self._vary: load}, scenario=resolved, cells=cells)
        )
        path = self._writer.path / folder
        self._folders[load] = path
        return RunWriter.create(
            path.parent,
            folder=path.name,
            scenario=resolved,
            cells=cells,
            environment=self._environment,
            command=self._command,
            seed=scenario.seed,
        )
