"""Whether this machine can tell apart today what a scenario asks for, in one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pushlab.lab.host.calibration import Calibration
from pushlab.lab.scenario.cells import Cell, on_system_words
from pushlab.quantities import exact_duration, listed

__all__ = ["Resolution", "resolve"]

#: On loopback, transports that push differ in latency by tenths of a millisecond to milliseconds.
_PUSH_APART_S = 1e-3
#: Of the cores, used by other programs: half of that is a tenth of a server's CPU time.
_MOST_OTHERS = 0.2


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a calibration means for a scenario.

    Attributes:
        line: in words, for whoever starts a run.
        cannot: what the machine cannot tell today, each in a few words.
    """

    line: str
    cannot: Sequence[str]


def resolve(calibration: Calibration, cells: Sequence[Cell]) -> Resolution:
    """Hold the differences that these cells may show against what the machine resolves."""
    least_s = calibration.resolution_s
    told = {cell.transport + on_system_words(cell.system): cell.interval_s for cell in cells}
    pushing = [name for name, interval_s in told.items() if not interval_s]
    intervals = sorted({cell.interval_s for cell in cells if cell.interval_s})
    cannot = []
    if len(pushing) > 1 and least_s > _PUSH_APART_S:
        cannot.append(f"rank {listed(pushing)} by latency")
    if intervals and pushing and least_s > intervals[0] / 2:
        cannot.append(f"tell polling every {exact_duration(intervals[0])} from push by latency")
    steps = [after - before for before, after in pairwise(intervals)]
    if steps and least_s > min(steps) / 2:
        cannot.append("tell the poll intervals apart by latency")
    if calibration.others > _MOST_OTHERS * calibration.cores:
        cannot.append("say what a delivery costs in CPU")
    line = (
        f"This machine resolves latency differences of about {_shown(least_s)} now; other programs"
        f" use {calibration.others:.1f} of {calibration.cores} cores"
    )
    if calibration.stolen >= 0.05:
        line += f", and its host takes {calibration.stolen:.1f}"
    return Resolution(
        f"{line}: it cannot {', or '.join(cannot)}." if cannot else f"{line}.", cannot
    )


def _shown(span_s: float) -> str:
    """A span with one digit, as nothing more is known of it."""
    return exact_duration(float(f"{span_s:.1g}"))
