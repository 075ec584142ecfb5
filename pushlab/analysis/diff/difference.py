"""What differs between two runs, cell by cell and figure by figure: worse, better, the same, or
not known.

*The same* is as much of a claim as *changed*: its interval lies within what does not matter. All
figures that are compared together share the chance of a false answer, so the fewer are asked about,
the more is known of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from pushlab.analysis.diff.gate import cells_of, doubts, marks_on
from pushlab.analysis.diff.sameness import differences_of_setting, differences_of_work
from pushlab.analysis.slo.subject import Subject
from pushlab.analysis.stats.verdict import MATTERS, Comparison, Verdict, compare, decide
from pushlab.analysis.summary.catalogue import FIGURES, compared
from pushlab.analysis.summary.figure import CellTrials, Figure
from pushlab.analysis.summary.summarise import Analysis, analyse
from pushlab.errors import UsageError
from pushlab.runs import Run

__all__ = ["Answer", "Change", "Difference", "compare_runs"]

Answer = Literal["worse", "better", "same", "unknown"]


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of one cell in both runs.

    Attributes:
        figure: its path in a cell's summary.
        ratio, interval: of b to a; None for counts, and where there is none. The interval is the
            one on which the answer rests, corrected for the number of figures.
        detectable: the smallest change that these trials could have shown, as ratio less 1.
        needed: how many trials each run needs, about, until the answer is known.
        why: why it is not known, where more trials are not the cure.
    """

    cell: str
    figure: str
    a: float | None
    b: float | None
    answer: Answer
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    detectable: float | None = None
    needed: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs compared.

    Attributes:
        work, setting: how the work, and the machine or software differ, in lines.
        only_a, only_b: the cells that one run alone has measured.
        trials: by cell, how many good trials each run has.
        changes: every figure compared.
        one_run: both are the same run, so nothing can differ.
    """

    work: Sequence[str]
    setting: Sequence[str]
    only_a: Sequence[str]
    only_b: Sequence[str]
    trials: Mapping[str, tuple[int, int]]
    changes: Sequence[Change]
    one_run: bool = False

    @property
    def answer(self) -> Answer:
        """Of the whole: the first of worse, not known, better, the same that any figure has.

        A cell that B lacks is not known.
        """
        found = {change.answer for change in self.changes}
        if self.only_a:
            found.add("unknown")
        order: Sequence[Answer] = ("worse", "unknown", "better", "same")
        return next((answer for answer in order if answer in found), "unknown")

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists."""
        return {"answer": self.answer, **asdict(self)}


@dataclass(frozen=True, slots=True)
class _Pair:
    """One figure of a cell in both runs, not answered yet."""

    cell: str
    one: Figure
    a: CellTrials
    b: CellTrials

    @property
    def key(self) -> tuple[str, str]:
        return self.cell, self.one.name

    @property
    def a_value(self) -> float | None:
        return self.a.estimate(self.one).value

    @property
    def b_value(self) -> float | None:
        return self.b.estimate(self.one).value

    @property
    def is_measured(self) -> bool:
        return self.a_value is not None or self.b_value is not None

    def change(self, answer: Answer, **more: Any) -> Change:
        return Change(self.cell, self.one.name, self.a_value, self.b_value, answer, **more)

    def compared(self) -> Comparison:
        return compare(self.a.estimate(self.one), self.b.estimate(self.one))


def compare_runs(
    a: Run, b: Run, *, matters: float = MATTERS, subjects: Sequence[Subject] = ()
) -> Difference:
    """Compare two runs; see `pushlab.analysis.stats.verdict` for how.

    Args:
        matters: ratios within 1/(1 + matters) and 1 + matters are the same.
        subjects: the figures to compare; empty: all that the catalogue has for it.

    Raises:
        RunError: a file of rows is missing or damaged.
        UsageError: a figure that was asked about is not there, or has no spread.
    """
    sides = analyse(a), analyse(b)
    ours, theirs = ({k: v for k, v in side.cells.items() if v.all} for side in sides)
    both = [cell for cell in ours if cell in theirs]
    chosen = _chosen(subjects, ours)
    pairs = [
        pair
        for cell in both
        for one in chosen[cell]
        if (pair := _Pair(cell, one, ours[cell], theirs[cell])) and (subjects or pair.is_measured)
    ]
    one_run = a.stored_trials == b.stored_trials and a.created_utc == b.created_utc
    found = _answered([pair for pair in pairs if _is_ratio(pair)], matters, one_run=one_run)
    for side, name in zip(() if one_run else sides, "AB", strict=False):
        found = {key: _doubted(change, name, side, matters) for key, change in found.items()}
    found |= {pair.key: _counted(pair) for pair in pairs if not _is_ratio(pair)}
    return Difference(
        work=differences_of_work(a, b),
        setting=differences_of_setting(a, b),
        only_a=[cell for cell in ours if cell not in theirs and chosen[cell]],
        only_b=[cell for cell in theirs if cell not in ours],
        trials={cell: (len(ours[cell].good), len(theirs[cell].good)) for cell in both},
        changes=[found[pair.key] for pair in pairs],
        one_run=one_run,
    )


def _chosen(
    subjects: Sequence[Subject], cells: Mapping[str, CellTrials]
) -> Mapping[str, list[Figure]]:
    """The figures asked about, by cell; all but the harness's floor's where none are."""
    if not subjects:
        every = compared("ratio") + compared("exact")
        return {cell: [] if trials.floor else every for cell, trials in cells.items()}
    found: dict[str, dict[str, Figure]] = {cell: {} for cell in cells}
    floors = {cell: trials.floor for cell, trials in cells.items()}
    for subject in subjects:
        for cell in cells_of(subject, floors):
            found[cell][subject.figure] = FIGURES[subject.figure]
    return {cell: list(figures.values()) for cell, figures in found.items()}


def _is_ratio(pair: _Pair) -> bool:
    """Whether it is compared by its spread. Raises UsageError where it has none, nor is a count."""
    known = [side.estimate(pair.one) for side in (pair.a, pair.b)]
    if pair.one.compared is None and any(one.value is not None and not one.trials for one in known):
        raise UsageError(f"{pair.one.name} is a sum over a whole run, which has no spread")
    return pair.one.compared != "exact"


def _answered(
    pairs: Sequence[_Pair], matters: float, *, one_run: bool
) -> dict[tuple[str, str], Change]:
    if one_run:
        return {pair.key: pair.change("same", ratio=1.0) for pair in pairs}
    nothing = [pair for pair in pairs if pair.a_value == pair.b_value == 0]  # as a stream's hits
    others = [pair for pair in pairs if pair not in nothing]
    verdicts = decide([pair.compared() for pair in others], matters=matters)
    answered = zip(others, verdicts, strict=True)
    found = {pair.key: _answer(pair, verdict) for pair, verdict in answered}
    return found | {pair.key: pair.change("same", ratio=1.0) for pair in nothing}


def _answer(pair: _Pair, verdict: Verdict) -> Change:
    found = pair.change(
        "same" if verdict.answer == "same" else "unknown",
        ratio=verdict.ratio,
        interval=verdict.interval,
        detectable=verdict.detectable,
        needed=verdict.trials_needed,
        why=verdict.why if verdict.answer == "unknown" else "",
    )
    if verdict.answer != "changed":
        return found
    grew = (found.b or 0.0) > (found.a or 0.0)
    return replace(found, answer="better" if grew == pair.one.more_is_better else "worse")


def _doubted(change: Change, name: str, side: Analysis, matters: float) -> Change:
    """The same; not known where a mark, or what went wrong, could have made it or hidden it."""
    if blank := side.summary.cells[change.cell].why_blank(change.figure):
        return replace(change, answer="unknown", needed=None, why=f"{name}: {blank}")
    if change.answer == "unknown" or change.a is None or change.b is None:
        return change
    why = doubts(side.run, side.summary.cells[change.cell])
    marks = marks_on(side.summary, change.cell, change.figure, change.a, change.b, matters)
    told = f"{name}: {why or '; '.join(marks)}"
    return replace(change, answer="unknown", needed=None, why=told) if why or marks else change


def _counted(pair: _Pair) -> Change:
    """A count of what went wrong: any difference counts."""
    found = pair.change("same")
    if found.a == found.b:
        return found
    return replace(found, answer="worse" if (found.b or 0) > (found.a or 0) else "better")
