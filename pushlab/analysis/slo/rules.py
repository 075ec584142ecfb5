"""What a transport cannot do by its own rules, whatever serves it: by closed form, before a trial.

A client that asks every second is told of a message half a second late on average, on the fastest
server there is.
"""

from collections.abc import Iterable

from pushlab.analysis.models.formulas import (
    long_poll_latency_s,
    long_poll_percentile_s,
    poll_cycle_s,
    poll_latency_s,
    poll_percentile_s,
)
from pushlab.analysis.slo.objectives import Objective
from pushlab.analysis.stats.percentiles import PERCENTILES
from pushlab.contract.profile import Profile
from pushlab.quantities import exact_duration, with_unit

__all__ = ["latency_by_rule", "refused_by_rule"]


def latency_by_rule(
    profile: Profile, statistic: str, *, rate_per_s: float, one_way_s: float = 0.0
) -> float | None:
    """What ``mean`` or a percentile of the latency is in seconds where the server takes no time.

    Args:
        profile: with the timers in force.
        rate_per_s: messages that each client gets, at Poisson times.

    Returns:
        None where no closed form is known.
    """
    percent = PERCENTILES.get(statistic, 0) / 10
    if (statistic != "mean" and not percent) or not profile.has_closed_form:
        return None
    timers = profile.timers
    if profile.delivery == "interval-poll":
        if profile.messages_per_answer:  # then what waits in its queue comes on top of this
            return None
        cycle_s = poll_cycle_s(
            interval_s=timers.interval_s, round_trip_s=2 * one_way_s, pause=profile.pause
        )
        late = {"interval_s": cycle_s, "delay_s": one_way_s}
        return poll_percentile_s(percent, **late) if percent else poll_latency_s(**late)
    if profile.delivery == "held-poll":
        if not rate_per_s:
            return None
        held = {"rate_per_s": rate_per_s, "delay_s": one_way_s, "hold_s": timers.hold_s}
        return long_poll_percentile_s(percent, **held) if percent else long_poll_latency_s(**held)
    return one_way_s


def refused_by_rule(
    profile: Profile,
    objectives: Iterable[Objective],
    *,
    rate_per_s: float,
    one_way_s: float = 0.0,
) -> str:
    """Why these objectives cannot be held, as the end of a sentence; empty where they may be."""
    for one in objectives:
        group, _, statistic = one.figure.rpartition(".")
        if group != "latency_s":
            continue
        least_s = latency_by_rule(profile, statistic, rate_per_s=rate_per_s, one_way_s=one_way_s)
        if least_s is not None and one.operator in ("<", "<=") and not one.met_by(least_s):
            ways = []
            if profile.timers.interval_s:
                ways.append(f"polls every {exact_duration(profile.timers.interval_s)}")
            if one_way_s:
                ways.append(f"a link of {exact_duration(one_way_s)} one way")
            name = statistic.replace("_", ".")
            alone = f"by {' and '.join(ways)} alone"
            return f"{alone} its {name} is {with_unit(least_s, 's')}, whoever serves"
    return ""
