"""Servers rented from Amazon: Fargate's containers, of the size that is cheapest for the load."""

from collections.abc import Callable

from pushlab.analysis.cost.common import cheapest_servers
from pushlab.analysis.cost.meter import HOURS, Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["fargate"]

#: vCPUs and GB of a task, for one process, or two or four. AWS Fargate's task sizes.
_TASKS = ((0.25, 0.5), (0.25, 1), (0.5, 1), (0.5, 2), (1, 2), (1, 4), (2, 8), (4, 16))


def fargate(traffic: Traffic, meter: Meter) -> list[Item]:
    """Containers of the size that is cheapest, paid for all the time."""

    def lines(vcpus: float, gb: float) -> Callable[[float], list[Item]]:
        def of(count: float) -> list[Item]:
            hours, what = count * HOURS, f"containers of {vcpus:g} vCPU with {gb:g} GB"
            return [
                *meter.charge("aws fargate vcpu-hour", what, count, units=vcpus * hours),
                *meter.charge("aws fargate gb-hour", "their memory", count, units=gb * hours),
            ]

        return of

    sold = {(vcpus, float(gb)): lines(vcpus, gb) for vcpus, gb in _TASKS}
    return cheapest_servers(traffic, meter, sold)
