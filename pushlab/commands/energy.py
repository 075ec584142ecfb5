"""`pushlab energy`: what each transport asks of a phone's battery, from a run or from its rules."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from pushlab.analysis.energy.battery import (
    CellEnergy,
    alike_notes,
    energy_of,
    find_radios,
    run_energy,
    window_notes,
)
from pushlab.analysis.energy.radio import Radio
from pushlab.analysis.energy.traces import predicted_trace
from pushlab.analysis.forecast.sizing import Workload
from pushlab.commands.terminal import charts_folder, json_text
from pushlab.commands.workload import refuse_beside_run, workload
from pushlab.contract.profile import Profile
from pushlab.contract.registry import comparable_profiles
from pushlab.errors import UsageError
from pushlab.quantities import brief, exact_duration, message_rate, number, share
from pushlab.runs import Run
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table, say

__all__ = ["energy"]


def energy(
    folder: Path | None,
    *,
    load: Mapping[str, Any],
    given: Sequence[str] = (),
    radio: str | None = None,
    battery_wh: float,
    out: Path | None = None,
    with_charts: bool = True,
    as_json: bool = False,
) -> int:
    """Compute and print; the exit status.

    Args:
        load: what `workload` takes, but for the clients: it is one.
        given: the flags that said it.

    Raises:
        UsageError: a value makes no sense; the text names the flag.
        RunError: there is no such run.
        SetupError: the chart cannot be written.
    """
    radios = find_radios(radio)
    if battery_wh <= 0:
        raise UsageError(f"--battery: {battery_wh:g} Wh must be above 0 Wh")
    if folder:
        refuse_beside_run(given)
        cells, title, notes = _measured(folder, radios)
    else:
        cells, title, notes = _predicted(workload({"clients": 1.0, **load}), radios)
    notes += alike_notes(cells, radios)
    out = charts_folder(out, folder, wanted=with_charts, as_json=as_json)
    if as_json:
        told = {cell.cell: cell.to_json(battery_wh) for cell in cells}
        print(json_text({"battery_wh": battery_wh, "cells": told, "notes": notes}))
    else:
        _print(title, radios, cells, battery_wh, notes)
    if out is not None:
        from pushlab.charts.frame import save  # a table needs no matplotlib
        from pushlab.charts.radio import radio_chart

        for path in save([radio_chart(title, cells, radios[0], battery_wh=battery_wh)], out):
            if not as_json:
                print(path)
    return 0


def _measured(folder: Path, radios: Sequence[Radio]) -> tuple[list[CellEnergy], str, list[str]]:
    run = Run.load(folder)
    cells, unknown = run_energy(run, radios)
    if not cells:
        raise UsageError(f"{run.path}: no trial went well, so there is no traffic to use")
    notes = _sources(radios)
    if unknown:
        notes.append(f"{', '.join(unknown)}: nobody wrote down when its clients sent and received.")
    predicted = [each.cell for each in cells if not each.measured]
    if predicted:
        notes.append(
            f"{', '.join(predicted)}: predicted from the settings, since this run did not write"
            " down when its clients sent and received."
        )
    notes += window_notes(cells)
    name = run.scenario.get("name", "run")
    clients = max(len(cell.traces) for cell in cells)
    return cells, f"A phone as a client of {name}; {clients} observed clients", notes


def _predicted(w: Workload, radios: Sequence[Radio]) -> tuple[list[CellEnergy], str, list[str]]:
    profiles = {name: w.asked(profile) for name, profile in comparable_profiles().items()}
    size, rate = w.payload_bytes, w.rate_per_s
    cells = [
        energy_of(name, one, [predicted_trace(one, rate_per_s=rate, payload_bytes=size)], radios)
        for name, one in profiles.items()
    ]
    holds, alive = (_spans(profiles.values(), of) for of in ("hold_s", "keep_alive_s"))
    spoken = f"keep-alives after {alive}" if alive else "no keep-alives"
    title = (
        f"{message_rate(rate)} of {size:,.0f} bytes at random times, polls every"
        f" {exact_duration(w.interval_s)}, holds of {holds}, {spoken}"
    )
    return cells, title[0].upper() + title[1:], _sources(radios)


def _spans(profiles: Iterable[Profile], timer: str) -> str:
    """The spans of a timer, each with the transports that have it if they differ."""
    found: dict[str, list[str]] = {}
    for profile in profiles:
        span_s = getattr(profile.timers, timer)
        if span_s:
            found.setdefault(exact_duration(span_s), []).append(profile.title)
    if len(found) < 2:
        return "".join(found)
    return ", ".join(f"{span} ({', '.join(titles)})" for span, titles in found.items())


def _sources(radios: Sequence[Radio]) -> list[str]:
    told = "; ".join(f"{radio.title}: {radio.sources[0]}" for radio in radios)
    return [f"Radios of 2012 to 2014; 5G is not covered. {told}."]


def _print(
    title: str,
    radios: Sequence[Radio],
    cells: Sequence[CellEnergy],
    battery_wh: float,
    notes: Sequence[str],
) -> None:
    console = Console(highlight=False, emoji=False)
    say(console, title, "bold")
    for radio in radios:
        tails = " + ".join(f"{exact_duration(tail.s)} at {tail.w:g} W" for tail in radio.tails)
        idle = cells[0].uses[radio.name].idle_joules_per_hour
        console.print()
        say(console, f"{radio.title} (tail {tails}; idle {brief(idle)} J an hour)", "bold")
        print_table(console, _table(radio, cells, battery_wh))
    console.print()
    for text in notes:
        say(console, text)


def _table(radio: Radio, cells: Sequence[CellEnergy], battery_wh: float) -> Table:
    columns = [
        Column("J/hour", show=brief),
        Column("packets", show=number),
        Column(f"% of {battery_wh:g} Wh an hour", show=number),
        Column("radio on", show=share),
        Column("wake-ups/hour", show=brief),
    ]
    rows = []
    for cell in cells:
        use = cell.uses[radio.name]
        figures = [use.joules_per_hour, use.packets_joules_per_hour]
        figures += [use.battery_percent_per_hour(battery_wh), use.radio_on, use.wakeups_per_hour]
        rows.append(Row([cell.cell], [Cell(figure) for figure in figures]))
    return Table([Column("transport", text=True)], columns, rows)
