"""Whether measured figures meet the objectives: met, failed, or not known from what was measured.

*Met* and *failed* are claims: the figure's interval must lie on one side of the limit, corrected
for the number of objectives that are judged together, and no mark may be large enough to have
carried the figure across. A count is what it is. A cell with failed trials meets nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pushlab.analysis.slo.objectives import Objective
from pushlab.analysis.slo.subject import no_cell
from pushlab.analysis.stats.percentiles import PERCENTILES, least_trials, samples_needed
from pushlab.analysis.stats.power import reach_of, trials_for
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.analysis.summary.mark import SHARE
from pushlab.analysis.summary.model import CellSummary, Interval, void_words
from pushlab.errors import UsageError

__all__ = ["Answer", "Verdict", "judge", "judge_all"]

Answer = Literal["met", "failed", "unknown"]

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one cell meets one objective.

    Attributes:
        answer: ``unknown`` where the interval spans the limit, there is none, or a mark could have
            carried the figure across it.
        value: the measured figure, in the unit of the objective's limit; None: there is none.
        interval: on which the answer rests: 95 % over trials for all that is judged together; None
            for a figure that has none, such as a count or an extreme.
        samples: how many deliveries or publishes the figure rests on, where that is known.
        more_trials: about how many more would tell, where that can be said.
        marks: what could have carried the figure across the limit, in words.
        unsure: why a figure that would have an interval has none: ``too few samples``.
        why: why there is nothing to judge: failed trials, too few samples.
    """

    objective: Objective
    cell: str
    answer: Answer
    value: float | None
    interval: Interval | None = None
    samples: int | None = None
    more_trials: int | None = None
    marks: Sequence[str] = ()
    unsure: str = ""
    why: str | None = None

    @property
    def met(self) -> bool:
        """Whether it is met, beyond doubt."""
        return self.answer == "met"

    @property
    def as_measured(self) -> bool:
        """Whether the value alone meets it: what a search goes by, which tries again anyway."""
        return self.why is None and self.value is not None and self.objective.met_by(self.value)


def judge_all(
    objectives: Sequence[Objective],
    cells: Mapping[str, CellSummary],
    floor_s: float | None = None,
) -> list[Verdict]:
    """The verdicts on all that is asked of a run, each as one of them; see `judge`."""
    among = sum(len(judge(one, cells)) for one in objectives)
    return [each for one in objectives for each in judge(one, cells, among=among, floor_s=floor_s)]


def judge(
    objective: Objective,
    cells: Mapping[str, CellSummary],
    *,
    among: int = 1,
    floor_s: float | None = None,
) -> list[Verdict]:
    """The verdict on each cell that the objective asks about, in the order of `cells`.

    Args:
        cells: the cells' summaries by label.
        among: how many verdicts are given together.
        floor_s: the harness's own floor, where it was measured.

    Raises:
        UsageError: there is no such cell.
    """
    asked = [label for label, cell in cells.items() if objective.asks(label, floor=cell.floor)]
    if not asked:
        raise UsageError(f"objective {objective.text!r}: {no_cell(objective.cell, cells)}")
    void = void_words(cells, floor_s) if objective.figure.startswith("latency_s") else ""
    return [_judge(objective, label, cells[label], among, void) for label in asked]


def _judge(objective: Objective, label: str, cell: CellSummary, among: int, void: str) -> Verdict:
    name, counted = objective.figure, FIGURES[objective.figure].counted_by
    value, samples = cell[name], cell.count(counted) if counted else None
    if objective.of is not None:
        whole = cell.count(objective.of)
        value, samples = (value / whole if value is not None and whole else None), whole
    failed, unknown = _ended(cell, "failed"), _stopped(cell)
    if value is None and failed is None and unknown is None:
        unknown = cell.why_blank(name) or _why_missing(name, samples)
    if failed or unknown or value is None:
        answer: Answer = "failed" if failed else "unknown"
        return Verdict(objective, label, answer, value, samples=samples, why=failed or unknown)
    trials, interval = cell.count("trials.ok"), cell.interval(name)
    if interval is not None:
        interval = _together(interval, value, trials, among)
        blur = cell.clocks_blur(name)
        interval = (interval[0] - blur, interval[1] + blur)
    more, marks = None, list(cell.marks_on(name, abs(value - objective.limit) / SHARE))
    if void:
        marks.insert(0, f"void: {void}")
    unsure = cell.withheld.get(name, "") if interval is None else ""
    if unsure or (interval is None and FIGURES[name].interval):
        answer = "unknown"
        more = max(0, least_trials(name) - trials) or None
    else:
        answer = _answer(objective, interval or (value, value))
        if answer == "unknown":
            more = _more_trials(objective.limit, value, interval, trials, among)
    answer = "unknown" if marks else answer
    return Verdict(objective, label, answer, value, interval, samples, more, marks, unsure)


def _answer(objective: Objective, interval: Interval) -> Answer:
    """What all values of an interval say alike."""
    low, high = interval
    if objective.operator in ("==", "!=") and low != high:
        inside = low <= objective.limit <= high
        return "unknown" if inside else "failed" if objective.operator == "==" else "met"
    ends = {objective.met_by(low), objective.met_by(high)}
    return "unknown" if len(ends) == 2 else "met" if ends.pop() else "failed"


def _together(interval: Interval, value: float, trials: int, among: int) -> Interval:
    """A 95 % interval by itself, widened so that so many hold together (Bonferroni)."""
    if among < 2 or interval[0] == interval[1]:
        return interval
    freedom = trials - 1
    wider = reach_of(freedom, _LEVEL / 2 / among) / reach_of(freedom, _LEVEL / 2)
    if interval[0] > 0:
        low, high = (value * (end / value) ** wider for end in interval)
    else:
        low, high = (value + (end - value) * wider for end in interval)
    return low, high


def _more_trials(
    limit: float, value: float, interval: Interval | None, trials: int, among: int
) -> int | None:
    """About how many trials more would take the limit out of the interval; None: cannot be said."""
    if interval is None or not 0 < interval[0] < interval[1] or limit <= 0:
        return None
    chance = _LEVEL / 2 / among
    error = math.log(interval[1] / interval[0]) / 2 / reach_of(trials - 1, chance)
    away = abs(math.log(limit / value))
    needed = trials_for(away, error * math.sqrt(trials), chance=chance, least=trials + 1)
    return None if needed is None else needed - trials


def _stopped(cell: CellSummary) -> str | None:
    """Why nothing is known of a cell: it did not come to its end."""
    if cell.status == "not-run" and not cell.count("trials.interrupted"):
        return "the cell did not come to its turn"
    return _ended(cell, "interrupted")


def _ended(cell: CellSummary, state: Literal["failed", "interrupted"]) -> str | None:
    """That some of its trials ended so, and why."""
    count = cell.count(f"trials.{state}")
    if not count:
        return None
    total = sum(cell.count(f"trials.{each}") for each in ("ok", "failed", "interrupted"))
    reason = f": {cell.reason}" if cell.reason else ""
    return f"{count} of {total} trial{'s' * (total > 1)} {state}{reason}"


def _why_missing(figure: str, samples: int | None) -> str:
    last = figure.rpartition(".")[2]
    per_mille = PERCENTILES.get(last)
    if per_mille is None:
        return f"no {figure}: it was not measured"
    name, need = last.replace("_", "."), f"needs {samples_needed(per_mille):,}"
    return f"no {name}: {need if samples is None else f'{samples:,} samples, {need}'}"
