"""The metering of plain virtual machines at DigitalOcean, with nginx on each.

Machines have CPUs of their own ("CPU-Optimized"); each brings an allowance of data that leave it,
and all allowances of a team make one pool.
"""

from pushlab.analysis.cost.common import GIB, cheapest_servers, down_bytes_per_s, month_of
from pushlab.analysis.cost.meter import Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["droplets"]

#: Larger machines cost as much for each vCPU and bring a smaller allowance.
_VCPUS, _GIB, _ALLOWED_GIB = 2, 4.0, 4_000.0


def droplets(traffic: Traffic, meter: Meter) -> list[Item]:
    """Machines of 2 vCPU and 4 GiB, and what leaves beyond all their allowances."""
    month = month_of(down_bytes_per_s(traffic, meter)) / GIB

    def lines(count: float) -> list[Item]:
        over = max(0.0, month - count * _ALLOWED_GIB)
        return [
            *meter.charge(
                "digitalocean droplet c-2", f"machines of {_VCPUS} vCPU with {_GIB:g} GiB", count
            ),
            *meter.charge(
                "digitalocean transfer data-out", "GiB beyond the machines' allowance", over
            ),
        ]

    work = 1 + meter.guess("proxy_share")
    return cheapest_servers(traffic, meter, {(_VCPUS, _GIB): lines}, work=work)
