"""The metering of a managed MQTT broker: EMQX's serverless and dedicated plans.

HiveMQ Cloud is left out: no page with its prices could be read.
"""

from pushlab.analysis.cost.common import (
    GIB,
    cheapest,
    connected,
    down_bytes_per_s,
    month_of,
    up_bytes_per_s,
)
from pushlab.analysis.cost.meter import HOURS, Item, Meter, Uncarried
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["emqx"]

# docs.emqx.com/en/cloud/latest/price: the sessions, and the messages a second in and out
_SERVERLESS = (1_000, 1_000)
_DEDICATED = ((1_000, 1_000), (2_000, 2_000), (5_000, 10_000), (10_000, 20_000))


def emqx(traffic: Traffic, meter: Meter) -> list[Item]:
    """EMQX: sessions by the minute, or a cluster by the hour, whichever is cheaper; and data.

    Raises:
        Uncarried: it takes more than the largest cluster that has a price.
    """
    per_s = traffic.publishes_per_s + traffic.deliveries_per_s

    def fits(most: tuple[int, int]) -> bool:
        return traffic.clients <= most[0] and per_s <= most[1]

    ways = [_dedicated(traffic, meter, size[0]) for size in _DEDICATED if fits(size)]
    if fits(_SERVERLESS):
        ways.append(_serverless(traffic, meter))
    if not ways:
        sessions, most = _DEDICATED[-1]
        raise Uncarried(
            f"EMQX's price list ends at {sessions:,} sessions and {most:,} messages a second;"
            " what is larger has a price on request"
        )
    return cheapest(ways)


def _serverless(traffic: Traffic, meter: Meter) -> list[Item]:
    """Minutes of sessions, and the bytes both ways."""
    both = month_of(up_bytes_per_s(traffic, meter) + down_bytes_per_s(traffic, meter))
    return [
        *connected(traffic, meter, "emqx", "serverless"),
        *meter.charge("emqx serverless data-both-ways", "bytes both ways", both, units=both / GIB),
    ]


def _dedicated(traffic: Traffic, meter: Meter, sessions: int) -> list[Item]:
    """A cluster for so many sessions, and the bytes to clients."""
    down = month_of(down_bytes_per_s(traffic, meter))
    name = f"emqx dedicated-{sessions} hour"
    return [
        *meter.charge(name, f"clusters for {sessions:,} sessions", 1, units=HOURS),
        *meter.charge("emqx dedicated data-out", "bytes to clients", down, units=down / GIB),
    ]
