"""Whether NEW is worse than BASE by so much, figure by figure: pass, fail, or inconclusive.

Two runs are compared trial by trial; interleaved runs of two programs, pair by pair. Whatever makes
figures incomparable or doubtful, such as a failed trial, another machine or a mark on either side,
makes the answer *inconclusive* with its reason, never *pass* or *fail*: a mark could have made the
difference, and could have hidden one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from pushlab.analysis.diff.sameness import not_comparable, other_machine
from pushlab.analysis.slo.subject import Subject, no_cell
from pushlab.analysis.stats.intervals import MIN_SAMPLES, MIN_TRIALS
from pushlab.analysis.stats.percentiles import least_trials
from pushlab.analysis.stats.worse import CHANCE, MOST, Outcome, apart, needed, outcome
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.analysis.summary.figure import Derived
from pushlab.analysis.summary.mark import SHARE
from pushlab.analysis.summary.model import CellSummary, RunSummary
from pushlab.analysis.summary.summarise import Analysis, analyse
from pushlab.errors import UsageError
from pushlab.quantities import duration
from pushlab.runs import Run

__all__ = [
    "Gate",
    "Gated",
    "Question",
    "asked_of",
    "cells_of",
    "doubts",
    "gate_runs",
    "judge",
    "marks_on",
]


@dataclass(frozen=True, slots=True)
class Question:
    """One figure of one cell, and by which share it must not be worse: 0.2 for 20 %."""

    cell: str
    figure: str
    worse: float


@dataclass(frozen=True, slots=True)
class Gated:
    """The answer to one question.

    Attributes:
        base, new: geometric means over trials, or over runs; None where there is none.
        ratio, interval: of new to base; None where there is none. The interval leaves out `chance`
            on either side.
        trials: of each side; two equal numbers of runs where `paired`.
        needed: of each side, or pairs, about, where more would tell.
        why: why it is inconclusive, where more trials are not the cure; empty otherwise.
    """

    cell: str
    figure: str
    worse: float
    outcome: Outcome
    base: float | None = None
    new: float | None = None
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    trials: tuple[int, int] = (0, 0)
    needed: int | None = None
    why: str = ""
    chance: float = CHANCE
    paired: bool = False

    def doubted(self, why: str) -> "Gated":
        """The same, with a reason that allows neither pass nor fail."""
        return replace(self, outcome="inconclusive", needed=None, why=why)


@dataclass(frozen=True, slots=True)
class Gate:
    """All answers: *fail* if one is, *pass* if all are."""

    figures: Sequence[Gated]

    @property
    def outcome(self) -> Outcome:
        """The answer of the whole."""
        answers = {one.outcome for one in self.figures}
        if "fail" in answers:
            return "fail"
        return "inconclusive" if "inconclusive" in answers else "pass"

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists."""
        return {"outcome": self.outcome, "figures": [asdict(one) for one in self.figures]}


def asked_of(
    subjects: Sequence[Subject], worse: Sequence[float], cells: Mapping[str, CellSummary]
) -> list[Question]:
    """The questions about a run's cells, each once, in the order asked.

    Args:
        worse: one for each subject.

    Raises:
        UsageError: there is no such cell, or a figure is none that trials have each.
    """
    found: dict[tuple[str, str], Question] = {}
    for subject, share in zip(subjects, worse, strict=True):
        floors = {name: cell.floor for name, cell in cells.items()}
        for label in cells_of(subject, floors):
            found[label, subject.figure] = Question(label, subject.figure, share)
    return list(found.values())


def cells_of(subject: Subject, floors: Mapping[str, bool]) -> list[str]:
    """The labels of the cells that are asked about.

    Args:
        floors: of each cell of a run, whether it is the harness's own floor.

    Raises:
        UsageError: there is none, or trials do not have the figure each.
    """
    if isinstance(FIGURES[subject.figure].made, Derived):
        raise UsageError(f"{subject.figure} is made of other figures: ask about those")
    labels = [name for name, floor in floors.items() if subject.asks(name, floor=floor)]
    if not labels:
        raise UsageError(f"figure {subject.figure}: {no_cell(subject.cell, floors)}")
    return labels


def gate_runs(base: Run, new: Run, subjects: Sequence[Subject], worse: Sequence[float]) -> Gate:
    """Judge NEW against BASE; several figures share one chance of error.

    Raises:
        RunError: a file of rows is missing or damaged.
        UsageError: see `asked_of`; or the runs did not do the same work.
    """
    sides = analyse(base), analyse(new)
    questions = asked_of(subjects, worse, sides[0].summary.cells)
    for one in questions:
        if one.cell not in sides[1].cells:
            raise UsageError(f"NEW has {no_cell(one.cell, sides[1].cells)}")
    if differ := not_comparable(base, new, list(dict.fromkeys(one.cell for one in questions))):
        raise UsageError(f"BASE and NEW did not do the same work: {'; '.join(differ)}")
    chance = CHANCE / len(questions)
    machine = other_machine(base, new)
    found = []
    for one in questions:
        values = [_of_trials(side, one) for side in sides]
        wider = max(side.cells[one.cell].estimate(FIGURES[one.figure]).slack for side in sides)
        gated = judge(one, *values, chance=chance, wider=wider)
        for name, side in zip(("BASE", "NEW"), sides, strict=True):
            blank = side.summary.cells[one.cell].why_blank(one.figure)
            why = doubts(side.run, side.summary.cells[one.cell])
            why = blank or why or "; ".join(_marks(gated, side.summary))
            gated = gated.doubted(f"{name}: {why}") if blank or (why and not gated.why) else gated
        if machine and not gated.why:
            gated = gated.doubted(f"not measured on the same machine: {'; '.join(machine)}")
        found.append(gated if gated.why else _withheld(gated, sides))
    return Gate(found)


def judge(
    asked: Question,
    base: Sequence[float],
    new: Sequence[float],
    *,
    chance: float = CHANCE,
    paired: bool = False,
    wider: float = 1.0,
) -> Gated:
    """Judge the values of trials, or of pairs of runs; see `pushlab.analysis.stats.worse`.

    Args:
        wider: the factor by which their spread is larger than they show; see `Estimate.slack`.
    """
    sizes = (len(base), len(new))
    found = Gated(asked.cell, asked.figure, asked.worse, "inconclusive", trials=sizes)
    found = replace(found, chance=chance, paired=paired)
    if not base or not new:
        side = "NEW" if base else "BASE"
        return found.doubted(f"{side} has no {asked.figure}: not measured, or too few samples")
    if min(*base, *new) <= 0:
        if not any((*base, *new)) and min(sizes) > 1:
            return replace(found, outcome="pass", base=0.0, new=0.0, ratio=1.0)
        return found.doubted("it is 0 or less in some trials, and has no ratio there")
    before, after = (math.exp(sum(map(math.log, side)) / len(side)) for side in (base, new))
    found = replace(found, base=before, new=after, ratio=after / before)
    if min(sizes) < 2:
        return found.doubted("a single trial shows no spread; three of each are the fewest")
    more = FIGURES[asked.figure].more_is_better
    sides = np.array(base, dtype=float), np.array(new, dtype=float)
    gap = apart(*(sides[::-1] if more else sides), paired=paired).wider(wider)
    low, high = (float(bound) for bound in gap.interval(chance))
    # Two that agree to the last digit may do so by chance.
    enough = min(sizes) >= MIN_TRIALS
    answer = outcome(gap, asked.worse, chance) if enough else "inconclusive"
    wanted = int(needed(gap, asked.worse, chance)) if answer == "inconclusive" else None
    return replace(
        found,
        outcome=answer,
        interval=(1 / high, 1 / low) if more else (low, high),
        needed=wanted if wanted is None or wanted < MOST else None,
    )


def doubts(run: Run, cell: CellSummary) -> str:
    """Why a cell's figures allow no answer, whatever they are; empty where they do."""
    if run.status != "complete":
        return f"the run is {run.status}: it did not reach its end"
    for state in ("failed", "interrupted"):
        if count := cell.count(f"trials.{state}"):
            reason = f" ({cell.reason})" if cell.reason else ""
            return f"{count} of its trials {state}{reason}"
    return ""


def marks_on(
    side: RunSummary, label: str, figure: str, base: float, new: float, worse: float
) -> list[str]:
    """The marks that could have made a tenth of what is to be told on one side, in words.

    A run whose floor lies above its latencies is one for each of them.
    """
    cell = side.cells[label]
    timed = figure.startswith("latency_s") and not cell.floor
    void = [f"void: {side.void}"] if timed and side.void else []
    effect = max(abs(new - base), worse * base)
    blur = cell.clocks_blur(figure)
    clocks = [f"its clocks are known to ± {duration(blur)}"] if blur > SHARE * effect else []
    return [*void, *clocks, *cell.marks_on(figure, effect)]


def _marks(gated: Gated, side: RunSummary) -> list[str]:
    if gated.base is None or gated.new is None:
        return []
    return marks_on(side, gated.cell, gated.figure, gated.base, gated.new, gated.worse)


def _withheld(gated: Gated, sides: Sequence[Analysis]) -> Gated:
    """The same; not known where a run by itself gives the figure no interval."""
    one = FIGURES[gated.figure]
    found = [side.cells[gated.cell].estimate(one).withheld for side in sides]
    if "too few trials" in found:
        needed = max(least_trials(gated.figure), gated.needed or 0)
        return replace(gated, outcome="inconclusive", needed=needed)
    if "too few samples" in found:
        return gated.doubted(f"too few samples: each run needs {MIN_SAMPLES} publishes")
    return gated


def _of_trials(side: Analysis, asked: Question) -> list[float]:
    """The figure of each good trial alone."""
    found = side.cells[asked.cell].estimate(FIGURES[asked.figure])
    if found.value is None:
        return []
    if not found.trials:
        raise UsageError(
            f"{asked.figure} is a count or a sum over a whole run, which has no spread: gates take"
            " figures such as latency_s.p99 and server_cpu_s_per_delivery, and 'pushlab check"
            f" --slo' judges counts"
        )
    return [found.of((i,)) for i in range(found.trials)]
