"""The page's tables as data; the template gives them their cell_styles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pushlab.analysis.forecast.validation import validate
from pushlab.analysis.summary.catalogue import Figure, shown_in
from pushlab.analysis.summary.catalogue import Table as Table_
from pushlab.analysis.summary.estimators import CellTrials
from pushlab.analysis.summary.model import CellSummary
from pushlab.charts.hits import WASTED
from pushlab.charts.view import RunView
from pushlab.quantities import amount, brief, duration, exact, memory, number, share, span, usd

__all__ = [
    "Cell",
    "Column",
    "Row",
    "Table",
    "cost_table",
    "lateness_table",
    "order_table",
    "prediction_table",
    "results_table",
    "storm_table",
    "trials_table",
]

NOTHING = "–"

Summary = CellSummary


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: its text, a smaller note below it, and a mark that explains itself."""

    text: str
    note: str = ""
    mark: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and the unit or the meaning of what stands below it."""

    title: str
    unit: str = ""
    words: bool = False  # text, not figures


@dataclass(frozen=True, slots=True)
class Row:
    """What one transport setting (or one trial) has in each column.

    Attributes:
        problem: why there is nothing to show; the cells are empty then.
        colour: of the setting in the charts.
    """

    name: str
    cells: Sequence[Cell] = ()
    marks: Sequence[str] = ()
    problem: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what it shows, the heading of the names, the columns and the rows."""

    caption: str
    first: str
    columns: Sequence[Column]
    rows: Sequence[Row] = field(default_factory=list)


def _rows(
    view: RunView, make: Callable[[Summary], Sequence[Cell]], *, floor: bool = False
) -> list[Row]:
    rows = []
    for cell in view.cells if floor else view.rivals:
        summary, style = view.summaries[cell], view.cell_styles[cell]
        problem = view.problem(cell) or ""
        marks = summary.plain_marks
        if summary.status == "partly-failed":
            failed = summary.count("trials.failed")
            marks.append(f"{failed} trial{'s' if failed > 1 else ''} failed")
        if problem == "no deliveries":
            problem = f"none of {summary.count('expected'):,} deliveries arrived"
        cells = [] if problem else make(summary)
        rows.append(Row(style.name, cells, marks, problem, style.colour))
    return rows


def _beside(s: Summary, figure: Figure) -> str:
    """What stands in small print below a figure, where it is not its interval."""
    if figure.name == "delivered":
        return f"of {s.count('expected'):,}"
    if figure.name == "lost" and s["lost"]:
        return f"{s.count('lost') / s.count('expected'):.2%}"
    if figure.name == "hits_total":
        wasted = sum(s.hits.get(kind, 0) for kind in WASTED)
        return f"{wasted / s.count('hits_total'):.0%} in vain" if wasted else ""
    if figure.name == "staleness_s.mean" and s["staleness_s.max"] is not None:
        return f"worst {duration(s['staleness_s.max'])}"
    return ""


def _shown(figure: Figure) -> Callable[[float], str]:
    """How a value of a figure is written in its column, whose head may have the unit."""
    if figure.unit == "bytes":
        return brief if "bytes" in figure.words else memory
    if figure.unit == "usd":
        return amount
    if figure.unit:
        return {"s": duration, "share": share}[figure.unit]
    return lambda value: exact(value) if isinstance(value, int) else number(value)


def _cell(s: Summary, figure: Figure) -> Cell:
    """A figure of the catalogue with its interval, marked where it is unstable or bad."""
    value = s[figure.name]
    if value is None:
        return Cell(NOTHING)
    show = _shown(figure)
    bound_s = s["clock_bound_s"] if figure.name == "latency_s.p50" else None
    notes = [
        _beside(s, figure),
        span(s.interval(figure.name), show),
        "" if bound_s is None else f"± {duration(bound_s)}",
    ]
    mark = "unstable" if figure.ranked and figure.key in s.unstable else ""
    text = ", ".join(note for note in notes if note)
    return Cell(show(value), text, mark, bool(figure.bad and value))


def _table(view: RunView, table: Table_, caption: str, *, floor: bool = False) -> Table:
    """The figures of the catalogue that are in `table`."""
    figures = shown_in(table)
    rows = _rows(view, lambda s: [_cell(s, one) for one in figures], floor=floor)
    return Table(caption, "Transport", [Column(one.title, one.small) for one in figures], rows)


def results_table(view: RunView) -> Table:
    """The main figures of each cell."""
    return _table(view, "report", "Small print below a figure is its 95 % interval over trials.")


def prediction_table(view: RunView) -> Table:
    """What closed forms and simulation say of hits and mean latency, and how far off they are."""
    models = iter(validate(view.analysis, _told(view)))

    def cells(s: Summary) -> list[Cell]:
        model, formula = next(models), s.predicted
        hits, latency, mean_s = (
            s[name] for name in ("predicted.hits", "predicted.mean_latency_s", "latency_s.mean")
        )
        return [
            Cell(_hits(hits)),
            Cell(_hits(model.simulated_hits)),
            Cell(f"{s.count('hits_total'):,}"),
            _residual(hits, s["hits_total"], _change),
            Cell(_formula(formula.formula_hits if formula else None)),
            Cell(_model(latency)),
            Cell(_model(model.simulated_latency_s)),
            Cell(NOTHING if mean_s is None else duration(mean_s)),
            _residual(latency, mean_s, _signed),
            Cell(_formula(formula.formula_latency if formula else None)),
        ]

    columns = [
        Column("Hits", "predicted"),
        Column("Hits", "simulated"),
        Column("Hits", "measured"),
        Column("Residual", "hits"),
        Column("Formula of the hits", words=True),
        Column("Mean latency", "predicted"),
        Column("Mean latency", "simulated"),
        Column("Mean latency", "measured"),
        Column("Residual", "latency"),
        Column("Formula of the latency", words=True),
    ]
    caption = "The residual is measured minus predicted."
    return Table(caption, "Transport", columns, _rows(view, cells))


def _told(view: RunView) -> list[str]:
    """The cells of which there are figures, in the order of the rows."""
    return [cell for cell in view.rivals if not view.problem(cell)]


def _hits(value: float | None) -> str:
    if value is None:
        return NOTHING
    return number(value) if value < 10 else f"{value:,.0f}"


def _formula(text: str | None) -> str:
    """A closed form as it is printed."""
    for plain, printed in (("lam", "λ"), (" x ", " × "), ("^2", "²")):
        text = (text or NOTHING).replace(plain, printed)
    return text or NOTHING


def _change(value: float) -> str:
    return "0" if abs(value) < 0.5 else f"{value:+,.0f}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{duration(value)}"


def _model(latency_s: float | None) -> str:
    """A predicted latency; a closed form without a network in it comes to nothing."""
    if latency_s is None:
        return NOTHING
    return "≈ 0" if latency_s < 1e-5 else duration(latency_s)


def _residual(
    predicted: float | None, measured: float | None, show: Callable[[float], str]
) -> Cell:
    if predicted is None or measured is None:
        return Cell(NOTHING)
    share = ""
    if predicted > 1e-5 and abs(measured - predicted) >= 0.0005 * predicted:
        share = f"{(measured - predicted) / predicted:+.1%}"
    return Cell(show(measured - predicted), share)


def storm_table(view: RunView) -> Table:
    """Connecting, apart from the steady state."""
    took = shown_in("connecting")

    def cells(s: Summary) -> list[Cell]:
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in s.hits_setup.items())
        clients = s.count("clients") * max(s.count("trials.ok"), 1)
        size = s["bytes_setup"]
        each = size / clients if size is not None and clients else None
        return [
            *(_cell(s, one) for one in took),
            Cell(f"{sum(s.hits_setup.values()) / clients:.2f}" if clients else NOTHING),
            Cell(NOTHING if each is None else brief(each)),
            Cell(kinds or NOTHING),
        ]

    columns = [
        *(Column(one.title, one.small) for one in took),
        Column("Hits", "per client"),
        Column("Bytes", "per client, both ways"),
        Column("Hits by kind", "all trials", words=True),
    ]
    caption = "Hits and bytes of first polls, probes and warm-up are in here too."
    return Table(caption, "Transport", columns, _rows(view, cells))


def lateness_table(view: RunView) -> Table:
    """Latency from the actual send, and the publisher's own lateness; the floor included."""
    caption = "The publisher's own lateness: latency without it, and what it was."
    return _table(view, "lateness", caption, floor=True)


def order_table(view: RunView) -> Table:
    """What came twice, out of order or late, and what the server held; the floor included."""
    caption = "Order and losses of connection; what the server's process held."
    return _table(view, "order", caption, floor=True)


def _unit_price(each_usd: float) -> str:
    if each_usd < 1e-3:
        return f"USD {each_usd * 1e6:.4g} a million"
    return f"USD {each_usd:.4g}"


def cost_table(view: RunView) -> Table:
    """What the price of a month is made of."""

    def cells(s: Summary) -> list[Cell]:
        price, other = s.price, s.price.alternative
        items = "; ".join(
            f"{item.units:,.0f} × {item.item} at {_unit_price(item.unit_usd)}"
            for item in price.items
        )
        sources = ", ".join(dict.fromkeys(f"{item.source} ({item.read})" for item in price.items))
        return [
            Cell(NOTHING if price.usd is None else usd(price.usd)),
            Cell(price.offer or NOTHING, price.assumptions),
            Cell(items or NOTHING, sources),
            Cell(f"{usd(other.usd or 0.0)}, {other.offer}" if other else NOTHING),
        ]

    columns = [
        Column("A month"),
        Column("Offer", "and what is left out", words=True),
        Column("Items", "units, unit price, source", words=True),
        Column("The same by the hour", words=True),
    ]
    return Table(
        "A month is 30 days of this traffic at list prices.",
        "Transport",
        columns,
        _rows(view, cells),
    )


def _of_trial(figure: Figure, trial: CellTrials) -> Cell:
    value = trial.estimate(figure).value
    if value is None:
        return Cell(NOTHING)
    note = f"of {trial.all[0].counts.expected:,}" if figure.name == "delivered" else ""
    return Cell(_shown(figure)(value), note, bad=bool(figure.bad and value))


def trials_table(view: RunView) -> Table:
    """Every trial, in the order of execution."""
    made = sorted(
        (t for cell in view.analysis.cells.values() for t in cell.all), key=lambda t: t.record.order
    )
    rows, figures = [], shown_in("trials")
    for trial in made:
        record = trial.record
        alone = CellTrials([trial], whatever=True)
        name = f"{record.order + 1}. {view.cell_styles[record.cell].name}, trial {record.index + 1}"
        marks = [mark for mark in record.marks if " " not in mark]
        if record.status != "ok":
            marks.insert(0, record.status)
        cells = [_of_trial(one, alone) for one in figures]
        cells.append(Cell(record.reason or ""))
        rows.append(Row(name, cells, marks, "", view.cell_styles[record.cell].colour))
    columns = [*(Column(one.title) for one in figures), Column("Reason", words=True)]
    if not any(trial.record.reason for trial in made):
        columns.pop()
        rows = [replace(row, cells=row.cells[:-1]) for row in rows]
    return Table("Every trial, in the order of execution.", "Trial", columns, rows)
