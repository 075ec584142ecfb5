"""How far the laboratory's own stamps were from the kernel's, in one trial's measured window."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pushlab.runs import DeliveryRows, PublishRows, StampRows, TrialRecord
from pushlab.runs.joined import publishes_of

__all__ = ["StampErrors", "stamp_errors"]

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def _nothing() -> Floats:
    return np.zeros(0)


def _none() -> Int64:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class StampErrors:
    """Of the deliveries to witnesses, and of the publisher's requests; seconds.

    Attributes:
        late_s: by how much a delivery was stamped late, without the reading path of an idle event
            loop, which is in every stamp. Where several came in one read, the kernel knows the last
            one's time alone: of the others it is the most that it can have been.
        latency_s: what was measured of the same deliveries: received minus intended.
        late_of: the row number of each one's publish.
        early_s: by how much a request was stamped before it left.
        early_of: the row number of each one's publish.
    """

    late_s: Floats = field(default_factory=_nothing)
    latency_s: Floats = field(default_factory=_nothing)
    late_of: Int64 = field(default_factory=_none)
    early_s: Floats = field(default_factory=_nothing)
    early_of: Int64 = field(default_factory=_none)


def stamp_errors(
    trial: TrialRecord, publishes: PublishRows, stamps: StampRows | None
) -> StampErrors:
    """Held against each other; empty where the kernel stamped nothing."""
    if stamps is None or not len(publishes):
        return StampErrors()
    path_s = trial.witnesses.path_s if trial.witnesses else None
    as_rows = DeliveryRows(stamps.channel, stamps.seq, stamps.subscriber, stamps.stamped_ns)
    found, publish_of = publishes_of(publishes, as_rows)
    measured = found & ~publishes.warmup[publish_of]
    late, early = measured & (stamps.subscriber >= 0), measured & (stamps.subscriber < 0)
    apart_s = (stamps.stamped_ns - stamps.kernel_ns) / 1e9
    latency_s = (stamps.stamped_ns - publishes.intended_ns[publish_of]) / 1e9
    return StampErrors(
        apart_s[late] - (path_s or 0.0),
        latency_s[late],
        publish_of[late],
        -apart_s[early],
        publish_of[early],
    )
