"""`pushlab compare` on a grid, and `pushlab resume`: run what is left, analyse, draw, print."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from pushlab.commands import terminal
from pushlab.commands.progress import Watcher
from pushlab.errors import RunError, ScenarioError, Stopped, UsageError
from pushlab.lab.preflight import check_systems
from pushlab.lab.runner import run_sweep
from pushlab.lab.scenario.grid import Grid, grid_again
from pushlab.lab.scenario.stored import check_same_grid, create_sweep
from pushlab.lab.trial.baseline import baseline_backend
from pushlab.quantities import interval
from pushlab.runs import Sweep, SweepWriter
from pushlab.testing.null import Null

__all__ = ["estimate_s", "resume", "start_sweep", "tell_folders"]

#: The exit status of what was stopped before its end.
_AROUND_S = 2.5  # what a trial takes beside its windows: processes start, connect, stop
_CLIENTS_PER_S = 1_000
_FLOOR_S = 2.0  # a trial of the harness's floor is short


def start_sweep(
    grid: Grid,
    *,
    out: Path,
    again: Path | None = None,
    pinning: bool = True,
    with_charts: bool = True,
    as_json: bool = False,
    may_load: Sequence[str] = (),
    cluster: str | None = None,
) -> int:
    """Run a grid; the exit status: 0, or 1 if a trial failed.

    Args:
        out: the folder that gets the sweep's folder.
        again: the folder of a sweep of this very grid, to go on with.
        pinning: whether servers and generator get cores of their own, where there are two.
        may_load: hosts other than this one that may be loaded.
        cluster: see `run_sweep`.

    Raises:
        UsageError, SetupError: it is not the same grid, or see `run_sweep`.
        Stopped: by a signal; the sweep can be gone on with.
    """
    here = cluster is None
    check_systems([point.scenario for point in grid.points], may_load, here=here)
    if again is not None:
        check_same_grid(grid, _sweep_at(again), floor=True)
    writer = (
        create_sweep(grid, out=out, floor=True, pinning=pinning)
        if again is None
        else SweepWriter.reopen(again)
    )
    how: dict[str, Any] = {"pinning": pinning, "may_load": may_load, "cluster": cluster}
    return _run(grid, writer, with_charts=with_charts, as_json=as_json, **how)


def resume(
    folder: Path,
    *,
    with_charts: bool = True,
    as_json: bool = False,
    may_load: Sequence[str] = (),
    cluster: str | None = None,
) -> int:
    """Go on with the sweep in `folder`; the exit status as for `start_sweep`.

    Raises:
        UsageError: it is no sweep, or this pushlab makes another grid of its scenario.
    """
    sweep = _sweep_at(folder)
    if sweep.kind != "sweep":
        raise UsageError(f"{folder}: a search for capacity is not resumed; start it anew")
    try:
        grid = grid_again(sweep.source)
        pinning = bool(sweep.source["pinning"])
    except (KeyError, ScenarioError) as error:
        raise RunError(f"{folder / 'sweep.json'}: source: {error}") from error
    return start_sweep(
        grid,
        out=folder,
        again=folder,
        pinning=pinning,
        with_charts=with_charts,
        as_json=as_json,
        may_load=may_load,
        cluster=cluster,
    )


def _sweep_at(folder: Path) -> Sweep:
    if os.path.isfile(folder / "run.json"):
        raise RunError(f"{folder}: a plain run is not resumed; only a sweep is, a grid of points")
    return Sweep.load(folder)


def estimate_s(grid: Grid) -> float:
    """About how long the trials of `grid` take, in seconds."""
    total = 0.0
    for point in grid.points:
        scenario = point.scenario
        each = scenario.warmup_s + scenario.duration_s + _AROUND_S
        each += 3 * scenario.parts_s
        each += scenario.clients / _CLIENTS_PER_S
        polls = sum(2 * cell.interval_s for cell in scenario.cells)
        floor_s = min(scenario.duration_s + scenario.warmup_s, _FLOOR_S)
        total += scenario.trials * (len(scenario.cells) * each + polls + floor_s)
    return total


def _run(grid: Grid, writer: SweepWriter, *, with_charts: bool, as_json: bool, **how: Any) -> int:
    axes = " x ".join(f"{axis.key} {_listed(axis.values)}" for axis in grid.axes)
    count = len(grid.order(floor=True))
    print(
        f"sweep of {len(grid.points)} points: {axes}; {count:,} trials,"
        f" about {interval(estimate_s(grid))} in all",
        file=sys.stderr,
    )
    with writer, Watcher() as watcher:
        status = uvloop.run(
            run_sweep(
                grid,
                writer,
                observer=watcher,
                command=["pushlab", *sys.argv[1:]],
                floor=baseline_backend(Null()),
                **how,
            )
        )
    if status != "complete":
        raise Stopped(f"the sweep was stopped; to go on: pushlab resume {writer.path}")
    # The analysis is loaded only now: it has no place in a process that measures.
    from pushlab.analysis.summary.sweep_lines import lines_of, summarise_points
    from pushlab.commands.grid_table import grid_json, print_sweep

    sweep = Sweep.load(writer.path)
    summarise_points(sweep)
    print_sweep(sweep, to_stderr=as_json)
    tell_folders("sweep", sweep, with_charts=with_charts, as_json=as_json)
    if as_json:
        print(terminal.json_text(grid_json(sweep)))
    states = [one.status for line in lines_of(sweep) for one in line.at if one is not None]
    return 0 if all(state == "ok" for state in states) else 1


def tell_folders(what: str, sweep: Sweep, *, with_charts: bool, as_json: bool) -> None:
    """Print where the sweep and its charts are, and draw them."""
    stream = sys.stderr if as_json else sys.stdout
    print(f"\n{what}:  {sweep.path}", file=stream)
    if with_charts:
        from pushlab.charts import draw_charts  # measuring needs no matplotlib

        if draw_charts(sweep, sweep.path / "charts"):
            print(f"charts: {sweep.path / 'charts'}", file=stream)


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.12g}" for value in values)
