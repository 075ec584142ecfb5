"""The metering of Amazon's realtime services: IoT Core for MQTT, AppSync for WebSocket.

All three meter what comes in beside what goes out, in steps of 5 KB, and two more for each
connection (it connects and it subscribes). What is free in an account's first year is not counted.
"""

from pushlab.analysis.cost.common import connected, connects_per_s, message_bytes, month_of
from pushlab.analysis.cost.meter import Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["appsync", "appsync_events", "iot_core"]


def iot_core(traffic: Traffic, meter: Meter) -> list[Item]:
    """IoT Core: publishes in and out, a unit for each PUBACK from a device, minutes connected.

    What the service acknowledges is free, as are pings that are 30 s apart or more.
    """
    acks = month_of(traffic.acks_per_s)
    event = "publishes, deliveries and acknowledgements" if acks else "publishes and deliveries"
    return _metered(
        traffic, meter, "iot-core", "message", event,
        stepped=month_of(traffic.publishes_per_s + traffic.deliveries_per_s), single=acks,
    )  # fmt: skip


def appsync(traffic: Traffic, meter: Meter) -> list[Item]:
    """AppSync's GraphQL subscriptions: a mutation for each publish, updates, minutes connected."""
    return [
        *meter.charge("aws appsync mutation", "publishes", month_of(traffic.publishes_per_s)),
        *_metered(
            traffic, meter, "appsync", "realtime-update", "deliveries",
            stepped=month_of(traffic.deliveries_per_s),
        ),
    ]  # fmt: skip


def appsync_events(traffic: Traffic, meter: Meter) -> list[Item]:
    """AppSync Events: operations for each event in and out, and minutes connected."""
    return _metered(
        traffic, meter, "appsync-events", "operation", "publishes and deliveries",
        stepped=month_of(traffic.publishes_per_s + traffic.deliveries_per_s),
    )  # fmt: skip


def _metered(
    traffic: Traffic,
    meter: Meter,
    product: str,
    item: str,
    event: str,
    *,
    stepped: float,
    single: float = 0.0,
) -> list[Item]:
    """Lines for messages, of which some are metered by their size, and for minutes connected."""
    what, opened = f"aws {product} {item}", 2 * month_of(connects_per_s(traffic, meter))
    units = stepped * meter.steps(what, message_bytes(traffic)) + single + opened
    return [
        *meter.charge(what, f"{event}, connects", stepped + single + opened, units=units),
        *connected(traffic, meter, "aws", product),
    ]
