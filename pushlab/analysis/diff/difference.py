"""What changed between two runs, cell by cell and figure by figure, beyond noise."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pushlab.analysis.diff.sameness import differences_of_setting, differences_of_work
from pushlab.analysis.stats.noise import THRESHOLD, Judgement, Side, compare, judge_all
from pushlab.analysis.stats.percentiles import PERCENTILES, percentile, resampled_percentiles
from pushlab.analysis.summary.summarise import analyse, counts_of
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.runs import Run

__all__ = ["Change", "Difference", "compare_runs"]

Cells = Mapping[str, Sequence[TrialFigures]]
Floats = npt.NDArray[np.float64]

#: Counts of what went wrong: any difference is a change.
_COUNTS = (
    *("lost", "duplicated", "reordered", "unmatched", "gaps", "disconnects"),
    *("skipped", "rejected"),
)


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
    good = {cell: (_good(ours[cell]), _good(theirs[cell])) for cell in both}
    compared = [
        change for cell in both for change in _figures(cell, *good[cell], threshold=threshold)
    ]
    judgements = judge_all([chance for _, chance in compared])
    figures = [
        replace(change, judgement=judgement)
        for (change, _), judgement in zip(compared, judgements, strict=True)
    ]
    counts = [change for cell in both for change in _counts(cell, ours[cell], theirs[cell])]
    changes = [change for cell in both for change in (*figures, *counts) if change.cell == cell]
    return Difference(
        work=differences_of_work(a, b),
        setting=differences_of_setting(a, b),
        only_a=[cell for cell in ours if cell not in theirs],
        only_b=[cell for cell in theirs if cell not in ours],
        trials={cell: (len(good[cell][0]), len(good[cell][1])) for cell in both},
        changes=changes,
    )


def _measured(run: Run) -> Cells:
    return {cell: trials for cell, trials in analyse(run).items() if trials}


def _good(trials: Sequence[TrialFigures]) -> list[TrialFigures]:
    return [t for t in trials if t.record.status == "ok"]


def _figures(
    cell: str, a: Sequence[TrialFigures], b: Sequence[TrialFigures], *, threshold: float
) -> Iterator[tuple[Change, float | None]]:
    """Each figure that both sides have, not judged yet, and its chance."""
    ours, theirs = _sides(a), _sides(b)
    for name, side in ours.items():
        other = theirs[name]
        if side.value is None or other.value is None:
            continue
        found = compare(side, other, threshold=threshold)
        yield (
            Change(cell, name, side.value, other.value, found.ratio, found.interval, "unknown"),
            found.chance,
        )


def _counts(cell: str, a: Sequence[TrialFigures], b: Sequence[TrialFigures]) -> Iterator[Change]:
    ours, theirs = ({**counts_of(trials), "trials.failed": _failed(trials)} for trials in (a, b))
    for name in ("trials.failed", *_COUNTS):
        same = ours[name] == theirs[name]
        judgement: Judgement = "same" if same else "changed"
        yield Change(cell, name, ours[name], theirs[name], None, None, judgement)


def _failed(trials: Sequence[TrialFigures]) -> int:
    return sum(t.record.status == "failed" for t in trials)


def _sides(trials: Sequence[TrialFigures]) -> dict[str, Side]:
    """Every figure of one run's trials, by its path in a cell's summary."""
    rss = [float(t.record.server.rss_bytes if t.record.server else 0) for t in trials]
    latencies = [t.latency_s for t in trials]
    delivered = [float(t.rows.counts.delivered) for t in trials]

    def per_delivery(of: Callable[[TrialFigures], float]) -> Side:
        return _ratio([of(t) for t in trials], delivered)

    return {
        "latency_s.mean": _ratio(
            [float(x.sum()) for x in latencies], [float(len(x)) for x in latencies]
        ),
        **_percentiles("latency_s", latencies, ("p50", "p95", "p99")),
        "hits_per_delivery": per_delivery(lambda t: t.hits_total),
        "bytes_per_delivery": per_delivery(lambda t: t.bytes_total),
        "cpu_s_per_delivery": per_delivery(lambda t: t.cpu_s),
        "server_rss_bytes": _ratio(rss, [1.0] * len(rss)),
        **_percentiles("connect_s", [t.connect_s for t in trials], ("p50", "p99")),
    }


def _ratio(tops: Sequence[float], bottoms: Sequence[float]) -> Side:
    """A sum over a sum, of trials; no figure if a trial has nothing below."""
    if not bottoms or not all(bottoms):
        return Side(None, len(bottoms), lambda chosen: 0.0)
    return Side(
        sum(tops) / sum(bottoms),
        len(tops),
        lambda chosen: sum(tops[i] for i in chosen) / sum(bottoms[i] for i in chosen),
    )


def _percentiles(figure: str, samples: Sequence[Floats], names: Sequence[str]) -> dict[str, Side]:
    """Percentiles of the merged samples, as far as these suffice in every trial together."""
    per_milles = [PERCENTILES[name] for name in names]
    if not samples or not all(len(each) for each in samples):
        return {f"{figure}.{name}": _ratio([], []) for name in names}
    merged = np.sort(np.concatenate(samples))
    drawn = resampled_percentiles(samples, per_milles)

    def side(which: int) -> Side:
        value = percentile(merged, per_milles[which])
        return Side(value, len(samples), lambda chosen: float(drawn(chosen)[which]))

    return {f"{figure}.{name}": side(which) for which, name in enumerate(names)}
