"""A day of an application's users, from a run that measured some of them.

Requests follow from how often each transport asks and from its keep-alives; bytes and CPU from what
hits, deliveries, publishes and idling cost in the run (`pushlab.analysis.forecast.costs`). How far
they are beyond what was measured is told. Connecting is left out: it is a request or two for each
page, whatever carries the messages.
"""

import math
from dataclasses import dataclass, replace

from pushlab.analysis.cost.architectures import DEFAULT
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.measured import OF_HUB_ALONE
from pushlab.analysis.cost.month_price import MonthPrice
from pushlab.analysis.cost.pricing import meter_for, price
from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.forecast.calibration import Calibration, calibration_from
from pushlab.analysis.forecast.forecast import forecast
from pushlab.analysis.forecast.sizes import sizes_of
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.summary.model import Interval
from pushlab.analysis.summary.summarise import Analysis
from pushlab.runs import HUB

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
        month: 30 such days in the architecture in which all transports can run.
        beyond: what lies outside what was measured, in words.
    """

    requests: float
    cores: float | None
    cores_ci: Interval | None
    wire_bytes: float | None
    month: MonthPrice
    beyond: tuple[str, ...]


def days_of(analysis: Analysis, workload: Workload) -> dict[str, Day]:
    """The day of each cell of a run, by its label; cells without a good trial are left out."""
    known, found = calibration_from([analysis]), {}
    someone = replace(workload, clients=max(1.0, workload.clients))
    part = workload.clients / someone.clients  # of a part of a user: a part of their day
    for cell, trials in analysis.cells.items():
        calibration = known.get(trials.good[0].record.subject) if trials.good else None
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
            month=_month(made.traffic, calibration)
            if trials.good[0].record.system == HUB
            else MonthPrice(cannot=OF_HUB_ALONE),
            beyond=made.servers.beyond if seen else (),
        )
    return found


def _month(traffic: Traffic, known: Calibration) -> MonthPrice:
    meter = meter_for(traffic, load_book(), sizes=sizes_of(known, "this run"))
    return MonthPrice.of(price(DEFAULT, traffic, meter))
