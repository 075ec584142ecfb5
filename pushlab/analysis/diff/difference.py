"""What changed between two runs, cell by cell and figure by figure, beyond noise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pushlab.analysis.diff.sameness import differences_of_setting, differences_of_work
from pushlab.analysis.stats.noise import THRESHOLD, Judgement, compare, judge_all
from pushlab.analysis.summary.catalogue import compared
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.summarise import analyse
from pushlab.runs import Run

__all__ = ["Change", "Difference", "compare_runs"]


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of one cell in both runs.

    Attributes:
        figure: its path in a cell's summary.
        ratio, interval: of b to a; None for counts, and where `compare` knows none.
        judgement: ``changed``; ``perhaps`` (one of many figures may differ so by chance); ``same``
            (no change beyond noise was seen); ``unknown`` (a single trial knows no noise).
    """

    cell: str
    figure: str
    a: float | None
    b: float | None
    ratio: float | None
    interval: tuple[float, float] | None
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs compared.

    Attributes:
        work, setting: how the work, and the machine or software differ, in lines.
        only_a, only_b: the cells that one run alone has measured.
        trials: by cell, how many good trials each run has.
        changes: every figure compared.
    """

    work: Sequence[str]
    setting: Sequence[str]
    only_a: Sequence[str]
    only_b: Sequence[str]
    trials: Mapping[str, tuple[int, int]]
    changes: Sequence[Change]

    @property
    def changed(self) -> bool:
        """Whether any figure changed beyond noise, or a cell is in one run only."""
        gone = bool(self.only_a or self.only_b)
        return gone or any(change.judgement == "changed" for change in self.changes)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists."""
        return {"changed": self.changed, **asdict(self)}


def compare_runs(a: Run, b: Run, *, threshold: float = THRESHOLD) -> Difference:
    """Compare two runs; see `noise` for how.

    Args:
        threshold: ratios within 1/(1 + threshold) and 1 + threshold are no change.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    ours, theirs = _measured(a), _measured(b)
    both = [cell for cell in ours if cell in theirs]
    found = [
        change
        for cell in both
        for change in _figures(cell, ours[cell], theirs[cell], threshold=threshold)
    ]
    judgements = judge_all([chance for _, chance in found])
    figures = [
        replace(change, judgement=judgement)
        for (change, _), judgement in zip(found, judgements, strict=True)
    ]
    counts = [change for cell in both for change in _counts(cell, ours[cell], theirs[cell])]
    changes = [change for cell in both for change in (*figures, *counts) if change.cell == cell]
    return Difference(
        work=differences_of_work(a, b),
        setting=differences_of_setting(a, b),
        only_a=[cell for cell in ours if cell not in theirs],
        only_b=[cell for cell in theirs if cell not in ours],
        trials={cell: (len(ours[cell].good), len(theirs[cell].good)) for cell in both},
        changes=changes,
    )


def _measured(run: Run) -> Mapping[str, CellTrials]:
    return {cell: trials for cell, trials in analyse(run).cells.items() if trials.all}


def _figures(
    cell: str, a: CellTrials, b: CellTrials, *, threshold: float
) -> Iterator[tuple[Change, float | None]]:
    """Each figure that every good trial of both sides has, not judged yet, and its chance."""
    for one in compared("ratio"):
        ours, theirs = a.estimate(one), b.estimate(one)
        if ours.value is None or theirs.value is None:
            continue
        if ours.trials < len(a.good) or theirs.trials < len(b.good):
            continue
        found = compare(ours, theirs, threshold=threshold)
        yield (
            Change(
                cell, one.name, ours.value, theirs.value, found.ratio, found.interval, "unknown"
            ),
            found.chance,
        )


def _counts(cell: str, a: CellTrials, b: CellTrials) -> Iterator[Change]:
    """Counts of what went wrong: any difference is a change."""
    for one in compared("exact"):
        ours, theirs = a.estimate(one).value, b.estimate(one).value
        judgement: Judgement = "same" if ours == theirs else "changed"
        yield Change(cell, one.name, ours, theirs, None, None, judgement)
