"""Amazon's offers as the list of offers composes them; it goes with `offers.py`."""

import math

from pushlab.analysis.cost.common import (
    answer_bytes,
    connected,
    lacks,
    message_bytes,
    month_of,
    servers,
)
from pushlab.analysis.cost.meter import HOURS, Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = [
    "appsync",
    "balancer",
    "egress",
    "fargate",
    "http_api",
    "iot_core",
    "polls_by_lambda",
    "publishes_by_lambda",
    "rest_api",
    "websocket_api",
]

_IDLE_S = 60.0  # after so long without traffic a balancer closes a connection
_LAMBDA_GB = 0.125
_LAMBDA_LEAST_S = 0.001
_GB = 1e9
_GIB = 2**30  # what AWS calls a GB of data: its AppSync page makes 5 million times 3 KB 14.3 GB


def _polls(traffic: Traffic, meter: Meter, product: str) -> list[Item]:
    polls = month_of(traffic.hits_per_s)
    steps = meter.steps(f"aws {product} request", answer_bytes(traffic))
    return meter.charge(f"aws {product} request", "polls", polls, units=polls * steps)


def http_api(traffic: Traffic, meter: Meter) -> list[Item]:
    """API Gateway's HTTP API: requests in steps of 512 KB."""
    return _polls(traffic, meter, "api-gateway-http")


def rest_api(traffic: Traffic, meter: Meter) -> list[Item]:
    """API Gateway's REST API: requests."""
    return _polls(traffic, meter, "api-gateway-rest")


def _lambda(meter: Meter, *, calls: float, open_s: float, event: str) -> list[Item]:
    """Calls, and the time that they last in whole milliseconds."""
    billed_s = max(_LAMBDA_LEAST_S, math.ceil(round(open_s * 1e3, 6)) / 1e3)
    gb_s = calls * billed_s * _LAMBDA_GB
    return [
        *meter.charge("aws lambda request", event, calls),
        *meter.charge("aws lambda duration-x86", f"{event} of {billed_s:.3g} s", calls, units=gb_s),
    ]


def polls_by_lambda(traffic: Traffic, meter: Meter) -> list[Item]:
    """A function that runs as long as a poll is open."""
    calls = month_of(traffic.hits_per_s)
    return _lambda(meter, calls=calls, open_s=traffic.open_s, event="polls")


def _messages(traffic: Traffic, meter: Meter, product: str, item: str = "message") -> list[Item]:
    """Deliveries in the product's steps, and minutes connected."""
    what, deliveries = f"aws {product} {item}", month_of(traffic.deliveries_per_s)
    units = deliveries * meter.steps(what, message_bytes(traffic))
    return [
        *meter.charge(what, "deliveries", deliveries, units=units),
        *connected(traffic, meter, "aws", product),
    ]


def websocket_api(traffic: Traffic, meter: Meter) -> list[Item]:
    """API Gateway's WebSocket API: messages in steps of 32 KB, and minutes connected."""
    return _messages(traffic, meter, "api-gateway-websocket")


def publishes_by_lambda(traffic: Traffic, meter: Meter) -> list[Item]:
    """A function for each publish."""
    calls = month_of(traffic.publishes_per_s)
    return _lambda(meter, calls=calls, open_s=_LAMBDA_LEAST_S, event="publishes")


def iot_core(traffic: Traffic, meter: Meter) -> list[Item]:
    """IoT Core: publishes in and out in steps of 5 KB, a unit for each PUBACK, minutes connected.

    What a device acknowledges is metered, what the service acknowledges is not.
    """
    messages = month_of(traffic.publishes_per_s + traffic.deliveries_per_s)
    acks = month_of(traffic.acks_per_s)
    event = "publishes, deliveries and acknowledgements" if acks else "publishes and deliveries"
    units = messages * meter.steps("aws iot-core message", message_bytes(traffic)) + acks
    return [
        *meter.charge("aws iot-core message", event, messages + acks, units=units),
        *connected(traffic, meter, "aws", "iot-core"),
    ]


def appsync(traffic: Traffic, meter: Meter) -> list[Item]:
    """AppSync's subscriptions: a mutation for each publish, updates in steps of 5 KB, minutes."""
    publishes = month_of(traffic.publishes_per_s)
    return [
        *meter.charge("aws appsync mutation", "publishes", publishes),
        *_messages(traffic, meter, "appsync", "realtime-update"),
    ]


def balancer(traffic: Traffic, meter: Meter) -> list[Item]:
    """An Application Load Balancer: its hours, and its capacity in LCUs.

    One LCU is the largest of 25 new connections a second, 3,000 active connections, 1 GB an hour
    both ways (and 1,000 rule evaluations a second; the default rule is not one). A client that asks
    more seldom than the idle timeout comes with a new connection each time.
    """
    seldom = traffic.interval_s is not None and traffic.interval_s > _IDLE_S
    new = traffic.hits_per_s if seldom else 0.0
    bytes_per_s = traffic.bytes_per_s
    if bytes_per_s is None:
        bytes_per_s = traffic.deliveries_per_s * traffic.payload_bytes
    active = min(traffic.clients, new * _IDLE_S) if seldom else traffic.clients
    sizes = {
        "connections open": (active, active / 3_000),
        "new connections": (month_of(new), new / 25),
        "bytes both ways": (month_of(bytes_per_s), bytes_per_s * 3_600 / _GB),
    }
    event = max(sizes, key=lambda name: sizes[name][1])
    events, lcu = sizes[event]
    return [
        *meter.charge("aws alb hour", "balancers", 1, units=HOURS),
        *meter.charge("aws alb lcu-hour", event, events, units=lcu * HOURS),
    ]


def fargate(traffic: Traffic, meter: Meter) -> list[Item]:
    """Containers, sized by a run."""
    cores, memory = servers(traffic, meter)
    return [
        *meter.charge("aws fargate vcpu-hour", "vCPUs", cores, units=cores * HOURS),
        *meter.charge("aws fargate gb-hour", "GiB of memory", memory, units=memory * HOURS),
    ]


def egress(traffic: Traffic, meter: Meter) -> list[Item]:
    """What the subscribers download, in GB of 2^30 bytes.

    Raises:
        UsageError: nobody knows how many bytes that is.
    """
    if traffic.down_bytes_per_s is None:
        lacks("the bytes that clients download")
    month = month_of(traffic.down_bytes_per_s)
    return meter.charge("aws egress data-out", "bytes to clients", month, units=month / _GIB)
