"""What is looked at before the first trial, so that what is missing is told before the run."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pushlab.brokers.start import start_broker
from pushlab.errors import CannotResolve, SetupError
from pushlab.hub.backplane.redis_server import find_redis
from pushlab.hub.backplane.registry import OWN
from pushlab.lab.browser.devtools import browser_version
from pushlab.lab.browser.swarm import modules_for
from pushlab.lab.host.calibration import calibrate
from pushlab.lab.host.cores import Cores, choose_cores
from pushlab.lab.host.machine import describe_machine
from pushlab.lab.resolving import Resolution, resolve
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.several_hubs import hub_backplane
from pushlab.lab.scenario.stored import without_password, without_scheduler
from pushlab.systems.certificates import require_certificates
from pushlab.systems.manners import check_environment, check_may_load
from pushlab.systems.registry import HUB
from pushlab.systems.system import System

__all__ = ["Readiness", "check_ready", "check_systems", "held_by_one", "is_measurement"]

_CALIBRATION_S = 1.0
_UNEVEN = 1.25
_WORTH_S = 10.0  # of measuring, for which a second is spent


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a run may know of itself before its first trial.

    Attributes:
        environment: the machine, for the record.
        command: the command line, for the record, with no log-in in it.
        cores: which processes run on which; None: shared out for each trial.
        resolution: what the machine can tell apart now; None: nobody has looked.
        verified: what servers of other makes keep of the contract; see `RunWriter.add_verified`.
    """

    environment: dict[str, Any]
    command: Sequence[str] = ()
    cores: Cores | None = None
    resolution: Resolution | None = None
    verified: Mapping[str, Any] = field(default_factory=dict)


async def check_ready(
    scenarios: Sequence[Scenario],
    *,
    command: Sequence[str] = (),
    pinning: bool = True,
    strict: bool = False,
    may_load: Sequence[str] = (),
    workers: Mapping[str, Mapping[str, Any]] | None = None,
) -> Readiness:
    """Look at the machine and at what the scenarios need; they differ in numbers alone.

    A run of a few seconds is no measurement, and the machine is not calibrated for it unless it is
    to be `strict`.

    Args:
        may_load: hosts other than this one that may be loaded.
        workers: by label, the machines where trials are placed; what they need is looked for there
            when it is started. None: all is here.

    Raises:
        UsageError, SetupError: see `check_systems`.
        CannotResolve: the machine cannot tell apart now what is asked for, and it is to be
            `strict`.
        MissingExtra: certificates are wanted and cannot be made.
        BrokerUnavailable: a transport needs a broker and there is none.
        BackplaneUnavailable: hubs are to share a Redis, and none is installed.
        BrowserUnavailable: subscribers are to be in a browser and there is none.
    """
    here = workers is None
    systems = check_systems(scenarios, may_load, here=here)
    cores = choose_cores(pinning=pinning)
    if any(scenario.tls for scenario in scenarios):
        require_certificates()
    broker = await _check_broker(scenarios[0]) if here else ""
    browser = await _check_browser(scenarios[0])
    backplane = await asyncio.to_thread(_check_backplane, scenarios)
    environment = await asyncio.to_thread(describe_machine, broker, cores, browser=browser)
    if workers:
        environment["pinning"] = Cores(why="roles are placed on a cluster").to_json()
        environment["workers"] = workers
    if backplane:
        environment["backplane"] = backplane
    versions = {one.name: await asyncio.to_thread(one.version) for one in systems if here}
    if known := {name: version for name, version in versions.items() if version}:
        environment["systems"] = known
    if titles := {one.name: one.title for one in systems if one.title not in ("", one.name)}:
        environment["titles"] = titles
    resolution = None
    if here and (strict or is_measurement(scenarios)):
        calibration = await calibrate(cores, _CALIBRATION_S)
        environment["calibration"] = calibration and calibration.to_json()
        if calibration is not None:
            resolution = resolve(calibration, scenarios[0].cells)
    if strict and resolution is not None and resolution.cannot:
        raise CannotResolve(resolution.line)
    words = [word.encode("utf-8", "backslashreplace").decode() for word in command]
    command = without_scheduler([without_password(word) for word in words])
    return Readiness(environment, command, cores, resolution)


def check_systems(
    scenarios: Sequence[Scenario], may_load: Sequence[str], *, here: bool = True
) -> list[System]:
    """The systems under test, which could be started or attached to; nothing is sent to them.

    Args:
        here: whether they are started on this machine, where something may be missing.

    Raises:
        UsageError: one is on a machine that nobody said may be loaded, or a variable that one needs
            is not in the environment.
        SetupError: what one needs is not installed.
    """
    every = (cell for scenario in scenarios for cell in scenario.cells)
    cells = {(cell.system, cell.own and cell.own.url): cell for cell in every}
    systems = [cell.served_by for cell in cells.values()]
    check_may_load(systems, may_load)
    check_environment(systems)
    for one in systems:
        if here and (lacking := one.missing()):
            raise SetupError(f"{one.name} cannot be measured here: {lacking}")
    return systems


def held_by_one(scenario: Scenario) -> int:
    """How many clients one process has to hold at most, of the server's and of the swarm's.

    The kernel shares out connections among hubs by chance, so one of them may have more.
    """
    processes = min(scenario.swarm_workers, scenario.hub_workers)
    alone = any(cell.system != HUB or cell.make().profile.needs_broker for cell in scenario.cells)
    if processes == 1 or alone:
        return scenario.clients
    return min(scenario.clients, math.ceil(_UNEVEN * scenario.clients / processes))


def is_measurement(scenarios: Sequence[Scenario]) -> bool:
    """Whether it takes so long that looking around before it is worth a few seconds."""
    return sum(map(_measured_s, scenarios)) >= _WORTH_S


def _measured_s(scenario: Scenario) -> float:
    return scenario.duration_s * scenario.trials * len(scenario.cells)


async def _check_broker(scenario: Scenario) -> str:
    """Start the broker once if a cell needs one, so that its absence is told before the run."""
    if not any(cell.make().profile.needs_broker for cell in scenario.cells):
        return ""
    async with await start_broker(scenario.broker) as broker:
        return f"{broker.kind} {broker.version}".strip()


def _check_backplane(scenarios: Sequence[Scenario]) -> str:
    """Make and version of the Redis that trials start, if any does."""
    if not any(hub_backplane(one.backplane, one.hub_workers) == OWN for one in scenarios):
        return ""
    found = find_redis()
    return f"{found.make} {found.version}"


async def _check_browser(scenario: Scenario) -> str:
    """Name and version of the browser, if a cell needs one. Raises BrowserUnavailable."""
    there = [cell.transport for cell in scenario.cells if cell.client != "python"]
    if not there:
        return ""
    for transport in there:
        modules_for(transport)
    return await asyncio.to_thread(browser_version)
