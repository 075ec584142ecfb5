"""The tables of several servers: each figure by transport and server, and what is known of each."""

from collections.abc import Mapping

from pushlab.analysis.cost.measured import OF_HUB_ALONE
from pushlab.analysis.summary.by_system import BySystem, by_system
from pushlab.analysis.summary.catalogue import Figure, shown_in
from pushlab.analysis.summary.claims import Pair, Ranking
from pushlab.analysis.summary.model import CellSummary, RunSummary
from pushlab.quantities import ratio, span
from pushlab.runs.records import HUB
from pushlab.tables.figures import figure_cell, kind_of
from pushlab.tables.model import Cell, Column, Row, Table

__all__ = ["beside", "counted_by", "explained", "figure_tables", "notes_on", "servers_table"]

#: What servers of other makes keep of the contract; see `pushlab.runs.head.RunHead`.
Verified = Mapping[str, Mapping[str, Mapping[str, str]]]

#: Who counted hits, by a summary's `hits_source`.
_COUNTED = {"swarm": "clients"}
_WILD = 100.0  # between the ends of an interval that tells nothing


def figure_tables(summary: RunSummary, names: Mapping[str, str] | None = None) -> list[Table]:
    """A table for each main figure: a row for each transport, a column for each server.

    Args:
        names: of settings; None: their labels.
    """
    grid = by_system(summary.cells)
    figures = shown_in("systems", summary.cells.values())
    figures.sort(key=lambda one: one.shown.get("systems", 0))
    known = [one for one in figures if any(v is not None for v in _values(summary, one))]
    known = [one for one in known if not one.bad or any(_values(summary, one))]
    return [_table(summary, grid, one, names or {}) for one in known]


def _values(summary: RunSummary, figure: Figure) -> list[float | None]:
    return [cell[figure.name] for cell in summary.cells.values() if not cell.floor]


def _table(summary: RunSummary, grid: BySystem, figure: Figure, names: Mapping[str, str]) -> Table:
    rows = []
    for setting, there in grid.settings.items():
        cells = [_cell(summary, there, system, figure) for system in grid.systems]
        rows.append(Row([names.get(setting, setting)], cells))
    columns = [Column(title, show=kind_of(figure)) for title in grid.systems.values()]
    return Table([Column(figure.words, text=True)], columns, rows, f"{figure.title}, by server.")


def _cell(summary: RunSummary, there: Mapping[str, str], system: str, figure: Figure) -> Cell:
    if system not in there:
        return Cell("")
    cell = summary.cells[there[system]]
    if cell.is_empty:
        return Cell(cell.status, bad=True)
    if cell.why_blank(figure.name):
        return Cell("")  # the reason stands below the table
    ranking = summary.rankings.get(figure.key)
    pair = None if ranking is None else _with_first(summary, ranking, there, system, figure)
    if pair is not None:
        return figure_cell(cell, figure, beside(*pair))
    return figure_cell(cell, figure, span(cell.interval(figure.name), kind_of(figure)))


def _with_first(
    summary: RunSummary, ranking: Ranking, there: Mapping[str, str], system: str, figure: Figure
) -> tuple[Pair, str] | None:
    """What may be said of a cell and the same at the first server that has the figure."""
    first = next(label for label in there.values() if summary.cells[label][figure.name] is not None)
    pair = ranking.of(first, there[system])
    return None if pair is None else (pair, first)


def beside(pair: Pair, base: str) -> str:
    """A cell beside the same at the first server: ``0.42 × (0.38 to 0.47)``, ``alike (...)``.

    Where nothing is claimed, why stands in a second line.
    """
    value, interval = pair.over(base)
    if interval and interval[1] > _WILD * interval[0]:
        interval = None  # that trials cannot tell is said in words
    reach = span(interval, ratio).replace(" ×", "")
    told = "alike" if pair.alike else "the first has none" if value is None else ratio(value)
    told += f" ({reach})" if reach else ""
    return told if pair.claimed or pair.alike else f"{told}\n{pair.kind}"


def explained(summary: RunSummary) -> str:
    """What stands below the figures of `figure_tables`."""
    grid = by_system(summary.cells)
    others = [system for system in grid.systems if system != grid.first]
    return (
        f"Below a figure of {grid.named(*others)}: how many times that of"
        f" {grid.named(grid.first)} it is, for the same transport, with an interval that holds for"
        " all comparisons of the run together (95 %). Below others: their own interval over trials."
    )


# ---- what is known of each server ----------------------------------------------------------------


def servers_table(
    cells: Mapping[str, CellSummary], versions: Mapping[str, str], verified: Verified
) -> Table | None:
    """A row for each server: its version, who counted its hits, what could be watched; and
    whether its readers get what was published while they were away, where that was looked at.

    None in a run of the hub alone.
    """
    grid = by_system(cells)
    if not set(grid.systems) - {HUB}:
        return None
    rows = []
    for system in grid.systems:
        some = [cells[label] for label in grid.of(system) if not cells[label].is_empty]
        if not some:
            rows.append(Row([grid.systems[system]], problem="no trial went well"))
            continue
        told = [
            versions.get(system) or None,
            ", ".join(dict.fromkeys(map(counted_by, some))),
            "yes" if all(cell.fresh for cell in some) else "no",
            "no" if any(cell.unwatched for cell in some) else "yes",
        ]
        if verified:
            told.append("yes" if system == HUB else _resumes(grid, system, verified))
        rows.append(Row([grid.systems[system]], list(map(Cell, told))))
    columns = [
        Column("version", text=True),
        Column("hits counted by", text=True, head="counted by"),
        Column("fresh", text=True),
        Column("CPU and memory watched", text=True, head="watched"),
        *([Column("resumes", text=True)] if verified else []),
    ]
    caption = (
        "Fresh: each trial had a new process. Hits that the clients alone counted are checked by"
        " nobody. How those that come with pushlab are set up, and why: servers/NAME/README.md."
    )
    return Table([Column("server", text=True)], columns, rows, caption)


def _resumes(grid: BySystem, system: str, verified: Verified) -> str | None:
    """Which of a server's transports resume: ``yes``, ``no``, or those that do."""
    told = {
        setting: verified[there[system]]["resume"]["verdict"]
        for setting, there in grid.settings.items()
        if "resume" in verified.get(there.get(system, ""), {})
    }
    holds = [setting for setting, verdict in told.items() if verdict == "holds"]
    if not holds:
        return "no" if "breaks" in told.values() else None
    return "yes" if len(holds) == len(told) else ", ".join(holds)


def counted_by(cell: CellSummary) -> str:
    """Who counted a cell's hits: ``server``, ``access log`` or ``clients``."""
    source = cell.hits_source or "clients"
    return _COUNTED.get(source, source)


def notes_on(cells: Mapping[str, CellSummary], verified: Verified) -> list[str]:
    """What must be said of foreign servers below a table: what they break, and what is blank."""
    grid, found = by_system(cells), []
    for label, clauses in verified.items():
        for clause, seen in clauses.items():
            if seen["verdict"] in ("breaks", "not tried"):
                found.append(f"{label}: {clause} {seen['verdict']}: {seen['said']}.")
    for system in grid.systems:
        some = [cells[label] for label in grid.of(system) if not cells[label].is_empty]
        for why in dict.fromkeys(cell.unwatched for cell in some if cell.unwatched):
            found.append(f"CPU and memory of {grid.named(system)} are blank: {why}.")
        if not all(cell.fresh for cell in some):
            found.append(
                f"Attached to, not started: {grid.named(system)}. Its channels are new, its process"
                " is not."
            )
    if foreign := [system for system in grid.systems if system != HUB]:
        found.append(f"No month of {grid.named(*foreign)} has a price: {OF_HUB_ALONE}.")
    return found
