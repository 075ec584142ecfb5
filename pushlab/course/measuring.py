"""Measuring from a notebook: real servers, one progress bar, nothing left behind.

Where no server can start, a recording takes the measurement's place that was made with exactly the
cell's settings, and says so. What starts servers is loaded where one is started, so that reading
works without it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pushlab.contract.registry import STANDARD, load_transport, make_transport
from pushlab.course.agreement import disagreements
from pushlab.course.bar import Bar
from pushlab.course.measurement_charts import Measured
from pushlab.course.mode import reading, recording
from pushlab.course.recordings import Asked, find, needed, save
from pushlab.course.tape import measurement_from, measurement_json
from pushlab.course.trouble import CourseError
from pushlab.errors import PushlabError, SetupError

__all__ = ["measure"]

KIND = "measure"
_EVERY = "interval_s"
_TRIES = 3  # of a recording that disagrees with its formulas: the machine was busy


async def measure(
    *transports: str,
    clients: int = 100,
    interval_s: float | Sequence[float] = 1.0,
    rate_per_s: float = 0.5,
    duration_s: float = 2.5,
    room_size: int = 10,
    trials: int = 3,
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> Measured:
    """Put the same work on each transport and measure it, with real servers on this machine.

    Args:
        transports: names such as ``short-polling``.
        clients: how many listen.
        interval_s: how often those ask that ask by the clock; several make one row each.
        rate_per_s: messages per second in each room.
        duration_s: how long each trial measures, once everybody listens.
        room_size: clients in a room; 0 puts all of them into one.
        trials: how often, each time with a fresh server; the error bars come from three or more.
        options: of every transport that knows them, such as ``{"hold_s": 2}``.
        more: other keys of a scenario, such as ``one_way_ms=50`` or ``arrivals="constant"``.

    Raises:
        CourseError: one of these cannot be; the text says what would be right.
    """
    intervals = [interval_s] if isinstance(interval_s, int | float | str) else list(interval_s)
    keys = {
        "clients": clients,
        "rate_per_s": rate_per_s,
        "duration_s": duration_s,
        "room_size": room_size,
        "trials": trials,
        **more,
    }
    tables = _tables(transports, intervals, options or {})
    asked = {**keys, **_told(transports, tables)}
    with Bar(f"{clients} client{'s' if clients != 1 else ''}") as bar:
        if reading():
            return _read(asked, bar, "No server was started, since the course is only read")
        if recording() and (told := find(KIND, asked)):
            return _shown(told)
        try:
            measured = await _measured(tables, keys, bar)
        except (SetupError, OSError, ImportError) as error:
            if any(name not in STANDARD for name in transports):
                raise CourseError(f"{error}") from error
            return _read(asked, bar, f"No server was started ({error})")
        if recording():
            told = {"day": date.today().isoformat(), **measurement_json(measured)}
            save(KIND, asked, told)
            return _shown(told)
        bar.end(measured.sentence())
        return measured


async def _measured(
    tables: Sequence[Mapping[str, Any]], keys: Mapping[str, Any], bar: Bar
) -> Measured:
    """Measure; for a recording again, while the machine is too busy for its formulas."""
    from pushlab.course.measuring_live import measured_live

    measured = await measured_live(tables, keys, bar)
    for _ in range(_TRIES - 1 if recording() else 0):
        if not disagreements(measured):
            break
        again = await measured_live(tables, keys, bar)
        measured = min(measured, again, key=lambda one: len(disagreements(one)))
    return measured


def _tables(
    transports: Sequence[str], intervals: Sequence[float], options: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """A row for each transport and interval, with the options that it knows. Raises CourseError."""
    if not transports:
        raise CourseError("name at least one transport, such as measure('short-polling')")
    tables: list[dict[str, Any]] = []
    try:
        for name in transports:
            known = getattr(load_transport(name).Options, "__dataclass_fields__", {})
            own = {key: value for key, value in options.items() if key in known}
            some: list[dict[str, Any]] = [{"name": name, **own}]
            if "interval_s" in known and "interval_s" not in own:
                some = [{"name": name, "interval_s": each, **own} for each in intervals]
            for table in some:
                make_transport(name, {key: table[key] for key in table if key != "name"})
            tables += some
    except PushlabError as error:
        raise CourseError(str(error)) from error
    return tables


def _told(transports: Sequence[str], tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The rows as a recording names them: what nobody knows, and no row has, is left out."""
    options = {
        key: value
        for table in tables
        for key, value in table.items()
        if key not in ("name", _EVERY)
    }
    intervals = [table[_EVERY] for table in tables if _EVERY in table]
    return {
        "transports": list(transports),
        _EVERY: list(dict.fromkeys(intervals)),
        "options": options,
    }


def _read(asked: Asked, bar: Bar, why: str) -> Measured:
    """A recording in place of a measurement. Raises CourseError."""
    measured = _shown(needed(KIND, asked, why))
    bar.end(f"{why}. {measured.sentence()}")
    return measured


def _shown(told: Mapping[str, Any]) -> Measured:
    found = measurement_from(told, day=str(told["day"]))
    return Measured(found.work, found.rows, here=False, month=found.make_month)
