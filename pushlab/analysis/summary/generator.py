"""Whether the load generator, and not what it loaded, made the figures.

The publisher's own lateness, without what the server held up, must be small against the effect that
a run reports: the difference in mean latency between its cells.
"""

import re
from collections.abc import Mapping, Sequence

from pushlab.analysis.summary.figure import CellTrials

__all__ = ["GENERATOR_SHARE", "effect_of", "marks_of", "tail_delay_s"]

#: A publish delay above this share of an effect spoils the effect.
GENERATOR_SHARE = 0.10

_BOUND = "generator-bound"
_NUMBER = re.compile(r"\d[\d,]*")


def effect_of(cells: Mapping[str, CellTrials]) -> float | None:
    """The effect that a run reports, in seconds: its largest difference of mean latencies.

    With a single cell that delivered, its mean latency; None if none did.
    """
    found = [t.samples("latency_s").value("mean") for t in cells.values() if not t.floor]
    means = [mean_s for mean_s in found if mean_s is not None]
    if not means:
        return None
    return max(means) - min(means) if len(means) > 1 else means[0]


def tail_delay_s(trials: CellTrials) -> float | None:
    """The publisher's own delay at its p99; with too few publishes p90 or the median; else None."""
    delays = trials.samples("generator_delay_s")
    known = (delays.value(name) for name in ("p99", "p90", "p50"))
    return next((value for value in known if value is not None), None)


def marks_of(trials: CellTrials, effect_s: float | None) -> list[str]:
    """The marks of a cell: those of its trials, and what its publish delays say.

    The trials' marks that differ in their figures alone are one, with the worst of them.
    """
    good = trials.good
    names = {mark for t in good for mark in t.record.marks if " " not in mark}
    delay_s = tail_delay_s(trials)
    if effect_s is not None and delay_s is not None and delay_s > GENERATOR_SHARE * effect_s:
        names.add(_BOUND)
    causes: dict[str, list[str]] = {}
    for trial in good:
        for mark in trial.record.marks:
            if " " in mark:
                causes.setdefault(_NUMBER.sub("", mark), []).append(mark)
    return sorted(names) + [_joined(causes[cause], len(good)) for cause in sorted(causes)]


def _joined(marks: Sequence[str], trials: int) -> str:
    """One cause in some of so many trials: ``hub at up to 93% of a core (3 trials)``."""
    if trials == 1:
        return marks[0]
    worst = max(marks, key=_figure)
    if len(set(marks)) > 1:
        worst = _NUMBER.sub(r"up to \g<0>", worst, count=1)
    return f"{worst} ({len(marks)} trial{'s' if len(marks) > 1 else ''})"


def _figure(mark: str) -> int:
    """The first number in a mark, which says how bad it is."""
    found = _NUMBER.search(mark)
    return int(found[0].replace(",", "")) if found else 0
