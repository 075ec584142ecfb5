"""A sitting: several runs of one scenario whose trials take turns, and what is kept of them."""

import asyncio
import dataclasses
import json
import os
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from pushlab import signals
from pushlab.analysis import analyse
from pushlab.analysis.summary.catalogue import compared
from pushlab.analysis.summary.figure import CellTrials
from pushlab.errors import RunError, Stopped
from pushlab.lab.host.machine import describe_machine
from pushlab.lab.planned import run_folder, trials_in_turn
from pushlab.lab.preflight import check_ready
from pushlab.lab.runner import run_trials
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.trial.baseline import baseline_backend
from pushlab.lab.trial.events import Observer, RunStarted
from pushlab.runs import Run
from pushlab.testing.null import Null

__all__ = ["SITTING", "Sitting", "load_sitting", "measure_sitting", "of_runs"]

SITTING = "sitting.json"
#: What a scenario says of itself, and how often it is done, which a sitting decides.
_NO_WORK = {"title", "description", "trials", "until", "at_most_s"}

#: Of one run, by cell and figure, a value of each trial; None where the trial does not give it.
Values = Mapping[str, Mapping[str, Sequence[float | None]]]


@dataclass(frozen=True, slots=True)
class Sitting:
    """What is kept of some runs that took turns.

    Attributes:
        created_utc: when it ended.
        scenario: what all of its runs did, without the seed, in which they differ.
        runs: their values, the seed of each run apart.
        marked: by cell, in how many trials there was a mark.
        busy: how busy the machine was: its load average before and after, and the share of all
            cores that other programs and the hypervisor took meanwhile.
    """

    created_utc: str
    scenario: Mapping[str, Any]
    runs: Sequence[Values]
    marked: Mapping[str, int]
    environment: Mapping[str, Any]
    busy: Mapping[str, Any]

    @property
    def cells(self) -> list[str]:
        """The cells that every run has."""
        return [cell for cell in self.runs[0] if all(cell in run for run in self.runs)]

    def did_as(self, other: "Sitting") -> bool:
        """Whether both did the same work, as far as both say: keys come with newer versions."""
        keys = (self.scenario.keys() & other.scenario.keys()) - _NO_WORK
        return all(self.scenario[key] == other.scenario[key] for key in keys)

    def save(self, folder: Path) -> Path:
        """Write ``sitting.json`` into `folder`; the file."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / SITTING
        file.write_text(json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False) + "\n")
        return file


def load_sitting(folder: Path) -> Sitting:
    """What `Sitting.save` wrote. Raises RunError."""
    file = folder / SITTING if folder.is_dir() else folder
    try:
        return Sitting(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise RunError(f"{file}: is no sitting ({error})") from error


def of_runs(runs: Sequence[Run], busy: Mapping[str, Any]) -> Sitting:
    """The sitting of runs that are on disk. Raises RunError."""
    scenario = {key: value for key, value in runs[0].scenario.items() if key != "seed"}
    marked: dict[str, int] = {}
    values = []
    for run in runs:
        cells = {cell: t for cell, t in analyse(run).cells.items() if not t.floor}
        values.append({cell: _values(trials) for cell, trials in cells.items()})
        for cell, trials in cells.items():
            marked[cell] = marked.get(cell, 0) + sum(bool(t.record.marks) for t in trials.all)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Sitting(now, scenario, values, marked, describe_machine(), busy)


def _values(trials: CellTrials) -> dict[str, list[float | None]]:
    each = [CellTrials([trial]) for trial in trials.good]
    return {
        figure.name: [alone.estimate(figure).value for alone in each]
        for figure in compared("ratio")
    }


async def measure_sitting(
    scenario: Scenario, *, runs: int, out: Path, observer: Observer, command: Sequence[str]
) -> Sitting:
    """Run `scenario` several times, the trials of all runs in turn, each run with its own seed.

    Args:
        out: below it are the runs' folders.

    Raises:
        Stopped: by a signal; the runs' folders are kept, marked incomplete.
        SetupError, RunError: see `run_scenario`.
    """
    stop = asyncio.Event()
    with signals.setting(stop):
        looking = check_ready([scenario], command=command)
        ready = await signals.unless_stopped(looking, stop)
        seeded = [dataclasses.replace(scenario, seed=scenario.seed + n) for n in range(runs)]
        folders = [run_folder(one, out, ready, floor=True) for one in seeded]
        count = sum(len(folder.left) for folder in folders)
        observer(RunStarted(out, tuple(folders[0].cells), count))
        before = _used()
        await run_trials(
            trials_in_turn(folders, scenario.seed),
            ready=ready,
            observer=observer,
            stop=stop,
            floor=baseline_backend(Null()),
        )
        busy = _busy(before, _used())
    if any(folder.left for folder in folders):
        raise Stopped(f"the sitting was stopped; its runs are in {out}, marked incomplete")
    return of_runs([Run.load(folder.path) for folder in folders], busy)


def _used() -> Mapping[str, float]:
    """Seconds since some moment: by the clock, of all cores, and of this program's processes."""
    times, load_1min = psutil.cpu_times(), os.getloadavg()[0]
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    idle = times.idle + getattr(times, "iowait", 0.0)
    return {
        "clock": time.monotonic(),
        "busy": times.user + times.nice + times.system + getattr(times, "softirq", 0.0),
        "idle": idle,
        "steal": getattr(times, "steal", 0.0),
        "own": sum(one.ru_utime + one.ru_stime for one in own),
        "load": load_1min,
    }


def _busy(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, Any]:
    took = {name: after[name] - before[name] for name in before}
    cores = took["clock"] * (os.cpu_count() or 1)
    return {
        "took_s": round(took["clock"], 1),
        "load_before": before["load"],
        "load_after": after["load"],
        "others_share": round(max(0.0, took["busy"] - took["own"]) / cores, 4),
        "steal_share": round(took["steal"] / cores, 4),
    }
