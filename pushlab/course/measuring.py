"""Measuring from a notebook: real servers, one progress bar, nothing left behind.

Where no server can start, the committed reference run takes the measurement's place, and says so.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pushlab.contract.registry import STANDARD, load_transport
from pushlab.course.bar import Bar
from pushlab.course.measurement_charts import Measured, measured_from
from pushlab.course.mode import fast, reading
from pushlab.course.reference import reference_run
from pushlab.course.trouble import CourseError
from pushlab.errors import PushlabError, SetupError, Stopped, UsageError
from pushlab.lab.preflight import Readiness
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.source import Source
from pushlab.lab.scenario.toml_reader import make_scenario
from pushlab.lab.trial.in_process import in_process_backend
from pushlab.runs import Run

__all__ = ["measure"]

_SPEED_UP = 8.0
_FAST_CLIENTS = 20
_FAST_RATE = 20.0
_FAST_S = 0.4
_NO_SERVER = "No server was started"
_STOPPED = "The measurement was stopped. Run the cell again to measure."


async def measure(
    *transports: str,
    clients: int = 100,
    interval_s: float | Sequence[float] = 1.0,
    rate_per_s: float = 0.5,
    duration_s: float = 4.0,
    room_size: int = 10,
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> Measured:
    """Put the same work on each transport and measure it, with real servers on this machine.

    Args:
        transports: names such as ``short-polling``.
        clients: how many listen.
        interval_s: how often those ask that ask by the clock; several make one row each.
        rate_per_s: messages per second in each room.
        duration_s: how long to measure, once everybody listens.
        room_size: clients in a room; 0 puts all of them into one.
        options: of every transport that knows them, such as ``{"hold_s": 2}``.
        more: other keys of a scenario, such as ``one_way_ms=50`` or ``arrivals="constant"``.

    Raises:
        CourseError: one of these cannot be; the text says what would be right.
    """
    intervals = [interval_s] if isinstance(interval_s, int | float) else interval_s
    keys = {
        "clients": clients,
        "channels": "rooms" if room_size else "shared",
        "room_size": room_size or clients,
        "rate_per_s": rate_per_s,
        "duration_s": duration_s,
        **more,
    }
    scenario = _scenario(transports, intervals, options or {}, keys)
    people = f"{scenario.clients} client{'s' if scenario.clients > 1 else ''}"
    with Bar(people) as bar:
        if reading():
            return _read(scenario, bar, f"{_NO_SERVER}, since the course is only read")
        with tempfile.TemporaryDirectory(prefix="pushlab-course-") as folder:
            try:
                path = await run_scenario(
                    scenario, out=Path(folder), observer=bar, **(_in_process() if fast() else {})
                )
            except Stopped as stopped:
                raise CourseError(_STOPPED) from stopped
            except (SetupError, OSError) as error:
                return _read(scenario, bar, f"{_NO_SERVER} ({error})")
            run = Run.load(path)
            if run.status != "complete":
                raise CourseError(_STOPPED)
            failed = next((t for t in run.trials if t.status != "ok"), None)
            if failed is not None and failed.transport not in STANDARD:
                raise CourseError(f"{failed.transport} could not be measured: {failed.reason}")
            if failed is not None:
                return _read(scenario, bar, f"{_NO_SERVER} that did the work ({failed.reason})")
            measured = measured_from(run, here=True)
        bar.end(measured.sentence())
        return measured


def _scenario(
    transports: Sequence[str],
    intervals: Sequence[float],
    options: Mapping[str, Any],
    keys: Mapping[str, Any],
) -> Scenario:
    """The scenario that was asked for, smaller for a test. Raises CourseError."""
    tables: list[dict[str, Any]] = []
    try:
        if not transports:
            raise UsageError("name at least one transport, such as measure('short-polling')")
        for name in transports:
            known = getattr(load_transport(name).Options, "__dataclass_fields__", {})
            own = {key: value for key, value in options.items() if key in known}
            if "interval_s" in known and "interval_s" not in own:
                tables += [{"name": name, "interval_s": each, **own} for each in intervals]
            else:
                tables.append({"name": name, **own})
        link = {key: keys[key] for key in ("one_way_ms", "jitter_ms", "kbit_per_s") if key in keys}
        asked = {
            "name": "course",
            "warmup_s": 0.3,
            "transport": tables,
            **({"link": link} if link else {}),
            **{key: value for key, value in keys.items() if key not in link},
        }
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


def _read(scenario: Scenario, bar: Bar, why: str) -> Measured:
    """The reference run in place of a measurement. Raises CourseError."""
    try:
        run = reference_run()
    except PushlabError as error:
        raise CourseError(f"{why}; and {error}") from error
    wanted = [cell.transport for cell in scenario.cells]
    measured = measured_from(run, here=False, transports=wanted)
    bar.end(f"{why}. {measured.sentence()}")
    return measured
