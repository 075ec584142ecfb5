"""A run: every cell's trials in interleaved order, each on disk as soon as it has ended.

SIGINT and SIGTERM stop the run: the trial under way keeps its rows and is marked interrupted, all
children end, and the run is marked incomplete.
"""

import asyncio
import contextlib
import dataclasses
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pushlab.brokers.start import start_broker
from pushlab.contract.tokens import TokenKeys
from pushlab.lab.browser.devtools import browser_version
from pushlab.lab.browser.swarm import require_mqtt
from pushlab.lab.host.certificates import require_certificates
from pushlab.lab.host.cores import choose_cores
from pushlab.lab.host.machine import describe_machine, require_descriptors
from pushlab.lab.scenario.model import Cell, Scenario
from pushlab.lab.trial.events import (
    LabEvent,
    Observer,
    RunFinished,
    RunStarted,
    TrialFinished,
    TrialStarted,
)
from pushlab.lab.trial.plan import (
    TrialBackend,
    TrialOutcome,
    TrialPlan,
    floor_plan,
    order_of_trials,
)
from pushlab.lab.trial.process_backend import Interrupted, ProcessBackend
from pushlab.runs import RunWriter

__all__ = [
    "FLOOR",
    "check_broker",
    "check_browser_runs",
    "run_scenario",
    "run_trial",
    "stopped_by_signals",
    "without_log_in",
    "without_password",
]

#: The label of the harness's own floor.
FLOOR = "harness floor"


async def run_scenario(
    scenario: Scenario,
    *,
    out: Path,
    observer: Observer | None = None,
    command: Sequence[str] = (),
    floor: TrialBackend | None = None,
    pinning: bool = True,
    stop: asyncio.Event | None = None,
) -> Path:
    """Run all trials of a scenario and write a run's folder below `out`.

    A trial that fails is kept as failed and the run goes on. The run's status (``complete``, or
    ``incomplete`` when it was stopped) is in its folder and in the last event.

    Args:
        observer: told of all that happens; it must return quickly.
        command: the command line, for the record; passwords in URLs are taken out.
        floor: runs the null transport as one more cell in each repetition, for a short while.
        pinning: whether servers and generator get cores of their own, where there are two.
        stop: set it to stop the run, as SIGINT and SIGTERM do.

    Returns:
        the run's folder.

    Raises:
        NotEnoughDescriptors: this machine does not allow so many clients.
        MissingExtra: certificates are wanted and cannot be made.
        BrokerUnavailable: a transport needs a broker and there is none.
        BrowserUnavailable: subscribers are to be in a browser and there is none.
        RunError: the folder cannot be written.
    """
    tell: Observer = observer or _nobody
    cores = choose_cores(pinning=pinning)
    stop = stop or asyncio.Event()
    require_descriptors(scenario.clients)
    if scenario.tls:
        require_certificates()
    with stopped_by_signals(stop):
        broker = await check_broker(scenario)
        browser = await check_browser_runs(scenario)
        cells = list(scenario.cells)
        if floor is not None:
            cells.append(Cell(FLOOR, "null"))
        with RunWriter.create(
            out,
            scenario=without_log_in(scenario).to_json(),
            cells=[cell.label for cell in cells],
            environment=await asyncio.to_thread(
                describe_machine, broker, cores.to_json(), browser=browser
            ),
            command=[without_password(word) for word in command],
            seed=scenario.seed,
        ) as writer:
            order = order_of_trials(len(cells), scenario.trials, scenario.seed)
            labels = tuple(cell.label for cell in cells)
            tell(RunStarted(writer.path, labels, len(order)))
            measured = ProcessBackend(cores)
            drivers: dict[str, TrialBackend] = {} if floor is None else {FLOOR: floor}
            plans = [
                (floor_plan if cells[cell].label in drivers else TrialPlan)(
                    scenario, cells[cell], number, index
                )
                for number, (cell, index) in enumerate(order)
            ]
            followed = [not plan.floor for plan in plans[1:]] + [False]
            plans = [
                dataclasses.replace(plan, another_follows=follows)
                for plan, follows in zip(plans, followed, strict=True)
            ]
            try:
                for plan in plans:
                    if stop.is_set():
                        break
                    driver = drivers.get(plan.cell.label, measured)
                    await run_trial(plan, driver, writer, tell, stop)
            finally:
                await measured.close()
            path = writer.finish("incomplete" if stop.is_set() else "complete")
            tell(RunFinished(path, "incomplete" if stop.is_set() else "complete"))
            return path


async def run_trial(
    plan: TrialPlan, driver: TrialBackend, writer: RunWriter, tell: Observer, stop: asyncio.Event
) -> None:
    """Run one trial and put it on disk, whatever becomes of it; if this is cancelled, too."""
    tell(TrialStarted(plan.order, plan.index, plan.cell.label))
    try:
        outcome = await driver.run(plan, tell, stop)
    except Interrupted as interrupted:
        _keep(writer, interrupted.outcome)
        raise
    _keep(writer, outcome)
    tell(TrialFinished(outcome.record))


def _keep(writer: RunWriter, outcome: TrialOutcome) -> None:
    writer.add_trial(
        outcome.record,
        publishes=outcome.publishes,
        deliveries=outcome.deliveries,
        connects=outcome.connects,
        samples=outcome.samples,
        traffic=outcome.traffic,
    )


def _nobody(event: LabEvent) -> None:
    """Watch nothing."""


async def check_broker(scenario: Scenario) -> str:
    """Start the broker once if a cell needs one, so that its absence is told before the run."""
    if not any(cell.make().discovers for cell in scenario.cells):
        return ""
    async with await start_broker(scenario.broker, keys=TokenKeys.fresh()) as broker:
        return f"{broker.kind} {broker.version}".strip()


async def check_browser_runs(scenario: Scenario) -> str:
    """Name and version of the browser, if a cell needs one. Raises BrowserUnavailable."""
    there = [cell.transport for cell in scenario.cells if cell.client != "python"]
    if not there:
        return ""
    if "mqtt" in there:
        require_mqtt()
    return await asyncio.to_thread(browser_version)


def without_password(word: str) -> str:
    """`word` without the log-in that a URL in it may have."""
    head, scheme, rest = word.partition("://")
    if not scheme or "@" not in rest:
        return word
    return f"{head}://{rest.rpartition('@')[2]}"


def without_log_in(scenario: Scenario) -> Scenario:
    """`scenario` as it may be written down: its broker's URL without a log-in."""
    if not urlsplit(scenario.broker).username:
        return scenario
    return dataclasses.replace(scenario, broker=without_password(scenario.broker))


@contextlib.contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Let SIGINT and SIGTERM set `stop`, where this thread may handle signals."""
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            handler = signal.getsignal(number)
            loop.add_signal_handler(number, stop.set)
            before[number] = handler
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            with contextlib.suppress(ValueError, TypeError):
                signal.signal(number, handler)
