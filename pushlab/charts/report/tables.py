"""The page's tables as data; the template gives them their cell_styles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pushlab.analysis.forecast.validation import validate
from pushlab.charts.hits import WASTED
from pushlab.charts.view import RunView
from pushlab.quantities import brief, duration, number, span, usd

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

Summary = Mapping[str, Any]


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
        marks = [mark for mark in summary["marks"] if " " not in mark]
        if summary["status"] == "partly-failed":
            failed = summary["trials"]["failed"]
            marks.append(f"{failed} trial{'s' if failed > 1 else ''} failed")
        if problem == "no deliveries":
            problem = f"none of {summary['expected']:,} deliveries arrived"
        cells = [] if problem else make(summary)
        rows.append(Row(style.name, cells, marks, problem, style.colour))
    return rows


def _figure(
    summary: Summary,
    value: float | None,
    show: Callable[[float], str],
    *,
    name: str = "",
    ci: Any = None,
    bound_s: float | None = None,
) -> Cell:
    """A figure with its interval, marked if it is unstable between trials.

    Args:
        bound_s: how far off it may be, where a clock was not the machine's own.
    """
    if value is None:
        return Cell(NOTHING)
    mark = "unstable" if name in summary["unstable"] else ""
    notes = [span(ci, show), "" if bound_s is None else f"± {duration(bound_s)}"]
    return Cell(show(value), ", ".join(note for note in notes if note), mark)


def results_table(view: RunView) -> Table:
    """The main figures of each cell."""

    def cells(s: Summary) -> list[Cell]:
        latency, wasted = s["latency_s"], sum(s["hits"].get(kind, 0) for kind in WASTED)
        share = f"{wasted / s['hits_total']:.0%} in vain" if wasted and s["hits_total"] else ""
        stale = s["staleness_s"]
        each_hits, each_bytes = s["hits_per_delivery"], s["bytes_per_delivery"]
        usd_month = s["usd_per_month"]["usd"]
        return [
            Cell(f"{s['delivered']:,}", f"of {s['expected']:,}"),
            Cell(
                f"{s['lost']:,}",
                f"{s['lost'] / s['expected']:.2%}" if s["lost"] else "",
                "",
                bool(s["lost"]),
            ),
            Cell(f"{s['hits_total']:,}", share),
            _figure(s, each_hits, number, name="hits_per_delivery", ci=s["hits_per_delivery_ci"]),
            _figure(s, latency["p50"], duration, ci=latency["p50_ci"], bound_s=s["clock_bound_s"]),
            _figure(s, latency["p99"], duration, ci=latency["p99_ci"]),
            _figure(s, latency["mean"], duration, name="latency_s", ci=latency["mean_ci"]),
            Cell(NOTHING)
            if stale["mean"] is None
            else Cell(duration(stale["mean"]), f"worst {duration(stale['max'])}"),
            _figure(s, each_bytes, brief, name="bytes_per_delivery", ci=s["bytes_per_delivery_ci"]),
            _figure(
                s,
                s["cpu_s_per_delivery"],
                duration,
                name="cpu_s_per_delivery",
                ci=s["cpu_s_per_delivery_ci"],
            ),
            Cell(NOTHING if usd_month is None else usd(usd_month).removeprefix("USD ")),
        ]

    columns = [
        Column("Delivered", "of what was owed"),
        Column("Lost"),
        Column("Hits", "requests in the window"),
        Column("Hits per delivery"),
        Column("Latency p50"),
        Column("Latency p99"),
        Column("Latency mean"),
        Column("Staleness", "mean"),
        Column("Bytes", "per delivery, both ways"),
        Column("CPU", "server, per delivery"),
        Column("USD", "a month"),
    ]
    caption = "Small print below a figure is its 95 % interval over trials."
    return Table(caption, "Transport", columns, _rows(view, cells))


def prediction_table(view: RunView) -> Table:
    """What closed forms and simulation say of hits and mean latency, and how far off they are."""
    models = iter(validate(view.run, {cell: view.every_trial[cell] for cell in _told(view)}))

    def cells(s: Summary) -> list[Cell]:
        predicted, model = s["predicted"] or {}, next(models)
        hits, latency = predicted.get("hits"), predicted.get("mean_latency_s")
        return [
            Cell(_hits(hits)),
            Cell(_hits(model.simulated_hits)),
            Cell(f"{s['hits_total']:,}"),
            _residual(hits, s["hits_total"], _change),
            Cell(_formula(predicted.get("formula_hits"))),
            Cell(_model(latency)),
            Cell(_model(model.simulated_latency_s)),
            Cell(NOTHING if s["latency_s"]["mean"] is None else duration(s["latency_s"]["mean"])),
            _residual(latency, s["latency_s"]["mean"], _signed),
            Cell(_formula(predicted.get("formula_latency"))),
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

    def cells(s: Summary) -> list[Cell]:
        took, runs = s["connect_s"], max(s["trials"]["ok"], 1)
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in s["hits_setup"].items())
        clients = (s["clients"] or 0) * runs
        each = s["bytes_setup"] / clients if s["bytes_setup"] is not None and clients else None
        return [
            *(
                Cell(NOTHING if took[name] is None else duration(took[name]))
                for name in ("p50", "p99", "max")
            ),
            Cell(f"{sum(s['hits_setup'].values()) / clients:.2f}" if clients else NOTHING),
            Cell(NOTHING if each is None else brief(each)),
            Cell(kinds or NOTHING),
        ]

    columns = [
        Column("To connect p50"),
        Column("To connect p99"),
        Column("Longest"),
        Column("Hits", "per client"),
        Column("Bytes", "per client, both ways"),
        Column("Hits by kind", "all trials", words=True),
    ]
    caption = "Hits and bytes of first polls, probes and warm-up are in here too."
    return Table(caption, "Transport", columns, _rows(view, cells))


def lateness_table(view: RunView) -> Table:
    """Latency from the actual send, and the publisher's own lateness; the floor included."""

    def cells(s: Summary) -> list[Cell]:
        sent, delay = s["latency_from_send_s"], s["publish_delay_s"]
        return [
            *(_duration(sent[name]) for name in ("p50", "p99", "mean")),
            *(_duration(delay[name]) for name in ("p50", "p99")),
            *(Cell(f"{s[name]:,}") for name in ("late_sends", "skipped")),
        ]

    columns = [
        Column("Latency p50", "from the actual send"),
        Column("Latency p99", "from the actual send"),
        Column("Latency mean", "from the actual send"),
        Column("Publish delay p50"),
        Column("Publish delay p99"),
        Column("Late sends"),
        Column("Skipped sends"),
    ]
    caption = "The publisher's own lateness: latency without it, and what it was."
    return Table(caption, "Transport", columns, _rows(view, cells, floor=True))


def order_table(view: RunView) -> Table:
    """What came twice, out of order or late, and what the server held; the floor included."""
    counted = ("duplicated", "reordered", "late", "gaps", "disconnects")

    def cells(s: Summary) -> list[Cell]:
        memory, held = s["server_rss_bytes"], s["server_open_descriptors"]
        bad = ("duplicated", "reordered")
        return [
            *(Cell(f"{s[name]:,}", bad=bool(s[name]) and name in bad) for name in counted),
            Cell(NOTHING if memory is None else f"{memory / 2**20:.0f} MiB"),
            Cell(NOTHING if held is None else f"{held:,}"),
        ]

    columns = [
        Column("Duplicated"),
        Column("Reordered"),
        Column("In the drain", "came after the window"),
        Column("Gaps"),
        Column("Disconnects"),
        Column("Server memory", "at most"),
        Column("Server descriptors", "at most"),
    ]
    caption = "Order and losses of connection; what the server's process held."
    return Table(caption, "Transport", columns, _rows(view, cells, floor=True))


def _duration(value: float | None) -> Cell:
    return Cell(NOTHING if value is None else duration(value))


def _unit_price(each_usd: float) -> str:
    if each_usd < 1e-3:
        return f"USD {each_usd * 1e6:.4g} a million"
    return f"USD {each_usd:.4g}"


def cost_table(view: RunView) -> Table:
    """What the price of a month is made of."""

    def cells(s: Summary) -> list[Cell]:
        price = s["usd_per_month"]
        other = price["alternative"]
        items = "; ".join(
            f"{item['units']:,.0f} × {item['item']} at {_unit_price(item['unit_usd'])}"
            for item in price["items"]
        )
        sources = ", ".join(
            dict.fromkeys(f"{item['source']} ({item['read']})" for item in price["items"])
        )
        return [
            Cell(NOTHING if price["usd"] is None else usd(price["usd"])),
            Cell(price["offer"] or NOTHING, price["assumptions"]),
            Cell(items or NOTHING, sources),
            Cell(f"{usd(other['usd'])}, {other['offer']}" if other else NOTHING),
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


def trials_table(view: RunView) -> Table:
    """Every trial, in the order of execution."""
    made = sorted(
        (t for trials in view.every_trial.values() for t in trials), key=lambda t: t.record.order
    )
    rows = []
    for trial in made:
        told, record = trial.to_json(), trial.record
        latency = told["latency_s"]
        name = f"{record.order + 1}. {view.cell_styles[record.cell].name}, trial {record.index + 1}"
        marks = [mark for mark in record.marks if " " not in mark]
        if record.status != "ok":
            marks.insert(0, record.status)
        cpu = told["server_cpu_s"]
        cells = [
            Cell(f"{told['delivered']:,}", f"of {told['expected']:,}"),
            Cell(f"{told['lost']:,}", bad=bool(told["lost"])),
            Cell(f"{told['hits_total']:,}"),
            *(
                Cell(NOTHING if latency[key] is None else duration(latency[key]))
                for key in ("p50", "p99", "mean", "max")
            ),
            Cell(NOTHING if cpu is None else duration(cpu)),
            Cell(record.reason or ""),
        ]
        rows.append(Row(name, cells, marks, "", view.cell_styles[record.cell].colour))
    columns = [
        Column("Delivered"),
        Column("Lost"),
        Column("Hits"),
        Column("Latency p50"),
        Column("Latency p99"),
        Column("Latency mean"),
        Column("Latency max"),
        Column("CPU", "server"),
        Column("Reason", words=True),
    ]
    if not any(trial.record.reason for trial in made):
        columns.pop()
        rows = [replace(row, cells=row.cells[:-1]) for row in rows]
    return Table("Every trial, in the order of execution.", "Trial", columns, rows)
