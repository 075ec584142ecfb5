"""What a transport does for its clients, whether a formula or a simulation says so."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PERCENTILES", "Expected"]

#: Of latency, in per cent.
PERCENTILES = (50.0, 90.0, 99.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a whole population does per second; None where the figure has no meaning.

    Attributes:
        percentiles_s: latency by percentile, each of `PERCENTILES` that is known.
        wasted: the share of the polls that bring nothing; None for push.
        messages_per_useful_poll: None for push, or where no poll is useful.
        freshness, age_s: of a copy that is polled: the share of time in which it is true, and how
            old what it shows is.
    """

    hits_per_s: float
    deliveries_per_s: float
    mean_latency_s: float | None
    percentiles_s: Mapping[float, float]
    worst_latency_s: float | None
    wasted: float | None = None
    messages_per_useful_poll: float | None = None
    freshness: float | None = None
    age_s: float | None = None
