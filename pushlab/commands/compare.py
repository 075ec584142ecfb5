"""`pushlab compare`: run a scenario, analyse it, draw it, and print what came out."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from pushlab.analysis.cost.architectures import Architecture
from pushlab.analysis.cost.of_run import chosen_architecture
from pushlab.commands import terminal
from pushlab.commands.progress import Watcher
from pushlab.commands.sweep import start_sweep
from pushlab.commands.until import Until
from pushlab.errors import CannotResolve, RunError, Stopped, UsageError
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.grid import load_grid
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.trial.baseline import baseline_backend
from pushlab.lab.trial.events import LabEvent
from pushlab.runs import Run
from pushlab.testing.null import Null

if TYPE_CHECKING:
    from pushlab.analysis import Analysis


__all__ = ["compare", "measure"]


def compare(
    scenario_name: str,
    *,
    overrides: Mapping[str, Any],
    out: Path,
    replace: Path | None = None,
    again: Path | None = None,
    pinning: bool = True,
    strict: bool = False,
    with_charts: bool = True,
    architecture: str | None = None,
    as_json: bool = False,
    may_load: Sequence[str] = (),
    verify: bool = True,
    cluster: str | None = None,
) -> int:
    """Run the scenario; the exit status: 0, or 1 if a trial failed, or 3: `strict`, and not known.

    Args:
        overrides: keyword arguments for `Scenario.override`; a list of numbers makes a sweep.
        out: the folder that gets the run's folder.
        replace: where to move the run's folder in the end, in place of a run that is there.
        again: the folder of a sweep of this scenario, to go on with.
        pinning: whether servers and generator get cores of their own, where there are two.
        strict: measure nothing where the machine cannot tell apart what is asked for, or is marked.
        architecture: within which the charts compare months; None: where all five can run.
        as_json: print the summary on stdout; progress and tables go to stderr.
        may_load, verify, cluster: see `run_scenario`.

    Raises:
        UsageError, SetupError: see `load_scenario`, `run_scenario`.
        Stopped: by a signal; the run's folder is below `out`, and nothing is drawn.
    """
    if replace is not None:
        _check_replaceable(replace)
    where, grid = chosen_architecture(architecture), load_grid(scenario_name, overrides)
    _tell_left_out(grid.points[0].scenario)
    how: dict[str, Any] = {"pinning": pinning, "may_load": may_load, "cluster": cluster}
    if grid.axes:
        if replace is not None:
            raise UsageError("--replace takes the place of a run; this scenario makes a sweep")
        if strict:
            raise UsageError("--strict judges a run; this scenario makes a sweep")
        how |= {"with_charts": with_charts, "as_json": as_json}
        return start_sweep(grid, out=out, again=again, **how)
    if again is not None:
        file = grid.source["file"]
        raise UsageError(f"--resume goes on with a sweep, and {file} holds no list of numbers")
    scenario, floor = grid.points[0].scenario, baseline_backend(Null())
    try:
        analysis = measure(scenario, out, floor=floor, strict=strict, verify=verify, **how)
    except CannotResolve as error:
        print(f"pushlab: nothing was measured: {error}", file=sys.stderr)
        return terminal.NOT_KNOWN
    if replace is not None:
        if replace.exists():
            shutil.rmtree(replace)
        analysis.run = Run.load(Path(shutil.move(analysis.run.path, replace)))
    status = _tell(analysis, where if with_charts else None, as_json=as_json)
    return status or (_judge(analysis) if strict else 0)


def _tell_left_out(scenario: Scenario) -> None:
    for pair in scenario.left_out:
        print(f"left out: {pair}", file=sys.stderr)


def _judge(analysis: "Analysis") -> int:
    """Say which figures are marked of those that titles speak of; the exit status for that."""
    from pushlab.analysis.summary.catalogue import claimed

    found = []
    for name, cell in analysis.summary.cells.items():
        figures = [one.short for one in claimed() if not cell.floor and cell.marks_on(one.name)]
        if figures:
            found.append(f"{name} ({', '.join(figures)})")
    if found:
        print(f"pushlab: measured, but marked: {', '.join(found)}", file=sys.stderr)
    return terminal.NOT_KNOWN if found else 0


def measure(scenario: Scenario, out: Path, **how: Any) -> "Analysis":
    """Run the scenario in a folder below `out`; what came of it, its summary written.

    Args:
        how: keywords of `run_scenario`.

    Raises:
        Stopped: by a signal; what was measured is kept.
    """
    command = ["pushlab", *sys.argv[1:]]
    with Watcher() as watcher:
        until = Until(scenario, watcher.wait_for) if scenario.until else None

        def observe(event: LabEvent) -> None:
            if until is not None:
                until.watch(event)
            watcher(event)

        path = uvloop.run(
            run_scenario(scenario, out=out, observer=observe, command=command, more=until, **how)
        )
    if Run.load(path).status != "complete":
        raise Stopped(
            f"stopped; what was measured is in {path}, marked incomplete: pushlab show {path}, or"
            f" pushlab chart {path}"
        )
    # The analysis is loaded only now: it has no place in a process that measures.
    from pushlab.analysis import analyse
    from pushlab.analysis.summary.stored import store

    analysis = analyse(Run.load(path))
    store(analysis)
    analysis.run = Run.load(path)
    return analysis


def _tell(analysis: "Analysis", where: Architecture | None, *, as_json: bool) -> int:
    """Print what came out, and draw it where months are to be compared somewhere."""
    from pushlab.analysis.summary.stored import summary_of

    run, summary = analysis.run, summary_of(analysis.run)
    terminal.print_run(run, summary, to_stderr=as_json)
    stream = sys.stderr if as_json else sys.stdout
    print(f"\nrun:    {run.path}", file=stream, flush=True)  # before charts, which take seconds
    for what, path in (_draw(analysis, where) if where else {}).items():
        print(f"{what + ':':<8}{path}", file=stream)
    if as_json:
        print(terminal.json_text(summary.to_json()))
    return 0 if all(trial.status == "ok" for trial in run.trials) else 1


def _draw(analysis: "Analysis", where: Architecture) -> dict[str, Path]:
    """Draw the charts, if there is something to draw, and write the report."""
    from pushlab.charts import draw_charts, view_of
    from pushlab.commands.report import report_of

    view, run = view_of(analysis, where), analysis.run
    drawn: dict[str, Path] = {}
    if any(trial.status == "ok" for trial in run.trials):
        drawn["charts"] = run.path / "charts"
        draw_charts(view, drawn["charts"])
    return {**drawn, "report": report_of(view)}


def _check_replaceable(folder: Path) -> None:
    """Refuse to remove a folder that is not a run's."""
    if not folder.exists():
        return
    try:
        Run.load(folder)
    except RunError as error:
        raise UsageError(f"--replace: {folder} is not a run's folder: {error}") from error
