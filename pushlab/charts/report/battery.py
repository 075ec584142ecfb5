"""The report's section on energy: what each transport asks of a phone's battery."""

from collections.abc import Sequence
from dataclasses import replace

from pushlab.analysis.energy.battery import CellEnergy, find_radios, run_energy, window_notes
from pushlab.analysis.energy.radio import Radio
from pushlab.charts.frame import PAGE, PHONE
from pushlab.charts.radio import radio_chart
from pushlab.charts.report.drawing import Section, Sketchbook
from pushlab.charts.report.tables import TRANSPORT
from pushlab.charts.view import RunView
from pushlab.quantities import brief, number, share
from pushlab.tables import Cell, Column, Row, Table

__all__ = ["battery_section"]

_BATTERY_WH = 15.0
_PHONE = replace(PHONE, row=120)


def battery_section(view: RunView, book: Sketchbook) -> Section | None:
    """The section; None where nobody knows when clients sent and received.

    Raises:
        RunError: a file of rows is damaged.
    """
    radios = find_radios(None)
    cells, _ = run_energy(view.run, radios)
    cells = [cell for cell in cells if view.summaries[cell.cell].system == view.grid.first]
    if not cells:
        return None
    wide, narrow = (
        radio_chart(
            "", cells, radios[0], battery_wh=_BATTERY_WH, style=view.cell_styles, sheet=sheet
        )
        for sheet in (PAGE, _PHONE)
    )
    spent = {cell.cell: cell.uses[radios[0].name].joules_per_hour for cell in cells}
    said = "; ".join(
        f"{view.cell_styles[cell].name}: {brief(joules)} J an hour"
        for cell, joules in spent.items()
    )
    figure = book.figure(
        wide,
        narrow,
        shows=f"One client's time on {radios[0].title}: height is power, a stroke is a moment of"
        " traffic, what follows it is the tail in which the radio stays awake for nothing.",
        words=f"{said}.",
    )
    return Section([figure], [_table(view, cells, radios)], _notes(view, cells))


def _table(view: RunView, cells: Sequence[CellEnergy], radios: Sequence[Radio]) -> Table:
    rows = []
    for cell in cells:
        found = []
        for radio in radios:
            use = cell.uses[radio.name]
            percent = use.battery_percent_per_hour(_BATTERY_WH)
            found += [
                Cell(use.joules_per_hour, f"{number(percent)} % of {_BATTERY_WH:g} Wh"),
                Cell(use.radio_on, f"{brief(use.wakeups_per_hour)} wake-ups"),
            ]
        marks = () if cell.measured else ("predicted",)
        style = view.cell_styles[cell.cell]
        rows.append(Row([style.name], found, "", marks, style.colour))
    columns = []
    for radio in radios:
        columns.append(Column(radio.title, "J an hour", show=brief))
        columns.append(Column(f"{radio.title} on", "an hour", show=share))
    return Table(TRANSPORT, columns, rows, "An hour of one client, on three radios.")


def _notes(view: RunView, cells: Sequence[CellEnergy]) -> list[str]:
    found = [
        "The radios are those of 2012 to 2014 (AT&T ARO and EnergyBox); 5G is not covered. Screen"
        " and processor are not counted."
    ]
    if view.grid.several:
        first = view.grid.named(view.grid.first)
        found.append(f"Of {first} alone: what wakes a radio is the transport's doing.")
    found += window_notes(cells)
    if not all(cell.measured for cell in cells):
        found.append(
            "Predicted: this run did not write down when those clients sent and received, so their"
            " settings say it."
        )
    return found
