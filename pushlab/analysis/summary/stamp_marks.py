"""What late stamps made of the figures of a cell, by its witnesses."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.percentiles import PERCENTILES
from pushlab.analysis.summary.mark import Mark
from pushlab.analysis.trials.figures import TrialFigures

__all__ = ["stamp_marks"]

Floats = npt.NDArray[np.float64]

_LATENCIES = ("latency_s", "latency_from_send_s")


def stamp_marks(good: Sequence[TrialFigures]) -> Iterator[Mark]:
    """The marks ``stamp-error``: of deliveries stamped late, and of requests stamped early.

    A size is the difference between a statistic of the witnesses' latencies and the same statistic
    of what they would have been by the kernel's stamps. A publish delay has none: it ends where the
    event loop gets the request, and what follows stands beside it (``send_stamp_error_s``).
    """
    late_s = np.concatenate([t.stamps.late_s for t in good] or [np.zeros(0)])
    if len(late_s):
        latency_s = np.concatenate([t.stamps.latency_s for t in good])
        found = _made(latency_s, latency_s - late_s)
        sizes = {f"{name}.{what}": size for name in _LATENCIES for what, size in found.items()}
        yield Mark("stamp-error", "deliveries were stamped late", sizes, known=True)
    early_s = np.concatenate([t.stamps.early_s for t in good] or [np.zeros(0)])
    if len(early_s):
        found = _made(early_s, np.zeros(len(early_s)))
        sizes = {f"latency_from_send_s.{what}": size for what, size in found.items()}
        yield Mark("stamp-error", "requests left later than their stamps", sizes, known=True)


def _made(stamped_s: Floats, true_s: Floats) -> dict[str, float]:
    """By how much each statistic is larger than it would be."""
    shares = [per_mille / 1000 for per_mille in PERCENTILES.values()]
    apart = [*(np.quantile(stamped_s, shares) - np.quantile(true_s, shares))]
    apart.append(stamped_s.mean() - true_s.mean())
    names = (*PERCENTILES, "mean")
    return {what: max(0.0, float(size)) for what, size in zip(names, apart, strict=True)}
