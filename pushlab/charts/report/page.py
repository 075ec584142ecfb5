"""Writes the page: what the run says, in the order in which a reader asks."""

import base64
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pushlab.analysis.summary.catalogue import Table as Place
from pushlab.analysis.summary.model import CellSummary
from pushlab.charts.draw import charts_of
from pushlab.charts.frame import PAGE, PHONE
from pushlab.charts.report import tables, words
from pushlab.charts.report.battery import battery_section
from pushlab.charts.report.drawing import Figure, Sketchbook
from pushlab.charts.report.html import template, written
from pushlab.charts.report.month import month_section
from pushlab.charts.view import RunView
from pushlab.quantities import duration, usd_range
from pushlab.tables import Table
from pushlab.tables.servers import explained, notes_on

__all__ = ["write_report"]

_FURTHER: Sequence[Place] = ("lateness", "order")


def write_report(
    view: RunView, out: Path, *, scenario_toml: str, baseline: str | None = None
) -> Path:
    """Write the page of a run to the file `out` and return its path.

    Args:
        scenario_toml: the scenario as a file that `pushlab compare` runs again.
        baseline: the label of the cell that others are divided by; None takes the first that asks.

    Raises:
        UsageError: `baseline` is no cell of the run, or has no figures.
        NotWritten: the file cannot be written.
    """
    return written(out, lambda: _page(view, scenario_toml=scenario_toml, baseline=baseline))


def _page(view: RunView, *, scenario_toml: str, baseline: str | None) -> str:
    ratios = tables.ratio_tables(view, baseline)
    drawn = any(view.problem(cell) is None for cell in view.cells)
    book = Sketchbook()
    figures = _figures(view, book) if drawn else []
    month = month_section(view, book) if drawn else None
    battery = battery_section(view, book) if drawn else None
    results = tables.figures_table(view)
    trials = tables.trials_table(view)
    servers = tables.server_tables(view) if drawn else []
    shown = [results, trials, *ratios, *servers]
    shown += [*(month.tables if month else ()), *(battery.tables if battery else ())]
    return template("page.html.j2").render(
        run=view.run,
        title=str(view.run.scenario.get("title") or view.run.scenario.get("name") or "run"),
        description=str(view.run.scenario.get("description") or "").strip(),
        findings=[figure.title for figure in figures],
        figures=figures,
        letters=book.letters(),
        state=_state(view),
        problems=_problems(view),
        asked=words.asked(view),
        settings=words.settings(view),
        results=results,
        missing=any(cell.value is None for row in results.rows for cell in row.cells),
        prediction=tables.prediction_table(view) if drawn else None,
        servers=servers,
        notes_on_servers=notes_on(view.summaries, view.run.verified),
        explained=explained(view.analysis.summary) if view.grid.several else "",
        on_each=[text for name, text in view.analysis.summary.findings.items() if " on " in name],
        ratios=ratios,
        storm=tables.storm_table(view) if drawn else None,
        further=[tables.figures_table(view, place) for place in _FURTHER] if drawn else [],
        month=month,
        battery=battery,
        trials=trials,
        marks=_marks(shown),
        caveats=view.analysis.summary.caveats,
        conditions=words.conditions(view),
        environment=words.environment(view),
        commit=view.run.environment.get("commit"),
        command=shlex.join(view.run.command),
        scenario_toml=scenario_toml,
        scenario_link="data:application/toml;base64,"
        + base64.b64encode(scenario_toml.encode()).decode("ascii"),
    )


def _marks(shown: list[Table]) -> set[str]:
    names = {mark for table in shown for row in table.rows for mark in row.marks}
    cells = [cell for table in shown for row in table.rows for cell in row.cells]
    names |= {name for cell in cells for name in cell.mark.split(", ")}
    return {"failed" if name.endswith(" failed") else name for name in names if name}


def _figures(view: RunView, book: Sketchbook) -> list[Figure]:
    """Each chart twice, for a desk and for a phone, with its finding and what it shows in words."""
    return [
        book.figure(wide, narrow, words=_in_words(view, wide.name))
        for wide, narrow in zip(charts_of(view, PAGE), charts_of(view, PHONE), strict=True)
    ]


def _in_words(view: RunView, name: str) -> str:
    """What a figure shows, for those who hear it."""
    said = []
    for cell in view.rivals:
        text = view.problem(cell) or _told(view.summaries[cell], name) or "nothing known"
        said.append(f"{view.cell_styles[cell].name}: {text}")
    return "; ".join(said) + "."


def _told(cell: CellSummary, name: str) -> str:
    """One cell's figures in the chart `name`; empty where there are none."""
    shown: Mapping[str, Sequence[tuple[str, Callable[[float], str]]]] = {
        "1-latency": (
            ("latency_s.p50", lambda value: f"median {duration(value)}"),
            ("latency_s.mean", lambda value: f"mean {duration(value)}"),
        ),
        "2-hits": (("hits_per_delivery", lambda value: f"{value:.2f} requests per delivery"),),
        "3-staleness": (("staleness_s.max", lambda value: f"at worst {duration(value)} behind"),),
        "4-bytes-and-cpu": (
            ("bytes_per_delivery", lambda value: f"{value:,.0f} bytes"),
            ("cpu_s_per_delivery", lambda value: f"{duration(value)} of CPU"),
        ),
    }
    if name == "5-cost":
        price = cell.price
        reach = usd_range(price.low or 0.0, price.high or 0.0)
        return price.cannot or f"{reach} a month in {price.place}"
    told = [(show, cell[figure]) for figure, show in shown.get(name, ())]
    return ", ".join(show(value) for show, value in told if value is not None)


def _state(view: RunView) -> str:
    trials = view.run.trials
    good = sum(trial.status == "ok" for trial in trials)
    created = view.run.created_utc.replace("T", " ").removesuffix("Z")
    length = max((trial.duration_s for trial in trials), default=0.0)
    return (
        f"{good} of {len(trials)} trials went well · up to {length:g} s each · {created} UTC"
        f" · pushlab {view.run.pushlab_version}"
    )


def _problems(view: RunView) -> list[str]:
    """What is missing from this run, for the top of the page."""
    found = []
    if void := view.analysis.summary.void:
        found.append(f"No latency of this run is worth anything: {void}. Nothing is ranked by it.")
    if view.run.status != "complete":
        found.append(
            "This run is not complete: it was stopped, or is still being written. What follows is"
            " what there was until then."
        )
    for cell in view.rivals:
        problem = view.problem(cell)
        if problem is not None:
            found.append(f"{view.cell_styles[cell].name}: {problem}.")
        elif view.summaries[cell].status == "partly-failed":
            summary = view.summaries[cell]
            failed, made = summary.count("trials.failed"), len(view.analysis.cells[cell].all)
            found.append(
                f"{view.cell_styles[cell].name}: {failed} of {made} trials failed"
                f" ({summary.reason}); its figures are of the others."
            )
    return found
