"""Whether measured figures meet the objectives; what was not measured well meets none."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pushlab.analysis.slo.objectives import Objective
from pushlab.analysis.stats.percentiles import PERCENTILES, samples_needed
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.analysis.summary.model import CellSummary, Interval
from pushlab.errors import UsageError

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one cell meets one objective.

    Attributes:
        value: the measured figure, in the unit of the objective's limit; None: there is none.
        interval: its 95 % interval over trials, where the summary has one.
        samples: how many deliveries or publishes the figure rests on, where that is known.
        why: why the objective is not met, if it is not for the value.
    """

    objective: Objective
    cell: str
    met: bool
    value: float | None
    interval: Interval | None = None
    samples: int | None = None
    why: str | None = None


def judge(objective: Objective, cells: Mapping[str, CellSummary]) -> list[Verdict]:
    """The verdict on each cell that the objective asks about, in the order of `cells`.

    Args:
        cells: the cells' summaries by label.

    Raises:
        UsageError: there is no such cell.
    """
    asked = [label for label, cell in cells.items() if objective.asks(label, floor=cell.floor)]
    if not asked:
        close = get_close_matches(objective.cell, cells, n=1)
        close = close or [label for label in cells if objective.cell.startswith(f"{label}.")]
        hint = f"; did you mean {close[0]!r}?" if close else ""
        known = ", ".join(repr(label) for label in cells) or "none"
        raise UsageError(
            f"objective {objective.text!r}: no cell {objective.cell!r}{hint} (cells: {known})"
        )
    return [_judge(objective, label, cells[label]) for label in asked]


def _judge(objective: Objective, label: str, cell: CellSummary) -> Verdict:
    name, counted = objective.figure, FIGURES[objective.figure].counted_by
    value, samples = cell[name], cell.count(counted) if counted else None
    if objective.of is not None:
        whole = cell.count(objective.of)
        value, samples = (value / whole if value is not None and whole else None), whole
    trouble = _trouble(cell)
    if value is None and trouble is None:
        trouble = _why_missing(name, samples)
    met = trouble is None and value is not None and objective.met_by(value)
    return Verdict(objective, label, met, value, cell.interval(name), samples, trouble)


def _trouble(cell: CellSummary) -> str | None:
    """Why a cell's figures meet no objective: it failed, or it is not complete."""
    ended = {state: cell.count(f"trials.{state}") for state in ("ok", "failed", "interrupted")}
    reason = f": {cell.reason}" if cell.reason else ""
    if cell.status == "not-run" and not ended["interrupted"]:
        return "the cell did not come to its turn"
    for state in ("failed", "interrupted"):
        if ended[state]:
            total = sum(ended.values())
            return f"{ended[state]} of {total} trial{'s' * (total > 1)} {state}{reason}"
    return None


def _why_missing(figure: str, samples: int | None) -> str:
    last = figure.rpartition(".")[2]
    per_mille = PERCENTILES.get(last)
    if per_mille is None:
        return f"no {figure}: it was not measured"
    name, need = last.replace("_", "."), f"needs {samples_needed(per_mille):,}"
    return f"no {name}: {need if samples is None else f'{samples:,} samples, {need}'}"
