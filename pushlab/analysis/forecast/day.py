"""A day of an application's users, from a run that measured some of them.

Requests follow from how often each transport asks and from its keep-alives; bytes and CPU from what
hits, deliveries, publishes and idling cost in the run (`pushlab.analysis.forecast.costs`). How far
they are beyond what was measured is told. Connecting is left out: it is a request or two for each
page, whatever carries the messages.
"""

import math
from dataclasses import dataclass, replace

from pushlab.analysis.forecast.calibration import calibration_from
from pushlab.analysis.forecast.forecast import forecast
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.summary.model import Interval
from pushlab.analysis.summary.summarise import Analysis

__all__ = ["Day", "days_of"]

_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day comes to over one transport.

    Attributes:
        requests: to the server, connecting and publishing left out.
        cores: CPU seconds a second; `cores_ci`: their 95 % interval.
        wire_bytes: both ways, as pushlab's clients make them. None, as `cores`, where nothing
            happened by which it could be measured: no message over a transport that pushes.
        beyond: what lies outside what was measured, in words.
    """

    requests: float
    cores: float | None
    cores_ci: Interval | None
    wire_bytes: float | None
    beyond: tuple[str, ...]


def days_of(analysis: Analysis, workload: Workload) -> dict[str, Day]:
    """The day of each cell of a run, by its label; cells without a good trial are left out."""
    known, found = calibration_from([analysis]), {}
    someone = replace(workload, clients=max(1.0, workload.clients))
    part = workload.clients / someone.clients  # of a part of a user: a part of their day
    for cell, trials in analysis.cells.items():
        calibration = known.get(trials.good[0].record.transport) if trials.good else None
        if trials.floor or calibration is None:
            continue
        made = forecast(trials.good[0].record.profile, someone, calibration)
        assert made.servers is not None
        seen = made.servers.cores.value > 0
        cores = made.servers.cores.times(part)
        bounded = math.isfinite(cores.low) and math.isfinite(cores.high)
        found[cell] = Day(
            requests=made.traffic.hits_per_s * part * _DAY_S,
            cores=cores.value if seen else None,
            cores_ci=(cores.low, cores.high) if seen and bounded else None,
            wire_bytes=made.servers.bandwidth_bytes_per_s * part * _DAY_S if seen else None,
            beyond=made.servers.beyond if seen else (),
        )
    return found
