"""What is looked at before the first trial, so that what is missing is told before the run."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.brokers.start import start_broker
from pushlab.lab.browser.devtools import browser_version
from pushlab.lab.browser.swarm import modules_for
from pushlab.lab.host.certificates import require_certificates
from pushlab.lab.host.cores import Cores, choose_cores
from pushlab.lab.host.machine import describe_machine
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.stored import without_password

__all__ = ["Readiness", "check_ready"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a run may know of itself before its first trial.

    Attributes:
        environment: the machine, for the record.
        command: the command line, for the record, with no log-in in it.
        cores: which processes run on which; None: shared out for each trial.
    """

    environment: dict[str, Any]
    command: Sequence[str] = ()
    cores: Cores | None = None


async def check_ready(
    scenarios: Sequence[Scenario], *, command: Sequence[str] = (), pinning: bool = True
) -> Readiness:
    """Look at the machine and at what the scenarios need; they differ in numbers alone.

    Raises:
        MissingExtra: certificates are wanted and cannot be made.
        BrokerUnavailable: a transport needs a broker and there is none.
        BrowserUnavailable: subscribers are to be in a browser and there is none.
    """
    cores = choose_cores(pinning=pinning)
    if any(scenario.tls for scenario in scenarios):
        require_certificates()
    broker = await _check_broker(scenarios[0])
    browser = await _check_browser(scenarios[0])
    environment = await asyncio.to_thread(describe_machine, broker, cores, browser=browser)
    words = [word.encode("utf-8", "backslashreplace").decode() for word in command]
    return Readiness(environment, [without_password(word) for word in words], cores)


async def _check_broker(scenario: Scenario) -> str:
    """Start the broker once if a cell needs one, so that its absence is told before the run."""
    if not any(cell.make().profile.needs_broker for cell in scenario.cells):
        return ""
    async with await start_broker(scenario.broker) as broker:
        return f"{broker.kind} {broker.version}".strip()


async def _check_browser(scenario: Scenario) -> str:
    """Name and version of the browser, if a cell needs one. Raises BrowserUnavailable."""
    there = [cell.transport for cell in scenario.cells if cell.client != "python"]
    if not there:
        return ""
    for transport in there:
        modules_for(transport)
    return await asyncio.to_thread(browser_version)
