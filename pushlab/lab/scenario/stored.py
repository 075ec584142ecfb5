"""A scenario and a grid as a folder keeps them: without log-ins, to be compared when it goes on."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pushlab.errors import ScenarioError
from pushlab.lab.scenario.grid import Grid, GridTrial
from pushlab.lab.scenario.model import Scenario
from pushlab.runs import Sweep, SweepPoint, SweepWriter

__all__ = [
    "FLOOR",
    "check_same_grid",
    "create_sweep",
    "sweep_points",
    "without_log_in",
    "without_password",
    "without_scheduler",
]

#: The label of the harness's own floor.
FLOOR = "harness floor"
_SCHEDULER = re.compile(r"^(\w+://).*?(:\d+)?/?$")


def without_password(word: str) -> str:
    """`word` without the log-in that a URL in it may have."""
    head, scheme, rest = word.partition("://")
    if not scheme or "@" not in rest:
        return word
    return f"{head}://{rest.rpartition('@')[2]}"


def without_scheduler(words: Sequence[str]) -> list[str]:
    """A command line whose ``--cluster`` names no host."""
    line, before = [], ""
    for word in words:
        flag, equals, value = word.partition("=")
        if before == "--cluster":
            word = _SCHEDULER.sub(r"\1SCHEDULER\2", word)
        elif flag == "--cluster" and equals:
            word = flag + equals + _SCHEDULER.sub(r"\1SCHEDULER\2", value)
        line.append(word)
        before = word
    return line


def without_log_in(scenario: Scenario) -> Scenario:
    """`scenario` as it may be written down: its broker's URL without a log-in."""
    if not urlsplit(scenario.broker).username:
        return scenario
    return dataclasses.replace(scenario, broker=without_password(scenario.broker))


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
        axes=grid.axes,
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
    before, now = ({axis.key: axis.values for axis in of.axes} for of in (sweep, grid))
    told = _difference(before, now)
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


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    for key in [*old, *new]:
        if old.get(key) != new.get(key):
            return f"{key} was {_words(old.get(key))} and is {_words(new.get(key))}"
    return None


def _words(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, int | float) for one in value):
        return ", ".join(f"{one:.12g}" for one in value)
    return "not there" if value is None else str(value)
