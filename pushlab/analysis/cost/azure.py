"""The metering of Microsoft's offers: units by the day, messages beyond what they include, data."""

import math

from pushlab.analysis.cost.common import GB, downloads, message_bytes, month_of
from pushlab.analysis.cost.meter import Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["egress", "signalr", "web_pubsub"]

# learn.microsoft.com, azure-web-pubsub/concept-billing-model and azure-signalr (2022-07-29):
_CLIENTS = 1_000  # of one unit
_INCLUDED = 1_000_000  # messages a unit and day
_MOST = 100  # units of one instance; a larger service is several instances
_DAYS = 30


def _units(clients: float) -> float:
    """Units that hold so many clients; an instance has 1 to 10 of them, or 20, 30, to 100."""
    needed = max(1, math.ceil(clients / _CLIENTS))
    full, rest = divmod(needed, _MOST)
    return full * _MOST + (rest if rest <= 10 else math.ceil(rest / 10) * 10)


def _service(traffic: Traffic, meter: Meter, product: str, event: str, count: float) -> list[Item]:
    """Units by the clients; of the messages, those that the units do not include.

    More units than the clients need would include more messages; these are cheaper by the million.
    """
    units = _units(traffic.clients)
    beyond = max(0.0, count - units * _DAYS * _INCLUDED)
    return [
        *meter.charge(
            f"azure {product} unit-day", "clients connected", traffic.clients, units=units * _DAYS
        ),
        *meter.charge(f"azure {product} message", event, count, units=beyond),
    ]


def web_pubsub(traffic: Traffic, meter: Meter) -> list[Item]:
    """Web PubSub: units, and messages of 2 KB, which are the bytes sent divided, not deliveries."""
    (message,) = meter.book.tiers("azure", "web-pubsub", "message")
    sent = month_of(traffic.deliveries_per_s) * message_bytes(traffic)
    count = sent / (message.step_bytes or 1)
    return _service(traffic, meter, "web-pubsub", "deliveries' bytes, by 2 KB", count)


def signalr(traffic: Traffic, meter: Meter) -> list[Item]:
    """SignalR: units, and deliveries, each in whole steps of 2 KB."""
    steps = meter.steps("azure signalr message", message_bytes(traffic))
    deliveries = month_of(traffic.deliveries_per_s) * steps
    return _service(traffic, meter, "signalr", "deliveries", deliveries)


def egress(traffic: Traffic, meter: Meter) -> list[Item]:
    """What the subscribers download, at Azure's rates for data that leave it."""
    return downloads(traffic, meter, "azure bandwidth data-out", GB)
