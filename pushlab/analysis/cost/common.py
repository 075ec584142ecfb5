"""What several offers' metering models share: sizes, connected minutes, bytes, servers."""

import math
from collections.abc import Callable, Iterable, Mapping

from pushlab.analysis.cost.meter import MINUTES, SECONDS, Item, Meter, Uncarried
from pushlab.analysis.cost.sizes import keep_alives_per_s
from pushlab.analysis.cost.traffic import Traffic

__all__ = [
    "GB",
    "GIB",
    "answer_bytes",
    "cheapest",
    "cheapest_servers",
    "connected",
    "connects_per_s",
    "down_bytes_per_s",
    "downloads",
    "message_bytes",
    "month_of",
    "polls_per_s",
    "up_bytes_per_s",
]

GB = 1e9
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


def polls_per_s(traffic: Traffic) -> float:
    """Requests for the sake of delivery; 0 for what does not ask."""
    return traffic.hits_per_s if traffic.profile.asks else 0.0


def connects_per_s(traffic: Traffic, meter: Meter) -> float:
    """Connections that clients make anew."""
    return traffic.clients * meter.guess("reconnects_a_day") / 86_400


def up_bytes_per_s(traffic: Traffic, meter: Meter) -> float:
    """What the clients send as the network carries it: requests with a browser's headers.

    Where they do not ask, they send their acknowledgements and keep-alives, or answer these.
    """
    asked, packet = polls_per_s(traffic), meter.guess("packet_bytes")
    if asked:
        return asked * (meter.guess("header_up_bytes") + packet) + _connecting(traffic, meter)
    spoken, wire = traffic.hits_per_s, traffic.profile.wire
    if wire is not None and wire.keep_alive_answer_bytes and not traffic.profile.client_keeps_alive:
        spoken += keep_alives_per_s(traffic)
    return (traffic.up_bytes_per_s or 0.0) + spoken * packet + _connecting(traffic, meter)


def down_bytes_per_s(traffic: Traffic, meter: Meter) -> float:
    """What the clients get as the network carries it: messages, and answers with headers.

    Several messages in one answer share its headers and its packets. A keep-alive is a packet: its
    few bytes are within the guess.
    """
    asked, wire = polls_per_s(traffic), traffic.profile.wire
    around, packet = (wire.message_bytes if wire else 0), meter.guess("packet_bytes")
    each = (traffic.payload_bytes + around) * meter.guess("left_share")
    answers = asked * (meter.guess("header_down_bytes") + packet)
    if not asked:
        answers = (traffic.deliveries_per_s + keep_alives_per_s(traffic)) * packet
    return traffic.deliveries_per_s * each + answers + _connecting(traffic, meter)


def _connecting(traffic: Traffic, meter: Meter) -> float:
    """Bytes a second, on average either way, for connections made anew."""
    each = meter.guess("handshake_bytes") / 2 + meter.guess("header_up_bytes")
    return connects_per_s(traffic, meter) * each


def downloads(traffic: Traffic, meter: Meter, what: str, unit_bytes: float) -> list[Item]:
    """What the clients download in a month.

    Args:
        what: the price of data that leave, by the unit of so many bytes.
    """
    month = month_of(down_bytes_per_s(traffic, meter))
    return meter.charge(what, "bytes to clients", month, units=month / unit_bytes)


def cheapest(ways: Iterable[list[Item]]) -> list[Item]:
    """The lines of the way that comes to least."""
    return min(ways, key=lambda items: math.fsum(item.usd for item in items))


def cheapest_servers(
    traffic: Traffic,
    meter: Meter,
    sold: Mapping[tuple[float, float], Callable[[float], list[Item]]],
    *,
    connections: float = math.inf,
    work: float = 1.0,
    few: float = math.inf,
) -> list[Item]:
    """The lines for servers of the size that carries the traffic for the least money.

    Args:
        sold: vCPUs and GiB of one server, and the lines for so many of them.
        connections: the most that one may hold.
        work: so many times the CPU that was measured, for what runs beside the server.
        few: nobody runs more than so many of one size while a larger one is sold.

    Raises:
        Uncarried: nobody measured what the transport takes, or no number of servers is enough.
    """
    found, largest = [], max(vcpus for vcpus, _ in sold)
    for (vcpus, gib), lines in sold.items():
        count = meter.servers(traffic, vcpus=vcpus, gib=gib, connections=connections, work=work)
        if math.isfinite(count) and (count <= few or vcpus == largest):
            found.append(lines(count))
    if not found:
        raise Uncarried(
            "no number of these servers carries it: each must see every publish, which takes more"
            " than one can do"
        )
    return cheapest(found)
