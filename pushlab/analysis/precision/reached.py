"""How well figures are known by now, and about how many more repetitions it takes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pushlab.analysis.precision.wanted import Wanted
from pushlab.analysis.stats.comparison import compare
from pushlab.analysis.stats.intervals import MIN_SAMPLES, t_reach
from pushlab.analysis.stats.percentiles import PERCENTILES, least_trials, samples_needed
from pushlab.analysis.stats.power import trials_for
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.analysis.summary.figure import CellTrials
from pushlab.quantities import counted, exact

__all__ = ["Reached", "look", "sentence"]

_HALF = 0.5  # it takes so many as often as not: it is an estimate
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Reached:
    """How well one cell's figure is known.

    Attributes:
        reach: how far its interval reaches, as `Wanted.within` counts; None: it has no interval.
        why: why it has none, in words: ``600 of 1,000 publishes``.
        more: about how many more repetitions it takes; None where nobody can tell.
    """

    wanted: Wanted
    cell: str
    reach: float | None
    why: str = ""
    more: int | None = None

    @property
    def known(self) -> bool:
        """Whether it is known as well as was wanted."""
        return self.reach is not None and self.reach <= self.wanted.within

    @property
    def share(self) -> float:
        """How far it reaches, in multiples of what was wanted."""
        return math.inf if self.reach is None else self.reach / self.wanted.within

    @property
    def words(self) -> str:
        """Where it stands: ``p99 of sse ±18 %``, ``p99 of sse: 600 of 1,000 publishes``."""
        name = FIGURES[self.wanted.subject.figure].short
        head = f"{name} of {self.cell}"
        if self.wanted.of_ratio:
            head = f"ratio of {self.cell}'s {name}"
        return f"{head}: {self.why}" if self.reach is None else f"{head} {self.reaches}"

    @property
    def reaches(self) -> str:
        """How far: ``±18 %``; or why there is no interval."""
        return self.why if self.reach is None else self.wanted.amount(self.reach)


def look(wanted: Sequence[Wanted], cells: Mapping[str, CellTrials]) -> list[Reached]:
    """How well each figure that is asked about is known, of each cell that has a good trial."""
    rivals = {cell: trials for cell, trials in cells.items() if trials.good}
    found = []
    for one in wanted:
        asked = [c for c, trials in rivals.items() if one.subject.asks(c, floor=trials.floor)]
        lowest = _lowest(rivals, one) if one.of_ratio else None
        for cell in asked:
            if not one.of_ratio:
                found.append(_of_figure(one, cell, rivals[cell]))
            elif cell == lowest:
                found.append(Reached(one, cell, 0.0))
            elif lowest is not None:
                found.append(_of_ratio(one, cell, rivals[lowest], rivals[cell]))
    return found


def sentence(found: Sequence[Reached]) -> str:
    """What is known, or what is not and how many more repetitions would tell."""
    missing = sorted((one for one in found if not one.known), key=lambda one: -one.share)
    if not missing:
        wanted = dict.fromkeys(one.wanted for one in found)
        widest = [max((r for r in found if r.wanted == w), key=lambda r: r.share) for w in wanted]
        return "; ".join(
            f"{one.wanted.words} {one.wanted.limit} (the widest: {one.cell} {one.reaches})"
            for one in widest
        )
    told = [f"{one.words}, wanted {one.wanted.limit}{_more(one)}" for one in missing[:_MOST_TOLD]]
    rest = len(missing) - _MOST_TOLD
    return "; ".join([*told, *([f"and {counted(rest, 'figure')} more"] if rest > 0 else [])])


def _more(one: Reached) -> str:
    if one.more is None:
        return ""
    return f" (about {counted(one.more, 'more repetition')})"


def _lowest(cells: Mapping[str, CellTrials], wanted: Wanted) -> str | None:
    """The cell that ratios are to: the lowest with a figure above zero."""
    figure = FIGURES[wanted.subject.figure]
    known = {
        cell: value
        for cell, trials in cells.items()
        if not trials.floor and (value := trials.estimate(figure).value)
    }
    return min(known, key=lambda cell: known[cell], default=None)


def _of_figure(wanted: Wanted, cell: str, trials: CellTrials) -> Reached:
    made = trials.estimate(FIGURES[wanted.subject.figure])
    interval, value = made.interval(), made.value
    if interval is None or value is None:
        return _withheld(wanted, cell, trials)
    low, high = interval
    reach = max(high - value, value - low)
    if wanted.relative:
        reach = reach / value if value > 0 else math.inf if reach else 0.0
    return _reached(wanted, cell, reach, made.trials)


def _of_ratio(wanted: Wanted, cell: str, base: CellTrials, trials: CellTrials) -> Reached:
    figure = FIGURES[wanted.subject.figure]
    for side in (trials, base):
        if side.estimate(figure).interval() is None:
            return _withheld(wanted, cell, side)
    found = compare(base.estimate(figure), trials.estimate(figure), paired=True)
    if found.interval is None or not found.ratio:
        return Reached(wanted, cell, None, found.why)
    return _reached(wanted, cell, found.interval[1] / found.ratio - 1, min(found.trials))


def _reached(wanted: Wanted, cell: str, reach: float, trials: int) -> Reached:
    """With the repetitions that it takes if trials go on to scatter as they do."""
    if reach <= wanted.within or not math.isfinite(reach):
        return Reached(wanted, cell, reach)
    now, then = (math.log1p(r) if wanted.relative else r for r in (reach, wanted.within))
    spread = now / t_reach(trials - 1) * math.sqrt(trials)
    needed = trials_for(then, spread, chance=0.025, power=_HALF, least=trials + 1)
    return Reached(wanted, cell, reach, more=None if needed is None else needed - trials)


def _withheld(wanted: Wanted, cell: str, trials: CellTrials) -> Reached:
    """Of a figure that has no interval yet, for want of trials or of publishes."""
    group, _, what = wanted.subject.figure.rpartition(".")
    per_mille, good = PERCENTILES.get(what, 0), len(trials.good)
    more, why = least_trials(wanted.subject.figure) - good, "too few trials"
    if f"{group}.count" in FIGURES:  # it is of samples
        count = trials.samples(group).count
        needed = max(MIN_SAMPLES, samples_needed(per_mille))
        if count < needed:
            why = f"{exact(count)} of {exact(needed)} publishes"
            more = max(more, math.ceil((needed - count) * good / count)) if count else 0
    return Reached(wanted, cell, None, why, more if more > 0 else None)
