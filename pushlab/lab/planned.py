"""Which trial comes next: of a run, of several that take turns, of a sweep, of a search.

A run repeats all its cells, each repetition in another random order that follows from its seed
alone. How often may be said beforehand, or decided as it goes by what the trials so far have shown.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pushlab.lab.preflight import Readiness
from pushlab.lab.scenario.cells import Cell
from pushlab.lab.scenario.grid import Grid
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.stored import FLOOR, sweep_points, without_log_in
from pushlab.lab.trial.plan import TrialPlan, floor_plan, order_of_trials
from pushlab.runs import Run, RunWriter, SweepPoint, SweepWriter, TrialRecord

__all__ = [
    "More",
    "PlannedTrial",
    "RunFolder",
    "Search",
    "Status",
    "left_to_do",
    "run_folder",
    "trials_in_turn",
    "trials_of_grid",
]

Status = Literal["complete", "incomplete"]
#: Whether a run whose repetitions so far have all ended, as many as it asked for, wants another.
More = Callable[["RunFolder", int], bool]


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
        self.scenario = scenario
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
                    scenario=without_log_in(self.scenario).to_json(),
                    cells=self.cells,
                    environment=self._ready.environment,
                    command=self._ready.command,
                    seed=self.scenario.seed,
                )
                if self._ready.verified:
                    self._writer.add_verified(self._ready.verified)
                self.path = self._writer.path
                self._name = self.path.name
        return self._writer

    def ended(self, record: TrialRecord) -> None:
        """A trial has ended and is on disk."""
        if record.status != "interrupted":
            self.left.discard((record.cell, record.index))
            if not self.left:
                self.close("complete")

    def close(self, status: Status = "incomplete") -> None:
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


def run_folder(scenario: Scenario, out: Path, ready: Readiness, *, floor: bool) -> RunFolder:
    """The folder below `out` of a run of the scenario, its harness's floor as one more cell."""
    labels = [cell.label for cell in scenario.cells] + [FLOOR] * floor
    left = [(label, index) for label in labels for index in range(scenario.trials)]
    return RunFolder(out, None, scenario, labels, ready, left)


def trials_in_turn(
    runs: Sequence[RunFolder], seed: int, more: More | None = None
) -> Iterator[PlannedTrial]:
    """The trials of a run, or of several that take turns, repetition by repetition.

    Each repetition is another random order of all cells of all runs, which follows from the seed.

    Args:
        more: asked of each run when the repetitions that its scenario asks for have ended, and
            after each one more; a run that wants no more is not asked again. None: none does.
    """
    cells = [(run, number) for run in runs for number in range(len(run.cells))]
    going, orders = set(runs), dict.fromkeys(runs, 0)
    begun = -1
    for order, ((place, index), (then, later)) in enumerate(
        pairwise(order_of_trials(len(cells), seed))
    ):
        if index > begun:
            begun = index
            going = {r for r in runs if r in going and _wants(r, index, more)}
            if not going:
                return
        run, cell = cells[place]
        if run in going:
            next_run, next_cell = cells[then]
            comes = next_run in going and (later < next_run.scenario.trials or more is not None)
            plan = _plan(run.scenario, cell, orders[run], index)
            plan = dataclasses.replace(
                plan, another_follows=comes and next_cell < len(next_run.scenario.cells)
            )
            orders[run] += 1
            yield PlannedTrial(plan, run, order, plan.cell.label)


def _wants(run: RunFolder, index: int, more: More | None) -> bool:
    """Whether a run wants repetition number `index`, whose trials are then left to end."""
    wants = index < run.scenario.trials or (more is not None and more(run, index))
    if wants:
        run.left |= {(label, index) for label in run.cells}
    return wants


def _plan(scenario: Scenario, cell: int, order: int, index: int) -> TrialPlan:
    """The trial of cell number `cell`; the one after the last is the harness's own floor."""
    if cell == len(scenario.cells):
        return floor_plan(scenario, Cell(FLOOR, "null"), order, index)
    return TrialPlan(scenario, scenario.cells[cell], order, index)


def trials_of_grid(grid: Grid, path: Path, ready: Readiness, *, floor: bool) -> list[PlannedTrial]:
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


def left_to_do(trials: Sequence[PlannedTrial]) -> list[PlannedTrial]:
    """Those that have not ended yet, each told whether another with processes follows it."""
    to_do = [t for t in trials if (t.plan.cell.label, t.plan.index) in t.folder.left]
    followed = [not trial.plan.floor for trial in to_do[1:]] + [False]
    return [
        dataclasses.replace(
            trial, plan=dataclasses.replace(trial.plan, another_follows=another_follows)
        )
        for trial, another_follows in zip(to_do, followed, strict=False)
    ]


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
