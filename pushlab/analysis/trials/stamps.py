"""How far the laboratory's own stamps were from the kernel's, within one trial's window."""

import numpy as np
import numpy.typing as npt

from pushlab.runs import StampRows, TrialRecord

__all__ = ["stamp_errors"]

Floats = npt.NDArray[np.float64]


def stamp_errors(trial: TrialRecord, rows: StampRows | None) -> tuple[Floats, Floats]:
    """By how much a delivery was stamped late, and a request early; in seconds, one for each.

    Where several deliveries came in one read, the kernel knows the last one's time alone: of the
    others it is the most that it can have been.
    """
    start_ns = trial.measure_start_ns
    if rows is None or start_ns is None:
        return np.zeros(0), np.zeros(0)
    late_s = (rows.stamped_ns - rows.kernel_ns) / 1e9
    within, received = rows.stamped_ns >= start_ns, rows.subscriber >= 0
    return late_s[within & received], -late_s[within & ~received]
