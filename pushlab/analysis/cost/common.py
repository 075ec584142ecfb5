"""What several offers' metering models share: sizes, connected minutes, servers sized by a run."""

from typing import NoReturn

from pushlab.analysis.cost.meter import MINUTES, SECONDS, Item, Meter
from pushlab.analysis.cost.traffic import Traffic
from pushlab.errors import UsageError

__all__ = ["GIB", "answer_bytes", "connected", "lacks", "message_bytes", "month_of", "servers"]

GIB = 2**30

#: A message's frame around its payload: the cursor, and a topic for MQTT.
_FRAME_BYTES = 64


def month_of(per_s: float) -> float:
    """How many a month brings."""
    return per_s * SECONDS


def message_bytes(traffic: Traffic) -> float:
    """One message as it is sent."""
    return traffic.payload_bytes + _FRAME_BYTES


def answer_bytes(traffic: Traffic) -> float:
    """A poll's answer with all the messages that it brings on average."""
    each = traffic.deliveries_per_s / traffic.hits_per_s if traffic.hits_per_s else 1.0
    return max(1.0, each) * message_bytes(traffic)


def connected(traffic: Traffic, meter: Meter, provider: str, product: str) -> list[Item]:
    """The minutes for which all clients are connected."""
    minutes = traffic.clients * MINUTES
    return meter.charge(f"{provider} {product} connection-minute", "minutes connected", minutes)


def servers(traffic: Traffic, meter: Meter) -> tuple[float, float]:
    """vCPUs and GiB of memory that the measured server needs, headroom included.

    A core of the machine that was measured counts as a vCPU. What is rented is never less than the
    smallest container, a quarter of a vCPU with half a GiB.

    Raises:
        UsageError: nobody measured a server.
    """
    if traffic.cores is None or traffic.memory_bytes is None:
        lacks("the CPU and the memory of a measured server")
    room = 1 - meter.headroom
    return max(0.25, traffic.cores / room), max(0.5, traffic.memory_bytes / GIB / room)


def lacks(what: str) -> NoReturn:
    """Raise UsageError: only a run has it."""
    raise UsageError(f"needs {what}: give a run")
