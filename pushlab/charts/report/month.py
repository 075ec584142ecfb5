"""The report's section on money: a month in one architecture, in the others, what it rests on."""

from collections.abc import Sequence
from dataclasses import replace

from pushlab.analysis.cost.architectures import KINDS_OF_ARCHITECTURE
from pushlab.analysis.cost.meter import Item
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.pricing import Priced
from pushlab.analysis.cost.telling import is_weak, swing_words
from pushlab.charts.bills import architectures_chart, bills_chart, shown_architectures
from pushlab.charts.break_evens import break_even_chart
from pushlab.charts.frame import PAGE, PHONE, Chart
from pushlab.charts.report.drawing import Figure, Section, Sketchbook
from pushlab.charts.report.tables import TRANSPORT
from pushlab.charts.sensitivity import sensitivity_chart
from pushlab.charts.view import RunView
from pushlab.quantities import amount, brief, span, usd, usd_range
from pushlab.tables import Cell, Column, Row, Table

__all__ = ["month_section"]

_WIDE = (replace(PAGE, row=52), replace(PHONE, row=100, foot=200))
_FLAT = (replace(PAGE, row=34), replace(PHONE, row=64))
_CURVES = (PAGE, replace(PHONE, row=130))
_BILLS = "From its cheap to its dear end, and what the likely bill is made of."
_ACROSS = "The cheapest transport of each architecture, whose kind stands with it."
_GUESSES = (
    "Below each bill the guesses that move it most, each alone from its cheap to its dear end."
)
_EVENS = (
    "Falling: short polling at each interval, from its cheap to its dear end. Level: push. Where"
    " they cross, both cost the same; to the right, polling is cheaper."
)


def month_section(view: RunView, book: Sketchbook) -> Section | None:
    """The section; None where no architecture carries anything that was measured."""
    costs = view.costs
    if not costs.every:
        return None
    title, style = "A month of this traffic", view.cell_styles
    figures = []
    for sheets, shows, draw in (
        (_WIDE, _BILLS, bills_chart),
        (_WIDE, _ACROSS, architectures_chart),
        (_FLAT, _GUESSES, sensitivity_chart),
        (_CURVES, _EVENS, break_even_chart),
    ):
        charts = [draw(title, costs, sheet, style) for sheet in sheets]
        figures += _drawn(book, charts, shows, _heard(view, draw is architectures_chart))
    tables = [_within_table(view), _across_table(view), _guesses_table(costs)]
    used = [i.price for one in costs.every if one.likely for i in one.likely.items]
    notes = costs.book.warnings(among=used)
    return Section(figures, [table for table in tables if table.rows], [f"{n}." for n in notes])


def _drawn(
    book: Sketchbook, charts: Sequence[Chart | None], shows: str, words: str
) -> list[Figure]:
    wide, narrow = charts
    if wide is None or narrow is None:
        return []
    return [book.figure(wide, narrow, shows=shows, words=words)]


def _heard(view: RunView, across: bool) -> str:
    """What a chart shows, for those who hear it."""
    some = shown_architectures(view.costs) if across else view.costs.within
    return "; ".join(
        f"{_who(view, one)}: {one.cannot or f'{usd_range(*one.range_usd)} a month'}" for one in some
    )


def _who(view: RunView, one: Priced) -> str:
    kind = KINDS_OF_ARCHITECTURE[one.architecture.kind]
    return f"{view.cell_styles[one.cell].name}, {one.architecture.short} ({kind})"


def _line(item: Item) -> str:
    units = f"{brief(item.units)} {item.price.unit} at {item.price.words}"
    return f"{item.part}: {units}, {usd(item.usd)}"


def _within_table(view: RunView) -> Table:
    """Each bill of the chosen architecture, with its lines and their sources."""
    rows = []
    for one in view.costs.within:
        style, bill = view.cell_styles[one.cell], one.likely
        if bill is None:
            rows.append(Row([style.name], problem=one.cannot, colour=style.colour))
            continue
        beyond = "beyond the tiers that the book knows" if bill.beyond_book else ""
        reach = span(one.range_usd, amount)
        note = ", ".join(filter(None, (reach, beyond)))
        sources = dict.fromkeys(f"{i.price.source} ({i.price.read})" for i in bill.items)
        cells = [
            Cell(one.usd, note, "weak source" if is_weak(bill) else ""),
            Cell("; ".join(map(_line, bill.items)), ", ".join(sources)),
            Cell("; ".join(swing_words(swing) for swing in one.swings[:2]) or None),
            Cell(", ".join(bill.left_out) or None),
        ]
        rows.append(Row([style.name], cells, colour=style.colour))
    columns = [
        Column("USD", "a month", show=amount),
        Column("For what", "and where the price was read", text=True),
        Column("Widest by", text=True),
        Column("Comes on top", text=True),
    ]
    chosen = view.costs.chosen
    caption = (
        f"A month is 30 days of this traffic in {chosen.title}"
        f" ({KINDS_OF_ARCHITECTURE[chosen.kind]}); small print below an amount is its range."
    )
    return Table(TRANSPORT, columns, rows, caption)


def _across_table(view: RunView) -> Table:
    """The cheapest of every other architecture, with its kind, and what it cannot carry."""
    rows = []
    for one in view.costs.across:
        if one.architecture == view.costs.chosen:
            continue
        refused = [p.cell for p in view.costs.priced[one.architecture.key] if p.cannot]
        names = ", ".join(view.cell_styles[cell].name for cell in refused)
        cells = [
            Cell(KINDS_OF_ARCHITECTURE[one.architecture.kind]),
            Cell(view.cell_styles[one.cell].name),
            Cell(one.usd, span(one.range_usd, amount)),
            Cell(names or "-"),
        ]
        rows.append(Row([one.architecture.title], cells))
    columns = [
        Column("Kind", text=True),
        Column("Cheapest there", text=True),
        Column("USD", "a month", show=amount),
        Column("Does not carry", text=True),
    ]
    caption = "Other architectures, cheapest first; the same traffic."
    return Table([Column("Architecture", text=True)], columns, rows, caption)


def _guesses_table(costs: Costs) -> Table:
    """What the bills of the chosen architecture rest on beside prices and events."""
    guesses = {guess.name: guess for one in costs.within for guess in one.guesses}
    rows = [
        Row(
            [guess.words],
            [
                Cell(guess.likely, span((guess.low, guess.high), brief)),
                Cell(guess.unit or "-"),
                Cell(guess.source),
            ],
        )
        for guess in guesses.values()
    ]
    columns = [
        Column("Likely", "and from the cheap end to the dear one", show=brief),
        Column("Unit", text=True),
        Column("Source", text=True),
    ]
    return Table([Column("Guess", text=True)], columns, rows, "What the bills rest on.")
