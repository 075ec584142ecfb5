"""The page's tables of a run's figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pushlab.analysis.forecast.validation import Checked, validate
from pushlab.analysis.summary.catalogue import FIGURES, Figure, ranked, shown_in
from pushlab.analysis.summary.catalogue import Table as Place
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.model import CellSummary
from pushlab.charts.bars import WASTED
from pushlab.charts.view import RunView
from pushlab.errors import UsageError
from pushlab.quantities import (
    brief,
    counted,
    duration,
    exact,
    number,
    ratio,
    share,
    span,
    whole,
)
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.figures import figure_cell, figure_columns, kind_of, price_range, residual
from pushlab.tables.servers import figure_tables, servers_table

__all__ = [
    "TRANSPORT",
    "baseline_of",
    "figures_table",
    "prediction_table",
    "ratio_tables",
    "server_tables",
    "storm_table",
    "trials_table",
]

TRANSPORT = (Column("Transport", text=True),)


def _rows(
    view: RunView, make: Callable[[CellSummary], Sequence[Cell]], *, floor: bool = False
) -> list[Row]:
    rows = []
    for cell in view.cells if floor else view.rivals:
        summary, style = view.summaries[cell], view.cell_styles[cell]
        problem = view.problem(cell) or ""
        marks = summary.own_marks  # those of a figure stand with it
        if summary.status == "partly-failed":
            failed = summary.count("trials.failed")
            marks.append(f"{counted(failed, 'trial')} failed")
        if problem == "no deliveries":
            problem = f"none of {exact(summary.count('expected'))} deliveries arrived"
        cells = [] if problem else make(summary)
        rows.append(Row([style.name], cells, problem, marks, style.colour))
    return rows


def _beside(s: CellSummary, figure: Figure) -> str:
    """What stands in small print below a figure, where it is not its interval."""
    if figure.name == "delivered":
        return f"of {s.count('expected'):,}"
    if figure.name == "lost" and s["lost"]:
        return share(s.count("lost") / s.count("expected"))
    if figure.name == "hits_total":
        wasted = sum(s.hits.get(kind, 0) for kind in WASTED)
        return f"{share(wasted / s.count('hits_total'))} in vain" if wasted else ""
    if figure.name == "staleness_s.mean" and s["staleness_s.max"] is not None:
        return f"worst {duration(s['staleness_s.max'])}"
    if figure.unit == "usd":
        return price_range(s)
    further = s["marginal_cpu_s_per_delivery"]
    if figure.name == "cpu_s_per_delivery" and further is not None:
        return f"one more: {duration(further)}"
    return ""


def _cell(s: CellSummary, figure: Figure) -> Cell:
    """A figure of the catalogue with its interval and its marks."""
    if s[figure.name] is None:
        return Cell()
    bound_s = s["clock_bound_s"] if figure.name == "latency_s.p50" else None
    notes = [
        _beside(s, figure),
        _interval(s, figure),
        "" if bound_s is None else f"± {duration(bound_s)}",
    ]
    return figure_cell(s, figure, ", ".join(note for note in notes if note))


def _interval(s: CellSummary, figure: Figure) -> str:
    """A figure's interval in words; what stands in its place where there is none."""
    return s.withheld.get(figure.name) or span(s.interval(figure.name), kind_of(figure))


#: The captions of the tables that the catalogue fills.
_CAPTIONS: Mapping[Place, str] = {
    "report": "Small print below a figure is its 95 % interval over trials; below the price of a"
    " month, what guesses make of it.",
    "lateness": "The publisher's own lateness: latency without it, and what it was.",
    "order": "Order and losses of connection; what the server's process held.",
}


def figures_table(view: RunView, place: Place = "report") -> Table:
    """The figures of the catalogue in this table; the floor's too, except in the main one."""
    cells = list(view.summaries.values())
    figures = shown_in(place, cells)
    rows = _rows(view, lambda s: [_cell(s, one) for one in figures], floor=place != "report")
    return Table(TRANSPORT, figure_columns(place, cells), rows, _CAPTIONS[place])


def prediction_table(view: RunView) -> Table:
    """What closed forms and simulation say of hits and mean latency, and how far off they are."""
    wanted = _told(view)
    found = {one.cell: one for one in validate(view.analysis, wanted)}
    models = iter([found[cell] for cell in wanted])

    def cells(s: CellSummary) -> list[Cell]:
        model, formula = next(models), s.predicted
        hits, latency, mean_s = (
            s[name] for name in ("predicted.hits", "predicted.mean_latency_s", "latency_s.mean")
        )
        return [
            Cell(hits),
            Cell(model["hits"].simulated),
            Cell(s["hits_total"]),
            Cell(*residual(hits, s["hits_total"], whole), _answer(model["hits"])),
            Cell(_formula(formula.formula_hits if formula else None)),
            Cell(latency),
            Cell(model["mean latency"].simulated),
            Cell(mean_s),
            Cell(*residual(latency, mean_s, duration), _answer(model["mean latency"])),
            Cell(_formula(formula.formula_latency if formula else None)),
        ]

    model_s = kind_of(FIGURES["predicted.mean_latency_s"])
    columns = [
        Column("Hits", "predicted", show=brief),
        Column("Hits", "simulated", show=brief),
        Column("Hits", "measured", show=brief),
        Column("Residual", "hits"),
        Column("Formula of the hits", text=True),
        Column("Mean latency", "predicted", show=model_s),
        Column("Mean latency", "simulated", show=model_s),
        Column("Mean latency", "measured", show=duration),
        Column("Residual", "latency"),
        Column("Formula of the latency", text=True),
    ]
    caption = (
        "The residual is measured minus predicted. Where nothing stands with it, its 95 % interval"
        " lies within 10 % of the prediction."
    )
    return Table(TRANSPORT, columns, _rows(view, cells), caption)


def _answer(check: Checked) -> str:
    """What must not be overlooked of a residual."""
    return {"differs": "differs", "unknown": "not known"}.get(check.answer, "")


def _told(view: RunView) -> list[str]:
    """The cells of which there are figures, in the order of the rows."""
    return [cell for cell in view.rivals if not view.problem(cell)]


def _formula(text: str | None) -> str | None:
    """A closed form as it is printed."""
    for plain, printed in (("lam", "λ"), (" x ", " × "), ("^2", "²")):
        text = text and text.replace(plain, printed)
    return text


def storm_table(view: RunView) -> Table:
    """Connecting, apart from the steady state."""
    took = shown_in("connecting")

    def cells(s: CellSummary) -> list[Cell]:
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in s.hits_setup.items())
        clients = s.count("clients") * max(s.count("trials.ok"), 1)
        size = s["bytes_setup"]
        each = size / clients if size is not None and clients else None
        return [
            *(_cell(s, one) for one in took),
            Cell(sum(s.hits_setup.values()) / clients if clients else None),
            Cell(each),
            Cell(kinds or None),
        ]

    columns = [
        *figure_columns("connecting"),
        Column("Hits", "per client", show=number),
        Column("Bytes", "per client, both ways", show=brief),
        Column("Hits by kind", "all trials", text=True),
    ]
    caption = "Hits and bytes of first polls, probes and warm-up are in here too."
    return Table(TRANSPORT, columns, _rows(view, cells), caption)


def _of_trial(figure: Figure, trial: CellTrials) -> Cell:
    value = trial.estimate(figure).value
    note = f"of {trial.all[0].counts.expected:,}" if figure.name == "delivered" else ""
    return Cell(value, note, bad=bool(figure.bad and value))


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
        rows.append(Row([name], cells, "", marks, view.cell_styles[record.cell].colour))
    columns = [*figure_columns("trials"), Column("Reason", text=True)]
    if not any(trial.record.reason for trial in made):
        columns.pop()
        rows = [replace(row, cells=row.cells[:-1]) for row in rows]
    return Table([Column("Trial", text=True)], columns, rows, "Every trial, in order of execution.")


def server_tables(view: RunView) -> list[Table]:
    """What is known of each server, and of several each main figure by transport and server."""
    known = servers_table(view.summaries, view.run.versions, view.run.verified)
    names = {
        setting: view.cell_styles[next(iter(there.values()))].setting
        for setting, there in view.grid.settings.items()
    }
    figures = figure_tables(view.analysis.summary, names) if view.grid.several else []
    return [*([] if known is None else [known]), *figures]


# ---- ratios --------------------------------------------------------------------------------------


def baseline_of(view: RunView, wanted: str | None, some: Sequence[str] | None = None) -> str | None:
    """The cell that others are divided by: `wanted`, or the first that asks, or the first at all.

    Args:
        some: those that it may be; None: any.

    Returns:
        None if no cell delivered anything.

    Raises:
        UsageError: there is no such cell, or nothing came of it.
    """
    among = view.cells if some is None else some
    able = [cell for cell in among if view.problem(cell) is None]
    if wanted is not None:
        if wanted not in able:
            known = ", ".join(able) or "none"
            why = "has no figures" if wanted in view.cells else "is none of this run's"
            raise UsageError(f"--baseline: {wanted!r} {why} (those with figures: {known})")
        return wanted
    asking = [cell for cell in able if view.run.profiles[cell].asks]
    return next(iter(asking + able), None)


def ratio_tables(view: RunView, wanted: str | None) -> list[Table]:
    """Each cell as multiples of the baseline; at several servers, each server by itself.

    Args:
        wanted: the baseline's label; at its server, it is the baseline.

    Raises:
        UsageError: see `baseline_of`.
    """
    first = baseline_of(view, wanted)
    if first is None:
        return []
    found = []
    for system in view.grid.systems:
        there = view.grid.of(system)
        base = first if first in there else baseline_of(view, None, there)
        if base is not None and len(there) > 1:
            found.append(ratio_table(view, base, there))
    return found


def ratio_table(view: RunView, baseline: str, some: Sequence[str] = ()) -> Table:
    """The main figures of these cells as multiples of the baseline's, and why one says nothing.

    Args:
        some: cells of the baseline's server; empty: all of a run of one server.
    """
    figures, rows = ranked(), []
    for cell in some or view.rivals:
        style = view.cell_styles[cell]
        problem = view.problem(cell) or ""
        if cell == baseline:
            cells = [Cell("1", "the baseline")] * len(figures)
        else:
            cells = [] if problem else [_multiple(view, cell, baseline, one) for one in figures]
        rows.append(Row([style.name], cells, problem, colour=style.colour))
    caption = (
        f"Multiples of {view.names[baseline]}, with intervals over trials that hold together, 95 %,"
        " for all comparisons of this run."
    )
    columns = [Column(one.title, show=ratio) for one in figures]
    return Table(TRANSPORT, columns, rows, caption)


def _multiple(view: RunView, cell: str, baseline: str, figure: Figure) -> Cell:
    pair = view.analysis.summary.rankings[figure.key].of(cell, baseline)
    if pair is None:
        return Cell()
    multiple, interval = pair.over(baseline)
    if multiple is None:
        return Cell(None, "the baseline has none")
    return Cell(multiple, span(interval, ratio), pair.kind)
