"""Whether measured figures meet the objectives; what was not measured well meets none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pushlab.analysis.slo.objectives import Objective
from pushlab.analysis.stats.percentiles import PERCENTILES, samples_needed
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
    interval: tuple[float, float] | None = None
    samples: int | None = None
    why: str | None = None


def judge(objective: Objective, cells: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """The verdict on each cell that the objective asks about, in the order of `cells`.

    Args:
        cells: the cells' summaries by label, as in ``summary["transports"]``.

    Raises:
        UsageError: there is no such cell.
    """
    asked = [
        label for label, cell in cells.items() if objective.asks(label, floor=bool(cell["floor"]))
    ]
    if not asked:
        close = get_close_matches(objective.cell, cells, n=1)
        close = close or [label for label in cells if objective.cell.startswith(f"{label}.")]
        hint = f"; did you mean {close[0]!r}?" if close else ""
        known = ", ".join(repr(label) for label in cells) or "none"
        raise UsageError(
            f"objective {objective.text!r}: no cell {objective.cell!r}{hint} (cells: {known})"
        )
    return [_judge(objective, label, cells[label]) for label in asked]


def _judge(objective: Objective, label: str, cell: Mapping[str, Any]) -> Verdict:
    path = objective.figure.split(".")
    value, interval, samples = _look_up(cell, path)
    if objective.of is not None:
        whole = cell[objective.of]
        value, samples = (value / whole if value is not None and whole else None), whole
    trouble = _trouble(cell)
    if value is None and trouble is None:
        trouble = _why_missing(path, samples)
    met = trouble is None and value is not None and objective.met_by(value)
    return Verdict(objective, label, met, value, interval, samples, trouble)


def _look_up(
    cell: Mapping[str, Any], path: Sequence[str]
) -> tuple[float | None, tuple[float, float] | None, int | None]:
    """A figure's value, its interval and its sample size, each None where there is none."""
    holder: Mapping[str, Any] = cell
    for key in path[:-1]:
        inner = holder.get(key)
        holder = inner if isinstance(inner, Mapping) else {}
    value = holder.get(path[-1])
    if value is None and path[0] in ("hits", "hits_setup") and cell["hits_source"]:
        value = 0  # a kind that never came has no key
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        value = None
    bounds = holder.get(f"{path[-1]}_ci")
    samples = holder.get("count") if len(path) > 1 else None
    if path[-1].endswith("_per_delivery"):
        samples = cell["latency_s"]["count"]
    return value, (bounds[0], bounds[1]) if bounds else None, samples


def _trouble(cell: Mapping[str, Any]) -> str | None:
    """Why a cell's figures meet no objective: it failed, or it is not complete."""
    trials = cell["trials"]
    reason = f": {cell['reason']}" if cell["reason"] else ""
    if cell["status"] == "not-run" and not trials["interrupted"]:
        return "the cell did not come to its turn"
    for state in ("failed", "interrupted"):
        if trials[state]:
            total = sum(trials.values())
            return f"{trials[state]} of {total} trial{'s' * (total > 1)} {state}{reason}"
    return None


def _why_missing(path: Sequence[str], samples: int | None) -> str:
    per_mille = PERCENTILES.get(path[-1])
    if per_mille is None:
        return f"no {'.'.join(path)}: it was not measured"
    name, need = path[-1].replace("_", "."), f"needs {samples_needed(per_mille):,}"
    return f"no {name}: {need if samples is None else f'{samples:,} samples, {need}'}"
