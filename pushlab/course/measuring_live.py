"""The part of measuring that starts servers; it loads the laboratory."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pushlab.contract.registry import STANDARD
from pushlab.course.bar import Bar
from pushlab.course.measurement_charts import Measured, measured_from
from pushlab.course.mode import fast
from pushlab.course.trouble import CourseError
from pushlab.errors import PushlabError, SetupError, Stopped
from pushlab.lab.preflight import Readiness
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.source import Source
from pushlab.lab.scenario.toml_reader import make_scenario
from pushlab.lab.trial.in_process import in_process_backend
from pushlab.runs import Run

__all__ = ["measured_live"]

_SPEED_UP = 8.0
_FAST_CLIENTS = 20
_FAST_RATE = 20.0
_FAST_S = 0.4
_STOPPED = "The measurement was stopped. Run the cell again to measure."


async def measured_live(
    tables: Sequence[Mapping[str, Any]], keys: Mapping[str, Any], bar: Bar
) -> Measured:
    """Measure with real servers on this machine.

    Args:
        tables: a row each: its transport's ``name``, and its options.
        keys: of the scenario, as `measure` takes them.

    Raises:
        SetupError: no server starts here, or none that does the work.
        CourseError: the work cannot be, it was stopped, or a transport of the student's fails.
    """
    scenario = _scenario(tables, keys)
    with tempfile.TemporaryDirectory(prefix="pushlab-course-") as folder:
        try:
            path = await run_scenario(
                scenario, out=Path(folder), observer=bar, **(_in_process() if fast() else {})
            )
        except Stopped as stopped:
            raise CourseError(_STOPPED) from stopped
        run = Run.load(path)
        if run.status != "complete":
            raise CourseError(_STOPPED)
        failed = next((t for t in run.trials if t.status != "ok"), None)
        if failed is not None and failed.transport not in STANDARD:
            raise CourseError(f"{failed.transport} could not be measured: {failed.reason}")
        if failed is not None:
            raise SetupError(f"one was that did not do the work: {failed.reason}")
        return measured_from(run, here=True)


def _scenario(tables: Sequence[Mapping[str, Any]], keys: Mapping[str, Any]) -> Scenario:
    """The scenario that was asked for, smaller for a test. Raises CourseError."""
    link = {key: keys[key] for key in ("one_way_ms", "jitter_ms", "kbit_per_s") if key in keys}
    asked = {
        "name": "course",
        "warmup_s": 0.3,
        "parts_s": 0.0,  # nothing in the course shows costs apart, and it takes a second and more
        "transport": [dict(table) for table in tables],
        **({"link": link} if link else {}),
        **{key: value for key, value in keys.items() if key not in link},
        "channels": "rooms" if keys["room_size"] else "shared",
        "room_size": keys["room_size"] or keys["clients"],
    }
    try:
        scenario = make_scenario(Source(asked, "measure"))
        return _hurried(asked, scenario) if fast() else scenario
    except PushlabError as error:
        raise CourseError(str(error)) from error


def _in_process() -> dict[str, Any]:
    """What lets the runner work in this process, and look at nothing before."""
    return {
        "backend": in_process_backend(),
        "ready": Readiness({"processor": "a test", "cores": 1}),
    }


def _hurried(asked: Mapping[str, Any], scenario: Scenario) -> Scenario:
    """The same rows under the same names, with fewer clients and time that runs faster."""
    tables = []
    for table, cell in zip(asked["transport"], scenario.cells, strict=True):
        faster = {key: table[key] / _SPEED_UP for key in ("interval_s",) if key in table}
        tables.append({**table, **faster, "label": cell.label})
    link = {
        key: value / _SPEED_UP if key.endswith("_ms") else value
        for key, value in asked.get("link", {}).items()
    }
    faster_still = {
        **asked,
        **({"link": link} if link else {}),
        "trials": 1,
        "clients": min(scenario.clients, _FAST_CLIENTS),
        "room_size": min(scenario.room_size, _FAST_CLIENTS),
        "rate_per_s": min(scenario.rate_per_s * _SPEED_UP, _FAST_RATE),
        "warmup_s": 0.0,
        "duration_s": min(scenario.duration_s / _SPEED_UP, _FAST_S),
        "transport": tables,
    }
    return make_scenario(Source(faster_still, "measure"))
