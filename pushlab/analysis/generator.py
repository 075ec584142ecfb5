"""Whether the load generator, and not what it loaded, made the figures.

The publisher's own lateness, without what the server held up, must be small against the effect that
a run reports: the difference in mean latency between its cells.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from pushlab.analysis.statistics import percentile
from pushlab.analysis.trials import TrialFigures

__all__ = ["GENERATOR_SHARE", "effect_of", "marks_of", "tail_delay_s"]

#: A publish delay above this share of an effect spoils the effect.
GENERATOR_SHARE = 0.10

_BOUND = "generator-bound"


def effect_of(cells: Mapping[str, Sequence[TrialFigures]]) -> float | None:
    """The effect that a run reports, in seconds: its largest difference of mean latencies.

    With a single cell that delivered, its mean latency; None if none did.
    """
    means = []
    for trials in cells.values():
        good = [t for t in trials if t.record.status == "ok" and not t.record.floor]
        count = sum(len(t.latency_s) for t in good)
        if count:
            means.append(sum(float(t.latency_s.sum()) for t in good) / count)
    if not means:
        return None
    return max(means) - min(means) if len(means) > 1 else means[0]


def tail_delay_s(trials: Sequence[TrialFigures]) -> float | None:
    """The publisher's own delay at its p99; with too few publishes p90 or the median; else None."""
    if not trials:
        return None
    delays = np.sort(np.concatenate([t.generator_delay_s for t in trials]))
    known = (percentile(delays, per_mille) for per_mille in (990, 900, 500))
    return next((value for value in known if value is not None), None)


def marks_of(good: Sequence[TrialFigures], effect_s: float | None) -> list[str]:
    """The marks of a cell: those of its trials, and what its publish delays say."""
    marks = {mark for t in good for mark in t.record.marks}
    delay_s = tail_delay_s(good)
    if effect_s is not None and delay_s is not None and delay_s > GENERATOR_SHARE * effect_s:
        marks.add(_BOUND)
    return sorted(marks, key=lambda mark: (" " in mark, mark))
