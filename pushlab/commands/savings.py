"""`pushlab savings`: what moving off polling saves, measured on an application's own traffic.

The old wire and push do the same work in one run: the application's, as its access log or three
numbers tell it. What a day of all its users comes to is computed from that.
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pushlab.commands.compare import measure
from pushlab.commands.terminal import json_text
from pushlab.commands.usage import enough_s, scenario_of, usage_of
from pushlab.contract.registry import load_transport
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.scenario.toml_writer import scenario_as_toml
from pushlab.lab.trial.baseline import baseline_backend
from pushlab.testing.null import Null

__all__ = ["savings"]

_SCENARIO = "off-polling"


def savings(
    log: Path | None,
    *,
    said: Mapping[str, float],
    overrides: Mapping[str, Any],
    out: Path,
    write: Path | None = None,
    as_json: bool = False,
) -> int:
    """Measure and tell; the exit status: 0, or 1 if a trial failed.

    Args:
        log: the application's access log.
        said: fields of `Usage`, in its place or over it.
        overrides: keyword arguments for `Scenario.override`; ``transports`` are the new ones.
        out: the folder that gets the run's folder.
        write: write the scenario there, and measure nothing.

    Raises:
        UsageError: the log says too little, or a value makes no sense.
        SetupError, Stopped: see `pushlab.commands.compare.measure`.
    """
    plain = load_scenario(_SCENARIO)
    old, wire = _old(plain)
    new = overrides.get("transports") or [cell.label for cell in plain.cells if cell.label != old]
    plain = plain.override(**{**overrides, "transports": [old, *new]})
    usage = usage_of(log, said, wire, plain)
    if "duration_s" not in overrides:
        plain = plain.override(duration_s=enough_s(usage, plain))
    scenario = scenario_of(usage, plain)
    if write is not None:
        return _write(scenario, write)
    analysis = measure(scenario, out, floor=baseline_backend(Null()))
    from pushlab.analysis.forecast.day import days_of  # only now, as in `measure`
    from pushlab.commands import savings_table as table

    days, old = days_of(analysis, usage.workload()), scenario.cells[0].label
    if as_json:
        told = {
            "users": usage.users,
            "rate_per_user_per_s": usage.rate_per_s,
            "poll_interval_s": usage.interval_s,
            "measured": analysis.summary.to_json(),
            "day": {name: asdict(day) for name, day in days.items()},
            "over_old": {
                name: [one.to_json() for one in saved]
                for name, saved in table.saved_over(analysis.summary.rankings, old).items()
            },
        }
        print(json_text(told))
    else:
        table.print_savings(analysis, days, old, usage, scenario)
    print(f"\nrun:    {analysis.run.path}", file=sys.stderr if as_json else sys.stdout)
    return 0 if all(trial.status == "ok" for trial in analysis.run.trials) else 1


def _old(plain: Scenario) -> tuple[str, type[Transport]]:
    """The wire of old: the scenario's first cell, whose polls an access log shows."""
    transport = load_transport(plain.cells[0].transport)
    assert transport.in_log is not None
    return plain.cells[0].label, transport


def _write(scenario: Scenario, path: Path) -> int:
    """Write the scenario for `pushlab compare`, over nothing that is there."""
    made = False
    try:
        with path.open("x", encoding="utf-8") as file:
            made = True
            file.write(scenario_as_toml(scenario.to_json()))
    except OSError as error:
        if made:
            path.unlink()  # half a scenario
        raise UsageError(f"--write: {path} cannot be written ({error.strerror})") from error
    print(f"scenario: {path}\nmeasure it with: pushlab compare {path}")
    return 0
