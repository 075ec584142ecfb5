"""The report's section on money: bills of a month at public offers, and break-even intervals."""

from collections.abc import Sequence
from dataclasses import replace

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.break_even import BreakEven
from pushlab.analysis.cost.costs import Costs, price_all
from pushlab.analysis.cost.measured import traffic_by_cell
from pushlab.analysis.cost.meter import Bill
from pushlab.analysis.cost.offers import OFFERS, find_offers
from pushlab.charts.bills import bills_chart, chosen_bills, price_footer
from pushlab.charts.break_evens import break_even_chart
from pushlab.charts.frame import PAGE, PHONE
from pushlab.charts.report.drawing import Section, Sketchbook
from pushlab.charts.report.tables import TRANSPORT
from pushlab.charts.view import RunView
from pushlab.quantities import amount, interval, usd
from pushlab.tables import Cell, Column, Row, Table

__all__ = ["month_section"]

_PAGE = replace(PAGE, row=48)
_PHONE = replace(PHONE, row=88, foot=200)
_CURVES = replace(PHONE, row=130)
_MOST_POLLING, _MOST_PUSH = 3, 7


def month_section(view: RunView, book: Sketchbook) -> Section | None:
    """The section; None where no offer carries anything that was measured."""
    costs = price_all(traffic_by_cell(view.analysis.good), find_offers(None), load_book())
    if not costs.every_bill:
        return None
    title = "A month of this traffic"
    shown = chosen_bills(costs.every_bill)
    wide, narrow = (
        bills_chart(title, costs, sheet, view.cell_styles, measured=True)
        for sheet in (_PAGE, _PHONE)
    )
    figures = [
        book.figure(
            wide,
            narrow,
            shows="What 30 days cost at each offer, and what for. "
            + _sentence(price_footer(shown)),
            words="; ".join(f"{_who(view, one)}: {usd(one.usd)} a month" for one in shown) + ".",
        )
    ]
    tables = [_bills_table(view, shown)]
    footer = price_footer(costs.every_bill)
    curves = [
        break_even_chart(title, costs, footer, sheet, view.cell_styles) for sheet in (PAGE, _CURVES)
    ]
    if curves[0] is not None and curves[1] is not None:
        table = _even_table(view, costs)
        figures.append(
            book.figure(
                curves[0],
                curves[1],
                shows="Falling: short polling at each interval. Level: push. Where they cross, both"
                " cost the same; to the right, polling is cheaper. T* is the closed form at one"
                " tier's prices, clients × 30 days × price of a poll / USD of push.",
                words=_told(table),
            )
        )
        tables.append(table)
    notes = [*costs.unpriced, *costs.book.warnings()]
    return Section(figures, tables, [_sentence(note) for note in notes])


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def _who(view: RunView, one: Bill) -> str:
    return f"{view.cell_styles[one.cell].name}, {OFFERS[one.offer].short}"


def _bills_table(view: RunView, shown: Sequence[Bill]) -> Table:
    """Each bill's month, lines and gaps."""
    rows = []
    for one in shown:
        lines = "; ".join(f"{item.event}: {usd(item.usd)}" for item in one.items)
        note = "beyond the tiers that the book knows" if one.beyond_book else ""
        weak = "weak source" if one.confidence in ("third-party", "weak") else ""
        cells = [
            Cell(OFFERS[one.offer].title),
            Cell(one.usd, note, weak),
            Cell(lines),
            Cell(", ".join(one.left_out) or None),
        ]
        style = view.cell_styles[one.cell]
        rows.append(Row([style.name], cells, colour=style.colour))
    columns = [
        Column("Offer", text=True),
        Column("USD", "a month", show=amount),
        Column("For what", text=True),
        Column("Comes on top", text=True),
    ]
    caption = "A month is 30 days of this traffic at list prices, cheapest first."
    return Table(TRANSPORT, columns, rows, caption)


def _even_table(view: RunView, costs: Costs) -> Table:
    """From which interval polling at each metered offer is cheaper than each push bill."""
    told = {(e.polling, e.cell, e.push): e for e in costs.evens if OFFERS[e.polling].meters_polls}
    polling = costs.telling_polling(_MOST_POLLING)
    bills = {(cell, push): even.push_usd for (_, cell, push), even in told.items()}
    rows = []
    for cell, push in sorted(bills, key=lambda pair: bills[pair])[:_MOST_PUSH]:
        cells = [_even(told[key, cell, push]) for key in polling]
        name = f"{view.cell_styles[cell].name}, {OFFERS[push].short}"
        rows.append(Row([name], cells, colour=view.cell_styles[cell].colour))
    columns = [Column(OFFERS[key].short, "short polling", show=interval) for key in polling]
    caption = "Short polling is cheaper than push when it asks less often than every …"
    return Table([Column("Push", text=True)], columns, rows, caption)


def _even(even: BreakEven) -> Cell:
    if even.interval_s is None:
        return Cell("always" if even.always == "polling" else "never")
    note = "" if even.closed_form_s is None else f"T* {interval(even.closed_form_s)}"
    return Cell(even.interval_s, note)


def _told(table: Table) -> str:
    """The table's first column of figures, for those who hear it."""
    first = table.columns[0]
    heard = [f"{row.name}: {first.told(row.cells[0])}" for row in table.rows]
    return f"{first.words} is cheaper from these intervals on. " + "; ".join(heard) + "."
