"""The numbers behind scale on paper that come from a measurement: servers, and a phone's battery.

What a server takes is in the sizes of the reference run, as the price book has them. What a radio
takes is computed where numpy is there, and recorded for where it is not.
"""

import math
from collections.abc import Mapping

from pushlab.analysis.cost.sizes import fewest, load_of_one, reference_sizes
from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.models.formulas import servers_needed
from pushlab.contract.profile import Profile
from pushlab.course.mode import reading, recording
from pushlab.course.recordings import find, needed, save

__all__ = ["battery_shares", "servers_for"]

KIND = "battery"


def servers_for(traffic: Traffic, *, headroom: float, server_bytes: float) -> int:
    """The fewest servers such as the measured one that carry it, a share of each kept free."""
    sizes = reference_sizes()[traffic.transport]
    usable = server_bytes * (1 - headroom) - sizes.base_bytes
    least = servers_needed(need=traffic.clients * sizes.each_bytes[1], one_has=usable)

    def enough(count: float) -> bool:
        return sizes.cores(load_of_one(traffic, count)) <= 1 - headroom

    return int(fewest(enough, least, max(least, math.ceil(traffic.clients))))


def battery_shares(
    profiles: Mapping[str, Profile],
    radios: tuple[str, ...],
    rate_per_s: float,
    payload_bytes: int,
    *,
    battery_wh: float,
) -> dict[str, dict[str, float]]:
    """What an hour takes of a phone's battery, in per cent: by transport and radio.

    Args:
        profiles: of the transports, with the timers in force.
        rate_per_s: messages that the phone gets.

    Raises:
        CourseError: nothing can be computed here, and nothing is recorded with these settings.
    """
    asked = {
        "rate_per_s": rate_per_s,
        "payload_bytes": payload_bytes,
        "radios": radios,
        "battery_wh": battery_wh,
        "timers": {name: one.timers.interval_s for name, one in profiles.items()},
    }
    known = find(KIND, asked) if recording() else None
    if reading() or known:
        told = known or needed(KIND, asked, "What a radio takes cannot be computed here")
        return {name: dict(shares) for name, shares in told.items()}
    from pushlab.analysis.energy.battery import energy_of, find_radios
    from pushlab.analysis.energy.traces import predicted_trace

    kinds, found = find_radios(",".join(radios)), {}
    for name, profile in profiles.items():
        trace = predicted_trace(profile, rate_per_s=rate_per_s, payload_bytes=payload_bytes)
        uses = energy_of(name, profile, [trace], kinds).uses
        found[name] = {one: uses[one].battery_percent_per_hour(battery_wh) for one in radios}
    if recording():
        save(KIND, asked, found)
    return found
