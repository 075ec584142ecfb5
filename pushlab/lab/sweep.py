"""A sweep: the trials of a whole grid in one random order, each on disk as soon as it has ended.

Points, seeds, schedules and the order follow from the grid alone. So a sweep that was stopped or
killed goes on with the first trial that has not ended, and leaves the grid that it would have left.
"""

import asyncio
import contextlib
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pushlab.errors import NotEnoughDescriptors, ScenarioError
from pushlab.lab.host.certificates import require_certificates
from pushlab.lab.host.cores import Cores, choose_cores
from pushlab.lab.host.machine import describe_machine, require_descriptors
from pushlab.lab.runner import (
    FLOOR,
    check_broker,
    check_browser_runs,
    run_trial,
    stopped_by_signals,
    without_log_in,
    without_password,
)
from pushlab.lab.scenario.grid import Grid, GridTrial
from pushlab.lab.scenario.model import Cell
from pushlab.lab.trial.events import (
    LabEvent,
    Observer,
    Progress,
    RunFinished,
    RunStarted,
    TrialFinished,
    TrialStarted,
)
from pushlab.lab.trial.plan import Stop, Tell, TrialBackend, TrialOutcome, TrialPlan, floor_plan
from pushlab.lab.trial.process_backend import ProcessBackend
from pushlab.runs import Run, RunWriter, Sweep, SweepAxis, SweepPoint, SweepWriter

__all__ = ["check_same_grid", "create_sweep", "run_sweep", "sweep_points"]


def sweep_points(grid: Grid, *, floor: bool) -> list[SweepPoint]:
    """The grid's points as they stand in ``sweep.json``."""
    points = []
    for number, point in enumerate(grid.points):
        words = [f"{key}-{value:g}" for key, value in point.values.items()]
        tail = re.sub(r"[^A-Za-z0-9_.]+", "-", "-".join(words))[:80].strip("-.")
        cells = [cell.label for cell in point.scenario.cells]
        points.append(
            SweepPoint(
                folder=f"points/{number:03}-{tail}",
                values=dict(point.values),
                scenario=without_log_in(point.scenario).to_json(),
                cells=[*cells, FLOOR] if floor else cells,
            )
        )
    return points


def create_sweep(
    grid: Grid, *, out: Path, floor: bool = False, pinning: bool = True
) -> SweepWriter:
    """Begin a sweep of `grid` in a new folder below `out`. Raises RunError."""
    source = dict(grid.source)
    for part in ("data", "flags"):
        if isinstance(source[part].get("broker"), str):
            source[part] = {**source[part], "broker": without_password(source[part]["broker"])}
    return SweepWriter.create(
        out,
        name=grid.name,
        kind="sweep",
        source={**source, "pinning": pinning},
        axes=[SweepAxis(key=axis.key, values=list(axis.values)) for axis in grid.axes],
        points=sweep_points(grid, floor=floor),
        order=_listed(grid.order(floor=floor)),
    )


def _listed(order: Sequence[GridTrial]) -> list[list[int]]:
    return [[trial.point, trial.cell, trial.index] for trial in order]


def check_same_grid(grid: Grid, sweep: Sweep, *, floor: bool = False) -> None:
    """Refuse to go on with a sweep of another grid. Raises ScenarioError, which tells a difference.

    Args:
        floor: whether each point has the harness's floor as one more cell.
    """
    file = grid.source["file"]
    told: str | None = None
    before = {axis.key: axis.values for axis in sweep.axes}
    now = {axis.key: list(axis.values) for axis in grid.axes}
    for key in [*before, *now]:
        if before.get(key) != now.get(key):
            told = told or f"{key} was {_words(before.get(key))} and is {_words(now.get(key))}"
    if told is None:
        for old, new in zip(sweep.points, sweep_points(grid, floor=floor), strict=True):
            told = told or _difference(old.scenario, new.scenario)
            if old.cells != new.cells:
                told = told or f"the transports were {old.cells} and are {new.cells}"
    if told is None and [list(trial) for trial in sweep.order] != _listed(grid.order(floor=floor)):
        told = "this version of pushlab draws the order of trials in another way"
    if told is not None:
        raise ScenarioError(
            f"{file} is not what {sweep.path} was begun with: {told}; put it back, or begin a new"
            " sweep without --resume"
        )


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    for key in [*old, *new]:
        if old.get(key) != new.get(key):
            return f"{key} was {_words(old.get(key))} and is {_words(new.get(key))}"
    return None


def _words(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, int | float) for one in value):
        return ", ".join(f"{one:.12g}" for one in value)
    return "not there" if value is None else str(value)


async def run_sweep(
    grid: Grid,
    writer: SweepWriter,
    *,
    observer: Observer,
    command: Sequence[str] = (),
    floor: TrialBackend | None = None,
    pinning: bool = True,
    stop: asyncio.Event | None = None,
) -> Literal["complete", "incomplete"]:
    """Run all trials of `grid` that have not ended yet; `writer` stays open.

    A trial that fails is kept as failed, and so are the trials of a point that this machine cannot
    run; the sweep goes on. SIGINT and SIGTERM stop it, and keep the rows of the trial under way.

    Raises:
        MissingExtra: certificates are wanted and cannot be made.
        BrokerUnavailable: a transport needs a broker and there is none.
        BrowserUnavailable: subscribers are to be in a browser and there is none.
        RunError: a folder cannot be read or written.
    """
    stop = stop or asyncio.Event()
    cores = choose_cores(pinning=pinning)
    if any(point.scenario.tls for point in grid.points):
        require_certificates()
    with stopped_by_signals(stop):
        broker = await check_broker(grid.points[0].scenario)
        browser = await check_browser_runs(grid.points[0].scenario)
        environment = await asyncio.to_thread(
            describe_machine, broker, cores.to_json(), browser=browser
        )
        words = [without_password(word) for word in command]
        writer.begin_session(words, environment)
        work = _Work(grid, writer.path, environment, words, floor, cores)
        labels = tuple(work.label(trial) for trial in work.order if trial.index == 0)
        observer(RunStarted(writer.path, labels, len(work.order)))
        with contextlib.closing(work):
            for number, trial in enumerate(work.order):
                if stop.is_set():
                    break
                if not work.has(trial):
                    await work.run(number, trial, observer, stop)
        status: Literal["complete", "incomplete"] = "complete"
        if not all(work.has(trial) for trial in work.order):
            status = "incomplete"
        writer.finish(status)
        observer(RunFinished(writer.path, status))
        return status


class _Work:
    """The trials of a sweep, and the points' folders that they are written to."""

    def __init__(
        self,
        grid: Grid,
        path: Path,
        environment: dict[str, Any],
        command: Sequence[str],
        floor: TrialBackend | None,
        cores: Cores,
    ) -> None:
        self.order = grid.order(floor=floor is not None)
        self._grid = grid
        self._path = path
        self._environment = environment
        self._command = command
        self._floor = floor
        self._driver = ProcessBackend(cores)
        self._points = sweep_points(grid, floor=floor is not None)
        self._writers: dict[int, RunWriter] = {}
        self._left = [
            {(t.cell, t.index) for t in self.order if t.point == number}
            for number in range(len(grid.points))
        ]
        for number, point in enumerate(self._points):
            folder = path / point.folder
            if (folder / "run.json").exists():
                for record in Run.load(folder).trials:
                    if record.status != "interrupted":
                        self._left[number].discard((point.cells.index(record.cell), record.index))

    def has(self, trial: GridTrial) -> bool:
        """Whether a trial has ended, in this session or before."""
        return (trial.cell, trial.index) not in self._left[trial.point]

    def label(self, trial: GridTrial) -> str:
        """The trial's cell and point, for whoever watches."""
        return (
            f"{self._points[trial.point].cells[trial.cell]}, {self._grid.points[trial.point].label}"
        )

    async def run(
        self, number: int, trial: GridTrial, observer: Observer, stop: asyncio.Event
    ) -> None:
        """Run trial `number` of the sweep."""
        scenario = self._grid.points[trial.point].scenario
        is_floor = trial.cell == len(scenario.cells)
        cell = Cell(FLOOR, "null") if is_floor else scenario.cells[trial.cell]
        driver: TrialBackend = _Wary(self._floor if is_floor and self._floor else self._driver)
        make = floor_plan if is_floor else TrialPlan
        plan = make(scenario, cell, trial.order, trial.index)
        label = self.label(trial)

        def tell(event: LabEvent) -> None:
            if isinstance(event, TrialFinished):
                if event.record.status != "interrupted":
                    self._left[trial.point].discard((trial.cell, trial.index))
                event = TrialFinished(dataclasses.replace(event.record, order=number, cell=label))
            elif isinstance(event, TrialStarted):
                event = TrialStarted(number, trial.index, label)
            elif isinstance(event, Progress):
                event = dataclasses.replace(event, order=number)
            observer(event)

        await run_trial(plan, driver, self._writer(trial.point), tell, stop)
        if not self._left[trial.point]:
            self._writers.pop(trial.point).finish("complete")

    def _writer(self, number: int) -> RunWriter:
        if number not in self._writers:
            point = self._points[number]
            folder = self._path / point.folder
            if (folder / "run.json").exists():
                self._writers[number] = RunWriter.reopen(folder)
            else:
                self._writers[number] = RunWriter.create(
                    folder.parent,
                    folder=folder.name,
                    scenario=point.scenario,
                    cells=point.cells,
                    environment=self._environment,
                    command=self._command,
                    seed=self._grid.points[number].scenario.seed,
                )
        return self._writers[number]

    def close(self) -> None:
        """Mark the points that are under way as incomplete."""
        for writer in self._writers.values():
            writer.finish("incomplete")


class _Wary:
    """Runs a trial, unless this machine cannot have so many clients: then it has failed."""

    def __init__(self, driver: TrialBackend) -> None:
        self._driver = driver

    async def run(self, plan: TrialPlan, tell: Tell, stop: Stop) -> TrialOutcome:
        try:
            require_descriptors(plan.scenario.clients)
        except NotEnoughDescriptors as error:
            return TrialOutcome(plan.record(status="failed", reason=str(error)))
        return await self._driver.run(plan, tell, stop)
