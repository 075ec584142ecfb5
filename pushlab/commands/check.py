"""`pushlab check`: whether a run meets its objectives, one line for each, for people and for CI."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pushlab.analysis.slo.objectives import Objective, parse_objective
from pushlab.analysis.slo.verdicts import Verdict, judge
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.stored import summary_of
from pushlab.commands.terminal import json_text
from pushlab.errors import UsageError
from pushlab.quantities import span, with_unit
from pushlab.runs import Run

__all__ = ["check"]


def check(
    folder: Path, texts: Sequence[str], *, file: Path | None = None, as_json: bool = False
) -> int:
    """Judge the run in `folder`; the exit status: 0 if every objective is met, else 1.

    Args:
        texts: the objectives.
        file: more of them, one in a line; empty lines and lines that begin with ``#`` are passed
            over.

    Raises:
        UsageError: an objective is malformed, asks about no cell of the run, or there is none.
    """
    objectives = [parse_objective(text) for text in texts]
    if file is not None:
        objectives += _from_file(file)
    if not objectives:
        raise UsageError("nothing to check: give --slo OBJECTIVE, such as --slo 'sse.p99<50ms'")
    run = Run.load(folder)
    cells = summary_of(run).cells
    verdicts = [verdict for objective in objectives for verdict in judge(objective, cells)]
    complete = run.status == "complete"
    met = complete and all(verdict.met for verdict in verdicts)
    if as_json:
        document = {"met": met, "run": run.id, "status": run.status}
        document["objectives"] = [_plain(v, cells[v.cell]) for v in verdicts]
        print(json_text(document))
        return 0 if met else 1
    for verdict in verdicts:
        print(_line(verdict, cells[verdict.cell]))
    if not complete:
        print(f"FAILED  the run is {run.status}: it did not reach its end")
    count = sum(verdict.met for verdict in verdicts)
    print(f"{count} of {len(verdicts)} met: {folder}")
    return 0 if met else 1


def _from_file(file: Path) -> list[Objective]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"--slo-file: {file} cannot be read ({detail})") from error
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(parse_objective(line))
            except UsageError as error:
                raise UsageError(f"{file}, line {number}: {error}") from error
    return found


def _line(verdict: Verdict, cell: CellSummary) -> str:
    objective = verdict.objective
    word = "met   " if verdict.met else "FAILED"
    told = f"{word}  {objective.text}  {verdict.cell}: "
    if verdict.why is not None:
        told += verdict.why
        if verdict.value is not None:
            told += f"; {objective.figure} is {with_unit(verdict.value, objective.kind)}"
    elif verdict.value is not None:
        told += f"{objective.figure} is {with_unit(verdict.value, objective.kind)}"
        notes = []
        if verdict.interval is not None:
            both = span(verdict.interval, lambda bound: with_unit(bound, objective.kind))
            notes.append(f"95 % interval {both or told.rpartition(' is ')[2]}")
            if verdict.interval[0] <= objective.limit <= verdict.interval[1]:
                notes.append("it spans the limit")
        if verdict.samples is not None:
            notes.append(f"{verdict.samples:,} samples")
        told += f" ({', '.join(notes)})" if notes else ""
    if cell.marks:
        told += f" [{'; '.join(cell.marks)}]"
    return told


def _plain(verdict: Verdict, cell: CellSummary) -> dict[str, Any]:
    told = verdict.objective.to_json()
    found = {name: getattr(verdict, name) for name in Verdict.__slots__ if name != "objective"}
    return {"objective": told.pop("text"), **told, **found, "marks": list(cell.marks)}
