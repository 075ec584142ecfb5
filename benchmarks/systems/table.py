"""What a run of all systems says: a row for each transport at each system."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pushlab.analysis import Analysis
from pushlab.analysis.summary.model import CellSummary
from pushlab.errors import UsageError
from pushlab.quantities import brief, counted, duration, memory
from pushlab.runs.records import TrialRecord

__all__ = ["MEASURED", "VERIFIED", "Row", "into_page", "rows_of", "save", "table_line", "table_of"]

#: What stands between two marks in the page.
MEASURED, VERIFIED = "measured", "verified"

#: Figures of the catalogue that a row keeps.
_KEPT = (
    "latency_s.mean",
    "latency_s.p50",
    "latency_s.p95",
    "hits_per_delivery",
    "cpu_s_per_delivery",
    "server_rss_bytes",
    "expected",
    "delivered",
    "lost",
    "duplicated",
    "reordered",
)
_WRONG = {"lost": "lost", "duplicated": "came twice", "reordered": "out of order"}


@dataclass(frozen=True, slots=True)
class Row:
    """One transport at one system.

    Attributes:
        values, intervals: figures of the catalogue, and the 95 % intervals of those that have one.
        counted_by: who counted the hits.
        marked: by figure, what may have coloured it: ``generator-bound: the publisher sent late,
            up to 2 ms``.
        remarks: what the trials remark beside that, such as ``server-bound``.
    """

    transport: str
    system: str
    version: str
    status: str
    reason: str
    counted_by: str
    values: Mapping[str, float | None]
    intervals: Mapping[str, tuple[float, float]]
    marked: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remarks: Sequence[str] = field(default_factory=list)


def rows_of(analysis: Analysis) -> list[Row]:
    """The rows, by transport in the order of the run, then by system; without the floor."""
    summary = analysis.summary.cells
    rows = []
    for label, trials in analysis.cells.items():
        cell = summary[label]
        if cell.floor or not trials.all:
            continue
        rows.append(_row(cell, trials.all[0].record))
    order = list(dict.fromkeys(row.transport for row in rows))
    return sorted(rows, key=lambda row: (order.index(row.transport), row.system != "hub"))


def _row(cell: CellSummary, record: TrialRecord) -> Row:
    server = record.server
    known = {name: cell.interval(name) for name in _KEPT}
    return Row(
        transport=record.transport,
        system=record.system,
        version=server.version if server else "",
        status=cell.status,
        reason=cell.reason or "",
        counted_by=cell.hits_source or "",
        values={name: cell[name] for name in _KEPT},
        intervals={name: found for name, found in known.items() if found},
        marked={name: list(marks) for name, marks in cell.marked.items() if marks},
        remarks=list(cell.remarks),
    )


# ---- shown --------------------------------------------------------------------------------------


def table_of(analysis: Analysis, rows: Sequence[Row]) -> str:
    """The rows in Markdown, with the work and the machine above them."""
    run = analysis.run
    work, machine = run.scenario, run.environment
    trials = counted(int(work["trials"]), "trial")
    lines = [
        f"{run.created_utc[:10]}, {machine['processor']}, {machine['cores']} cores,"
        f" {machine['python']}, commit {machine['commit']}: {work['clients']:,} readers in rooms of"
        f" {work['room_size']}, {work['rate_per_s'] * work['channel_count']:g} messages a second of"
        f" {work['payload_bytes']} bytes, {trials} of {work['duration_s']:g} s; polls every"
        f" {work['poll_interval_s']:g} s. CPU with its 95 % interval. *: marked by what the last"
        " column names; how much of it that can be stands in systems.json.",
        "",
        "| transport | system | mean | p95 | hits each | CPU each, µs | memory | what went wrong |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    versions = machine.get("systems", {})
    told = ", ".join(f"{name} ({of})" for name, of in versions.items() if of and name != "hub")
    return "\n".join([*lines, *map(table_line, rows), "", f"Versions: {told}."])


def table_line(row: Row) -> str:
    """One row in Markdown; what is not known is blank, and what is marked has an asterisk."""
    cells = [row.transport, row.system]
    cells += [_shown(row, name, duration) for name in ("latency_s.mean", "latency_s.p95")]
    cells += [_shown(row, "hits_per_delivery", brief), _cpu(row)]
    cells += [_shown(row, "server_rss_bytes", memory), _wrong(row)]
    return f"| {' | '.join(cells)} |"


def _shown(row: Row, name: str, show: Callable[[float], str]) -> str:
    value = row.values[name]
    return "" if value is None else f"{show(value)}{'*' if row.marked.get(name) else ''}"


def _cpu(row: Row) -> str:
    name = "cpu_s_per_delivery"
    found = row.intervals.get(name)
    within = f" ({brief(found[0] * 1e6)} to {brief(found[1] * 1e6)})" if found else ""
    return f"{_shown(row, name, lambda value: brief(value * 1e6))}{within}"


def _wrong(row: Row) -> str:
    if row.status == "failed":
        return f"failed: {row.reason}"
    counts = {words: row.values[name] for name, words in _WRONG.items()}
    told = [f"{count:,.0f} {words}" for words, count in counts.items() if count]
    if row.status != "ok":
        told.append(f"{row.status}: {row.reason}")
    shown = ("latency_s.mean", "latency_s.p95", "hits_per_delivery", "cpu_s_per_delivery")
    marks = [words.partition(":")[0] for name in shown for words in row.marked.get(name, ())]
    return "; ".join([*told, *row.remarks, *dict.fromkeys(marks)])


# ---- kept ---------------------------------------------------------------------------------------


def save(analysis: Analysis, rows: Sequence[Row], folder: Path) -> None:
    """Write ``systems.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "created_utc": analysis.run.created_utc,
        "written_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "scenario": analysis.run.scenario,
        "environment": analysis.run.environment,
        "rows": [asdict(row) for row in rows],
    }
    (folder / "systems.json").write_text(json.dumps(told, indent=1) + "\n")


def into_page(name: str, table: str, page: Path) -> None:
    """Put a table between its marks in a page. Raises UsageError: it has none."""
    begin, end = f"<!-- {name}: begins -->", f"<!-- {name}: ends -->"
    text = page.read_text(encoding="utf-8")
    before, begins, rest = text.partition(begin)
    _, ends, behind = rest.partition(end)
    if not (begins and ends):
        raise UsageError(f"{page} has no {begin} and {end}")
    page.write_text(f"{before}{begin}\n\n{table}\n\n{end}{behind}", encoding="utf-8")
