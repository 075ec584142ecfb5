"""Runs trials one after another, each on disk as soon as it has ended.

A run, a sweep and a search for capacity differ in who says which trial comes next: a list in random
order, a list less what has ended before, or what the trials so far have shown.

SIGINT, SIGTERM and SIGHUP stop all of them: the trial under way keeps its rows and is marked
interrupted, all children end, and the folder is marked incomplete.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pushlab import signals
from pushlab.errors import NotEnoughDescriptors, NotWritten
from pushlab.lab.host.machine import require_descriptors
from pushlab.lab.preflight import Readiness, check_ready
from pushlab.lab.scenario.cells import Cell
from pushlab.lab.scenario.grid import Grid
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.stored import FLOOR, sweep_points, without_log_in
from pushlab.lab.trial.backend import Interrupted, TrialBackend, process_backend
from pushlab.lab.trial.events import (
    Observer,
    Progress,
    RunFinished,
    RunStarted,
    TrialFinished,
    TrialStarted,
)
from pushlab.lab.trial.plan import (
    TrialOutcome,
    TrialPlan,
    floor_plan,
    order_of_trials,
)
from pushlab.runs import Run, RunWriter, SweepPoint, SweepWriter, TrialRecord

__all__ = ["PlannedTrial", "RunFolder", "Search", "run_scenario", "run_sweep", "run_trials"]

_Status = Literal["complete", "incomplete"]


class RunFolder:
    """A run's folder, opened when a trial comes, and closed when the last has ended.

    Args:
        left: the trials that are to end yet, as label of the cell and repetition.
        name: the folder's, below `root`; None: a new one of its own.
    """

    def __init__(
        self,
        root: Path,
        name: str | None,
        scenario: Scenario,
        cells: Sequence[str],
        ready: Readiness,
        left: Iterable[tuple[str, int]] = (),
    ) -> None:
        self.path = root / (name or "")
        self._name = name
        self._scenario = scenario
        self.cells = cells
        self._ready = ready
        self._writer: RunWriter | None = None
        self.left = set(left)

    def open(self) -> RunWriter:
        """The writer. Raises RunError."""
        if self._writer is None:
            if self._name is not None and (self.path / "run.json").exists():
                self._writer = RunWriter.reopen(self.path)
            else:
                self._writer = RunWriter.create(
                    self.path if self._name is None else self.path.parent,
                    folder=None if self._name is None else self.path.name,
                    scenario=without_log_in(self._scenario).to_json(),
                    cells=self.cells,
                    environment=self._ready.environment,
                    command=self._ready.command,
                    seed=self._scenario.seed,
                )
        return self._writer

    def ended(self, record: TrialRecord) -> None:
        """A trial has ended and is on disk."""
        if record.status != "interrupted":
            self.left.discard((record.cell, record.index))
            if not self.left:
                self.close("complete")

    def close(self, status: _Status = "incomplete") -> None:
        """Mark it, if it is open."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.finish(status)


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """A trial that is to run, and the folder that gets it.

    Attributes:
        order: its place in the whole, which is not that in its folder where there are several.
        label: what it is, for whoever watches.
    """

    plan: TrialPlan
    folder: RunFolder
    order: int
    label: str


async def run_trials(
    trials: Iterable[PlannedTrial],
    *,
    ready: Readiness,
    observer: Observer,
    stop: asyncio.Event,
    floor: TrialBackend | None = None,
    backend: TrialBackend | None = None,
) -> None:
    """Run what `trials` says, until it says no more or `stop` is set.

    The next trial is asked for when the last has ended, so that it may depend on that.

    Args:
        floor: runs the trials of the harness's own floor.
        backend: runs all others; None: in fresh processes.

    Raises:
        RunError, NotWritten: a folder cannot be made or written.
    """
    backend = backend or process_backend(ready.cores)
    folders: set[RunFolder] = set()
    try:
        planned = iter(trials)
        while not stop.is_set() and (trial := next(planned, None)) is not None:
            folders.add(trial.folder)
            await _run_one(trial, (trial.plan.floor and floor) or backend, observer, stop)
    except BaseException:
        with contextlib.suppress(NotWritten):  # the first error is the one to tell of
            _close(folders)
        raise
    else:
        _close(folders)
    finally:
        await backend.close()


def _close(folders: Iterable[RunFolder]) -> None:
    """Mark all of them. Raises NotWritten for the first that cannot be, in the end."""
    errors = []
    for folder in folders:
        try:
            folder.close()
        except NotWritten as error:
            errors.append(error)
    if errors:
        raise errors[0]


async def _run_one(
    trial: PlannedTrial, backend: TrialBackend, observer: Observer, stop: asyncio.Event
) -> None:
    """Run one trial and put it on disk, whatever becomes of it; if this is cancelled, too."""

    def tell(progress: Progress) -> None:
        observer(dataclasses.replace(progress, order=trial.order))

    plan, writer = trial.plan, trial.folder.open()
    observer(TrialStarted(trial.order, plan.index, trial.label))
    try:
        require_descriptors(plan.scenario.clients)
        outcome = await backend.run(plan, tell, stop)
    except NotEnoughDescriptors as error:
        outcome = TrialOutcome(plan.record(status="failed", reason=str(error)))
    except Interrupted as interrupted:
        writer.add_trial(interrupted.outcome.record, **interrupted.outcome.rows)
        raise
    record = outcome.record
    writer.add_trial(record, **outcome.rows)
    trial.folder.ended(record)
    observer(TrialFinished(dataclasses.replace(record, order=trial.order, cell=trial.label)))


def _in_a_row(trials: Sequence[PlannedTrial]) -> list[PlannedTrial]:
    """The trials, each told whether another with processes follows it."""
    followed = [not trial.plan.floor for trial in trials[1:]] + [False]
    return [
        dataclasses.replace(
            trial, plan=dataclasses.replace(trial.plan, another_follows=another_follows)
        )
        for trial, another_follows in zip(trials, followed, strict=False)
    ]


def _plan(scenario: Scenario, cell: int, order: int, index: int) -> TrialPlan:
    """The trial of cell number `cell`; the one after the last is the harness's own floor."""
    if cell == len(scenario.cells):
        return floor_plan(scenario, Cell(FLOOR, "null"), order, index)
    return TrialPlan(scenario, scenario.cells[cell], order, index)


async def run_scenario(
    scenario: Scenario,
    *,
    out: Path,
    observer: Observer | None = None,
    command: Sequence[str] = (),
    floor: TrialBackend | None = None,
    pinning: bool = True,
    stop: asyncio.Event | None = None,
    backend: TrialBackend | None = None,
    ready: Readiness | None = None,
) -> Path:
    """Run all trials of a scenario and write a run's folder below `out`.

    A trial that fails is kept as failed and the run goes on. The run's status (``complete``, or
    ``incomplete`` when it was stopped) is in its folder and in the last event.

    Args:
        observer: told of all that happens; it must return quickly.
        command: the command line, for the record; passwords in URLs are taken out.
        floor: runs the null transport as one more cell in each repetition, for a short while.
        pinning: whether servers and generator get cores of their own, where there are two.
        stop: set it to stop the run, as the signals do.
        backend: runs the trials; None: in fresh processes.
        ready: what is known of the machine, where nobody need look.

    Returns:
        the run's folder.

    Raises:
        NotEnoughDescriptors: this machine does not allow so many clients.
        MissingExtra, BrokerUnavailable, BrowserUnavailable: see `check_ready`.
        RunError, NotWritten: the folder cannot be made or written.
        Stopped: before there was a folder.
    """
    tell: Observer = observer or (lambda event: None)
    stop = stop or asyncio.Event()
    require_descriptors(scenario.clients)
    with signals.setting(stop):
        if ready is None:
            looking = check_ready([scenario], command=command, pinning=pinning)
            ready = await signals.unless_stopped(looking, stop)
        trials = _trials_of_run(scenario, out, ready, floor=floor is not None)
        folder = trials[0].folder
        path = folder.open().path
        try:
            tell(RunStarted(path, tuple(folder.cells), len(trials)))
            await run_trials(
                _in_a_row(trials),
                ready=ready,
                observer=tell,
                stop=stop,
                floor=floor,
                backend=backend,
            )
        finally:
            folder.close()
        tell(RunFinished(path, "incomplete" if folder.left else "complete"))
        return path


def _trials_of_run(
    scenario: Scenario, out: Path, ready: Readiness, *, floor: bool
) -> list[PlannedTrial]:
    """All trials of a scenario in their order; they share a folder below `out`."""
    labels = [cell.label for cell in scenario.cells] + [FLOOR] * floor
    order = order_of_trials(len(labels), scenario.trials, scenario.seed)
    left = [(labels[cell], index) for cell, index in order]
    folder = RunFolder(out, None, scenario, labels, ready, left)
    return [
        PlannedTrial(_plan(scenario, cell, number, index), folder, number, labels[cell])
        for number, (cell, index) in enumerate(order)
    ]


async def run_sweep(
    grid: Grid,
    writer: SweepWriter,
    *,
    observer: Observer,
    command: Sequence[str] = (),
    floor: TrialBackend | None = None,
    pinning: bool = True,
) -> _Status:
    """Run all trials of `grid` that have not ended yet; `writer` stays open.

    Points, seeds, schedules and the order follow from the grid alone. So a sweep that was stopped
    or killed goes on with the first trial that has not ended, and leaves the grid that it would
    have left. A trial that fails is kept as failed, and so are the trials of a point that this
    machine cannot run; the sweep goes on.

    Raises:
        MissingExtra, BrokerUnavailable, BrowserUnavailable: see `check_ready`.
        RunError, NotWritten: a folder cannot be read or written.
    """
    stop = asyncio.Event()
    with signals.setting(stop):
        scenarios = [point.scenario for point in grid.points]
        looking = check_ready(scenarios, command=command, pinning=pinning)
        ready = await signals.unless_stopped(looking, stop)
        writer.begin_session(ready.command, ready.environment)
        trials = _trials_of(grid, writer.path, ready, floor=floor is not None)
        labels = tuple(trial.label for trial in trials if trial.plan.index == 0)
        observer(RunStarted(writer.path, labels, len(trials)))
        to_do = [
            trial
            for trial in trials
            if (trial.plan.cell.label, trial.plan.index) in trial.folder.left
        ]
        await run_trials(_in_a_row(to_do), ready=ready, observer=observer, stop=stop, floor=floor)
        left = any(trial.folder.left for trial in trials)
        status: _Status = "incomplete" if left else "complete"
        writer.finish(status)
        observer(RunFinished(writer.path, status))
        return status


def _trials_of(grid: Grid, path: Path, ready: Readiness, *, floor: bool) -> list[PlannedTrial]:
    """All trials of a sweep in their order; the folders know which have ended before."""
    order = grid.order(floor=floor)
    folders: list[RunFolder] = []
    for number, point in enumerate(sweep_points(grid, floor=floor)):
        left = {(point.cells[one.cell], one.index) for one in order if one.point == number}
        if (path / point.folder / "run.json").exists():
            ended = Run.load(path / point.folder).trials
            left -= {(one.cell, one.index) for one in ended if one.status != "interrupted"}
        scenario = grid.points[number].scenario
        folders.append(RunFolder(path, point.folder, scenario, point.cells, ready, left))
    trials = []
    for number, one in enumerate(order):
        at = grid.points[one.point]
        plan = _plan(at.scenario, one.cell, one.order, one.index)
        label = f"{plan.cell.label}, {at.label}"
        trials.append(PlannedTrial(plan, folders[one.point], number, label))
    return trials


class Search:
    """The folders and trials of a search: one transport at loads that are decided as it goes.

    Args:
        scenario: with one cell; the load takes the place of its `vary`.
        writer: of the search's folder, which is a sweep's whose points are the loads.
    """

    def __init__(
        self, scenario: Scenario, writer: SweepWriter, ready: Readiness, *, vary: str
    ) -> None:
        self._scenario = scenario
        self._writer = writer
        self._ready = ready
        self._vary = vary
        self._folders: dict[float, RunFolder] = {}
        self._trials: dict[float, int] = {}

    def trial_at(self, load: float, *, duration_s: float) -> PlannedTrial:
        """One trial more at `load`, with a window of `duration_s` to measure."""
        value = int(load) if self._vary == "clients" else load
        changed: dict[str, Any] = {self._vary: value, "duration_s": duration_s, "trials": 1}
        scenario = dataclasses.replace(self._scenario, **changed)
        cell = scenario.cells[0]
        index = self._trials[load] = self._trials.get(load, -1) + 1
        if load not in self._folders:
            name = f"points/{len(self._folders):03}-{self._vary}-{load:.12g}"
            resolved = without_log_in(scenario).to_json()
            self._writer.add_point(
                SweepPoint(
                    folder=name, values={self._vary: load}, scenario=resolved, cells=[cell.label]
                )
            )
            self._folders[load] = RunFolder(
                self._writer.path, name, scenario, [cell.label], self._ready
            )
        folder = self._folders[load]
        folder.left.add((cell.label, index))
        return PlannedTrial(TrialPlan(scenario, cell, index, index), folder, index, cell.label)

    def run_at(self, load: float) -> Run:
        """The trials at `load` so far. Raises RunError."""
        return Run.load(self._folders[load].path)
