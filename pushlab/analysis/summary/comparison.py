"""Every two cells that are alike but for one thing: what may be claimed, and why something may not.

Cells of one server are held against each other, and a transport at one server against the same
transport, set alike, at another; a transport at one server and another at another never are.

A claim needs all of: an interval clear of equality, corrected for the number of comparisons of the
run; a difference that matters; one above the harness's floor (the null transport's latency) and
above the error of stamps and clocks; no mark on either side that could have made it; and that both
did the same work.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

from pushlab.analysis.stats.estimate import Estimate
from pushlab.analysis.stats.verdict import MATTERS, Comparison, Verdict, compare, decide
from pushlab.analysis.summary.catalogue import FIGURES, Figure, claimed
from pushlab.analysis.summary.claims import Pair, Ranking
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.model import CellSummary, void_words
from pushlab.quantities import duration

__all__ = ["rank", "rank_cells"]

Summaries = Mapping[str, CellSummary]

_CHANCE = 3.0  # standard errors, within which counts differ by chance


@dataclass(frozen=True, slots=True)
class _Two:
    """Two cells by a figure, the lower first."""

    figure: Figure
    low: str
    high: str
    least: float
    apart: float
    compared: Comparison


def rank_cells(
    cells: Mapping[str, CellTrials], summaries: Summaries, floor_s: float | None
) -> dict[str, Ranking]:
    """The cells without the harness's floor, by the `key` of each figure that titles speak of."""
    rivals = {cell: trials for cell, trials in cells.items() if not trials.floor}
    made = {
        one.name: {cell: trials.estimate(one) for cell, trials in rivals.items()}
        for one in claimed()
    }
    return rank(made, summaries, floor_s)


def rank(
    made: Mapping[str, Mapping[str, Estimate]], summaries: Summaries, floor_s: float | None
) -> dict[str, Ranking]:
    """The same of estimates, by figure and cell; repetitions share their schedules.

    Args:
        summaries: of the same cells; their marks, losses and errors.
        floor_s: the null transport's mean latency; None if the run did not measure it.
    """
    orders: dict[str, list[str]] = {}
    every: list[_Two] = []
    for name, cells in made.items():
        known = {cell: each.value for cell, each in cells.items() if each.value is not None}
        orders[name] = sorted(known, key=lambda cell: known[cell])
        every += [
            _Two(FIGURES[name], low, high, known[low], known[high] - known[low], compared)
            for low, high in combinations(orders[name], 2)
            if summaries[low].is_like(summaries[high])
            for compared in [compare(cells[low], cells[high], paired=True)]
        ]
    # What the protocols alone decide is no test, and takes nothing from those that are.
    tested = [not _same_by_protocol(two, summaries) for two in every]
    verdicts = iter(decide([two.compared for two, test in zip(every, tested, strict=True) if test]))
    pairs: dict[str, list[Pair]] = {name: [] for name in made}
    void = void_words(summaries, floor_s)
    for two, test in zip(every, tested, strict=True):
        verdict = next(verdicts) if test else None
        pairs[two.figure.name].append(_pair(two, verdict, summaries, floor_s or 0.0, void))
    return {FIGURES[name].key: Ranking(orders[name], pairs[name]) for name in made}


def _pair(
    two: _Two, verdict: Verdict | None, summaries: Summaries, floor_s: float, void: str
) -> Pair:
    timed = two.figure.name.startswith("latency_s")
    blur = max(floor_s, *_errors(two, summaries)) if timed else 0.0
    withheld = dict(_withheld(two, verdict, summaries, void if timed else ""))
    apart = two.compared.apart
    if timed and verdict is not None and verdict.answer == "changed" and two.apart < blur:
        withheld |= _within(two.apart, floor_s, blur)
    return Pair(
        low=two.low,
        high=two.high,
        answer=verdict.answer if verdict else "same",
        ratio=two.compared.ratio,
        ci=verdict.interval if verdict else two.compared.interval,
        at_most=None if apart is None else max(blur, *map(abs, apart)),
        more_trials=verdict.more_trials if verdict else None,
        withheld=withheld,
    )


def _withheld(
    two: _Two, verdict: Verdict | None, summaries: Summaries, void: str
) -> Iterator[tuple[str, str]]:
    """Why nothing is said of two cells, the gravest first: kinds with their words."""
    if void:
        yield "void", void
    both = (two.low, two.high)
    less = [cell for cell in both if not summaries[cell].is_whole]
    if less:
        yield "losses", f"{less[0]}: more than 1 % of the deliveries were lost"
    changed = verdict is not None and verdict.answer == "changed"
    marks = [
        f"{cell}: {mark}"
        for cell, other in (both, both[::-1])
        for mark in _marks(two, summaries[cell], summaries[other], changed)
    ]
    if marks:
        yield "marked", marks[0]
    if verdict is not None and verdict.why and verdict.answer == "unknown":
        yield (verdict.why if verdict.why.startswith("too few") else "no interval"), verdict.why


def _marks(two: _Two, summary: CellSummary, beside: CellSummary, changed: bool) -> Sequence[str]:
    """What could have made a tenth of a difference; or, where none is seen, of the figure."""
    effect = two.apart if changed else max(two.apart, two.least)
    return summary.marks_on(two.figure.name, effect, beside)


def _within(apart: float, floor_s: float, blur: float) -> dict[str, str]:
    """Why a difference that its trials show is none: measuring alone could have made it."""
    if apart < floor_s:
        told = f"the difference is below the harness's floor of {duration(floor_s)}"
        return {"below the harness floor": told}
    told = f"the difference is within the stamps' error of {duration(blur)}"
    return {"within the stamps' error": told}


def _errors(two: _Two, summaries: Summaries) -> Sequence[float]:
    """What stamps may have made of a difference, in seconds.

    A side's clocks may be wrong by their bound either way, so those of both add up; its stamps are
    late, never early.
    """
    both = [summaries[cell] for cell in (two.low, two.high)]
    late = [one["stamp_error_s.p50"] or 0.0 for one in both]
    return [*late, sum(one.clocks_blur(two.figure.name) for one in both)]


def _same_by_protocol(two: _Two, summaries: Summaries) -> bool:
    """Whether closed forms say the same of both, and both are what they say but for chance.

    Of counts alone: as many come or do not by chance as their square root.
    """
    if two.figure.name != "hits_per_delivery":
        return False
    forms = []
    for cell in (two.low, two.high):
        one = summaries[cell]
        form, deliveries = one["predicted_hits_per_delivery"], one.count("latency_s.count")
        if form is None or not deliveries:
            return False
        chance = _CHANCE * sqrt(form / deliveries)
        if abs((one["hits_per_delivery"] or 0.0) - form) > chance:
            return False
        forms.append(form)
    return max(forms) <= min(forms) * (1 + MATTERS)
