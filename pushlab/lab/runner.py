"""Runs trials one after another, each on disk as soon as it has ended.

Which trial comes next is said by `pushlab.lab.planned`.

SIGINT, SIGTERM and SIGHUP stop all of them: the trial under way keeps its rows and is marked
interrupted, all children end, and the folder is marked incomplete.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pushlab import signals
from pushlab.errors import NotEnoughDescriptors, NotWritten
from pushlab.lab.host.machine import require_descriptors
from pushlab.lab.place import EVERYTHING_HERE
from pushlab.lab.planned import (
    More,
    PlannedTrial,
    RunFolder,
    Status,
    left_to_do,
    run_folder,
    trials_in_turn,
    trials_of_grid,
)
from pushlab.lab.preflight import Readiness, check_ready, held_by_one, is_measurement
from pushlab.lab.scenario.grid import Grid
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.placing import ClusterRoles
from pushlab.lab.trial.backend import Interrupted, TrialBackend, process_backend
from pushlab.lab.trial.events import (
    MachineKnown,
    Observer,
    Progress,
    RunFinished,
    RunStarted,
    TrialFinished,
    TrialStarted,
)
from pushlab.lab.trial.plan import TrialOutcome, TrialPlan
from pushlab.lab.verify.before_run import verify_cells
from pushlab.runs import SweepWriter, TrialRecord
from pushlab.systems.manners import masked

if TYPE_CHECKING:
    from pushlab.lab.cluster.backend import ClusterBackend

__all__ = ["run_scenario", "run_sweep", "run_trials"]


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
        if backend.placement == EVERYTHING_HERE:
            require_descriptors(held_by_one(plan.scenario))
        outcome = await backend.run(plan, tell, stop)
    except NotEnoughDescriptors as error:
        outcome = TrialOutcome(plan.record(status="failed", reason=str(error)))
    except Interrupted as interrupted:
        record = _without_secrets(interrupted.outcome.record, plan)
        writer.add_trial(record, **interrupted.outcome.rows)
        raise
    record = _without_secrets(outcome.record, plan)
    writer.add_trial(record, **outcome.rows)
    trial.folder.ended(record)
    observer(TrialFinished(dataclasses.replace(record, order=trial.order, cell=trial.label)))


def _without_secrets(record: TrialRecord, plan: TrialPlan) -> TrialRecord:
    """The record with nothing in it that a server has repeated of the environment's secrets."""
    system = plan.cell.served_by
    return dataclasses.replace(
        record,
        reason=record.reason and masked(record.reason, system),
        marks=[masked(mark, system) for mark in record.marks],
    )


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
    more: More | None = None,
    strict: bool = False,
    may_load: Sequence[str] = (),
    verify: bool = True,
    cluster: str | None = None,
) -> Path:
    """Run all trials of a scenario and write a run's folder below `out`; returns it.

    A trial that fails is kept as failed and the run goes on.

    Args:
        observer: told of all that happens; it must return quickly.
        command: the command line, for the record; passwords in URLs are taken out.
        floor: runs the null transport as one more cell in each repetition, for a short while.
        pinning: whether servers and generator get cores of their own, where there are two.
        stop: set it to stop the run, as the signals do.
        backend: runs the trials; None: in fresh processes.
        ready: what is known of the machine.
        more: whether to go on beyond the scenario's repetitions; see `trials_in_turn`.
        strict, may_load: see `check_ready`.
        verify: look first what other servers keep of the contract, in a run worth it.
        cluster: the address of a Dask scheduler, or ``local:4``: trials are placed on its workers.

    Raises:
        NotEnoughDescriptors, UsageError, SetupError: see `check_ready`.
        RunError, NotWritten: the folder cannot be made or written.
        Stopped: before there was a folder.
    """
    tell: Observer = observer or (lambda event: None)
    stop = stop or asyncio.Event()
    if cluster is None:
        require_descriptors(held_by_one(scenario))
    with signals.setting(stop):
        async with _placed(cluster, scenario.cluster, stop) as placed:
            if ready is None:
                how = {"pinning": pinning, "strict": strict, "may_load": may_load}
                verify = verify and placed is None
                ready = await _looked([scenario], tell, stop, verify, placed, command, **how)
            folder = run_folder(scenario, out, ready, floor=floor is not None)
            path = folder.open().path
            with contextlib.closing(folder):
                tell(RunStarted(path, tuple(folder.cells), len(folder.left)))
                trials, by = trials_in_turn([folder], scenario.seed, more), placed or backend
                told: dict[str, Any] = {"observer": tell, "stop": stop, "floor": floor}
                await run_trials(trials, ready=ready, backend=by, **told)
        tell(RunFinished(path, "incomplete" if folder.left else "complete"))
        return path


@contextlib.asynccontextmanager
async def _placed(
    cluster: str | None, wanted: ClusterRoles, stop: asyncio.Event
) -> "AsyncIterator[ClusterBackend | None]":
    """What runs trials on the cluster, if there is to be one.

    Raises:
        UsageError, MissingExtra, SetupError: see `pushlab.lab.cluster.backend.placing`.
        Stopped: before it was there.
    """
    if cluster is None:
        yield None
        return
    from pushlab.lab.cluster.backend import placing  # it loads Dask

    async with contextlib.AsyncExitStack() as stack:
        opening = stack.enter_async_context(placing(cluster, wanted))
        yield await signals.unless_stopped(opening, stop)


async def _looked(
    scenarios: Sequence[Scenario],
    tell: Observer,
    stop: asyncio.Event,
    verify: bool,
    placed: "ClusterBackend | None",
    command: Sequence[str],
    **how: Any,
) -> Readiness:
    """What is known of the machine, and of its servers; both are told. Raises as `check_ready`."""
    workers = None if placed is None else placed.machines
    looking = check_ready(scenarios, command=command, workers=workers, **how)
    ready = await signals.unless_stopped(looking, stop)
    if ready.resolution is not None:
        tell(MachineKnown(ready.resolution.line, ready.resolution.cannot))
    if verify and is_measurement(scenarios):
        verified = await signals.unless_stopped(verify_cells(scenarios[0].cells, tell), stop)
        ready = dataclasses.replace(ready, verified=verified)
    return ready


async def run_sweep(
    grid: Grid,
    writer: SweepWriter,
    *,
    observer: Observer,
    command: Sequence[str] = (),
    floor: TrialBackend | None = None,
    pinning: bool = True,
    may_load: Sequence[str] = (),
    cluster: str | None = None,
) -> Status:
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
        how = {"pinning": pinning, "may_load": may_load}
        async with _placed(cluster, scenarios[0].cluster, stop) as placed:
            ready = await _looked(scenarios, observer, stop, False, placed, command, **how)
            writer.begin_session(ready.command, ready.environment)
            trials = trials_of_grid(grid, writer.path, ready, floor=floor is not None)
            labels = tuple(trial.label for trial in trials if trial.plan.index == 0)
            observer(RunStarted(writer.path, labels, len(trials)))
            await run_trials(
                left_to_do(trials),
                ready=ready,
                observer=observer,
                stop=stop,
                floor=floor,
                backend=placed,
            )
        left = any(trial.folder.left for trial in trials)
        status: Status = "incomplete" if left else "complete"
        writer.finish(status)
        observer(RunFinished(writer.path, status))
        return status
