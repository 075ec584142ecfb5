"""Offers: whole metering models of public clouds, and which transports each can carry.

An offer turns a month of `Traffic` into the units that its vendor meters; prices, steps and tiers
come from the book. It says what it takes for granted and what it leaves out. A million clients
that poll are cheap or dear by the metering alone, so the models matter more than the cents.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from pushlab.analysis.cost.book import PriceBook
from pushlab.analysis.cost.meter import HOURS, MINUTES, SECONDS, Bill, Item, Meter
from pushlab.analysis.cost.traffic import POLLING, Traffic
from pushlab.errors import UsageError

__all__ = ["FIRST_CHOICE", "OFFERS", "Offer", "bill", "find_offers"]

_HTTP = frozenset({"short-polling", "long-polling", "sse", "websocket"})
#: A message's frame around its payload: the cursor, and a topic for MQTT.
_FRAME_BYTES = 64
_GATEWAY_HOLD_S = 30.0
_CLOUD_RUN_REQUEST_S = 3_600.0
_BALANCER_IDLE_S = 60.0
_LAMBDA_GB = 0.125
_LAMBDA_LEAST_S = 0.001
_OBJECT_GB = 0.128
_GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to buy a month.

    Attributes:
        key: for the command line; `title` for people.
        carries: names of the transports that it can carry.
        meter: traffic to lines; raises UsageError where the traffic lacks what it needs.
        assumptions: what the model takes for granted.
        left_out: what comes on top.
        needs_run: whether it is sized from a measured server.
    """

    key: str
    title: str
    carries: frozenset[str]
    meter: Callable[[Traffic, Meter], list[Item]]
    assumptions: str
    left_out: str = "servers behind it, publishing, data leaving the cloud"
    needs_run: bool = False


def bill(offer: Offer, traffic: Traffic, book: PriceBook, **dials: float | bool) -> Bill:
    """A month of `traffic` at `offer`.

    Args:
        dials: of `Meter`: free_tier, first_tier_only, headroom.

    Raises:
        UsageError: the offer does not carry the transport, or needs figures of a server that
            the traffic does not have.
    """
    if traffic.transport not in offer.carries:
        raise UsageError(
            f"{offer.title} does not carry {traffic.transport}"
            f" (it carries {', '.join(sorted(offer.carries))})"
        )
    meter = Meter(book=book, **dials)  # type: ignore[arg-type]
    return Bill(
        offer=offer.key,
        title=offer.title,
        transport=traffic.transport,
        clients=traffic.clients,
        items=offer.meter(traffic, meter),
        assumptions=offer.assumptions,
        left_out=offer.left_out,
    )


def find_offers(names: str | None) -> list[Offer]:
    """Offers by their keys with commas between, or all for ``all`` or None.

    Raises:
        UsageError: there is no such offer.
    """
    if names is None or names.strip() == "all":
        return list(OFFERS.values())
    found = []
    for name in (part.strip() for part in names.split(",")):
        if name not in OFFERS:
            raise UsageError(f"unknown offer {name!r} (known: all, {', '.join(OFFERS)})")
        found.append(OFFERS[name])
    return found


# ---- events to units ----------------------------------------------------------------------------


def _message_bytes(traffic: Traffic) -> float:
    return traffic.payload_bytes + _FRAME_BYTES


def _request_bytes(traffic: Traffic) -> float:
    """The largest that a poll's answer is on average: all messages that it brings."""
    each = traffic.deliveries_per_s / traffic.hits_per_s if traffic.hits_per_s else 1.0
    return max(1.0, each) * _message_bytes(traffic)


def _polls(traffic: Traffic, meter: Meter, product: str) -> list[Item]:
    polls = traffic.hits_per_s * SECONDS
    steps = meter.steps("aws", product, "request", _request_bytes(traffic))
    return meter.charge("aws", product, "request", units=polls * steps, event="polls", events=polls)


def _minutes(traffic: Traffic, meter: Meter, provider: str, product: str) -> list[Item]:
    minutes = traffic.clients * MINUTES
    return meter.charge(
        provider,
        product,
        "connection-minute",
        units=minutes,
        event="minutes connected",
        events=minutes,
    )


def _http_api(traffic: Traffic, meter: Meter) -> list[Item]:
    return _polls(traffic, meter, "api-gateway-http")


def _rest_api(traffic: Traffic, meter: Meter) -> list[Item]:
    return _polls(traffic, meter, "api-gateway-rest")


def _lambda(meter: Meter, *, calls: float, open_s: float, event: str) -> list[Item]:
    """Invocations, and the time that they last in whole milliseconds."""
    billed_s = max(_LAMBDA_LEAST_S, math.ceil(round(open_s * 1e3, 6)) / 1e3)
    return [
        *meter.charge("aws", "lambda", "request", units=calls, event=event, events=calls),
        *meter.charge(
            "aws",
            "lambda",
            "duration-x86",
            units=calls * billed_s * _LAMBDA_GB,
            event=f"{event} of {billed_s:g} s at 128 MB",
            events=calls,
        ),
    ]


def _polls_by_lambda(traffic: Traffic, meter: Meter) -> list[Item]:
    calls = traffic.hits_per_s * SECONDS
    return _lambda(meter, calls=calls, open_s=traffic.open_s, event="polls")


def _http_api_lambda(traffic: Traffic, meter: Meter) -> list[Item]:
    return _http_api(traffic, meter) + _polls_by_lambda(traffic, meter)


def _rest_api_lambda(traffic: Traffic, meter: Meter) -> list[Item]:
    return _rest_api(traffic, meter) + _polls_by_lambda(traffic, meter)


def _websocket_api(traffic: Traffic, meter: Meter) -> list[Item]:
    deliveries = traffic.deliveries_per_s * SECONDS
    steps = meter.steps("aws", "api-gateway-websocket", "message", _message_bytes(traffic))
    return [
        *meter.charge(
            "aws",
            "api-gateway-websocket",
            "message",
            units=deliveries * steps,
            event="deliveries",
            events=deliveries,
        ),
        *_minutes(traffic, meter, "aws", "api-gateway-websocket"),
    ]


def _websocket_api_lambda(traffic: Traffic, meter: Meter) -> list[Item]:
    calls = traffic.publishes_per_s * SECONDS
    return [
        *_websocket_api(traffic, meter),
        *_lambda(meter, calls=calls, open_s=_LAMBDA_LEAST_S, event="publishes"),
    ]


def _iot_core(traffic: Traffic, meter: Meter) -> list[Item]:
    deliveries, acks = traffic.deliveries_per_s * SECONDS, traffic.acks_per_s * SECONDS
    steps = meter.steps("aws", "iot-core", "message", _message_bytes(traffic))
    return [
        *meter.charge(
            "aws",
            "iot-core",
            "message",
            units=deliveries * steps + acks,
            event="deliveries and their acknowledgements" if acks else "deliveries",
            events=deliveries + acks,
        ),
        *_minutes(traffic, meter, "aws", "iot-core"),
    ]


def _appsync(traffic: Traffic, meter: Meter) -> list[Item]:
    deliveries = traffic.deliveries_per_s * SECONDS
    return [
        *meter.charge(
            "aws",
            "appsync",
            "realtime-update",
            units=deliveries,
            event="deliveries",
            events=deliveries,
        ),
        *_minutes(traffic, meter, "aws", "appsync"),
    ]


def _balancer(traffic: Traffic, meter: Meter) -> list[Item]:
    # One LCU is the largest of: 25 new connections/s, 3,000 active connections a minute, 1 GB/h,
    # 1,000 rule evaluations/s (the default rule is not one). A client that asks more seldom than
    # the idle timeout comes with a new connection each time.
    seldom = traffic.interval_s is not None and traffic.interval_s > _BALANCER_IDLE_S
    new = traffic.hits_per_s if seldom else 0.0
    known = traffic.bytes_per_s
    bytes_per_s = traffic.deliveries_per_s * traffic.payload_bytes if known is None else known
    sizes = {
        "clients connected": (traffic.clients, traffic.clients / 3_000),
        "new connections": (new * SECONDS, new / 25),
        "bytes": (bytes_per_s * SECONDS, bytes_per_s * 3_600 / _GB),
    }
    event = max(sizes, key=lambda name: sizes[name][1])
    events, lcu = sizes[event]
    return [
        *meter.charge("aws", "alb", "hour", units=HOURS, event="balancers", events=1),
        *meter.charge("aws", "alb", "lcu-hour", units=lcu * HOURS, event=event, events=events),
    ]


def _servers(traffic: Traffic, meter: Meter) -> tuple[float, float]:
    """vCPUs and bytes of memory that the measured server needs, headroom included."""
    if traffic.cores is None or traffic.memory_bytes is None:
        _lacks("the CPU and the memory of a measured server")
    room = 1 - meter.headroom
    return traffic.cores / room, traffic.memory_bytes / room


def _lacks(what: str) -> NoReturn:
    raise UsageError(f"needs {what}: give a run")


def _fargate(traffic: Traffic, meter: Meter) -> list[Item]:
    cores, memory = _servers(traffic, meter)
    return [
        *meter.charge(
            "aws",
            "fargate",
            "vcpu-second",
            units=cores * SECONDS,
            event="vCPUs with headroom",
            events=cores,
        ),
        *meter.charge(
            "aws",
            "fargate",
            "gb-hour",
            units=memory / 2**30 * HOURS,
            event="GiB of memory with headroom",
            events=memory / 2**30,
        ),
    ]


def _balanced_fargate(traffic: Traffic, meter: Meter) -> list[Item]:
    return _balancer(traffic, meter) + _fargate(traffic, meter)


def _cloud_run(traffic: Traffic, meter: Meter) -> list[Item]:
    cores, memory = _servers(traffic, meter)
    always = traffic.transport != "short-polling"  # an open request keeps the instance active
    item = "vcpu-second-always-allocated" if always else "vcpu-second-request-based"
    requests = traffic.hits_per_s * SECONDS
    if traffic.transport not in POLLING:
        requests = traffic.clients * SECONDS / _CLOUD_RUN_REQUEST_S
    return [
        *meter.charge(
            "gcp",
            "cloud-run",
            item,
            units=cores * SECONDS,
            event="vCPUs with headroom",
            events=cores,
        ),
        *meter.charge(
            "gcp",
            "cloud-run",
            "gib-second",
            units=memory / 2**30 * SECONDS,
            event="GiB of memory with headroom",
            events=memory / 2**30,
        ),
        *meter.charge(
            "gcp",
            "cloud-run",
            "request",
            units=requests,
            event="polls" if traffic.transport in POLLING else "connections, anew each hour",
            events=requests,
        ),
    ]


def _web_pubsub(traffic: Traffic, meter: Meter) -> list[Item]:
    steps = meter.steps("azure", "web-pubsub", "unit-day-standard", _message_bytes(traffic))
    messages = traffic.deliveries_per_s * 86_400 * steps
    by_clients, by_messages = math.ceil(traffic.clients / 1_000), math.ceil(messages / 1e6)
    units = max(1, by_clients, by_messages)
    event, events = ("clients connected", traffic.clients)
    if by_messages > by_clients:
        event, events = "deliveries", traffic.deliveries_per_s * SECONDS
    return meter.charge(
        "azure", "web-pubsub", "unit-day-standard", units=units * 30, event=event, events=events
    )


def _workers_month(meter: Meter, items: list[Item]) -> list[Item]:
    """The lines, and what is missing to the least that a month costs."""
    (least,) = meter.charge(
        "cloudflare", "workers", "month", units=1, event="months at least", events=1
    )
    missing = least.usd - math.fsum(item.usd for item in items)
    if missing <= 0:
        return items
    part = missing / least.price.usd_per_unit
    return [*items, Item(event=least.event, events=1, units=part, price=least.price)]


def _workers(traffic: Traffic, meter: Meter) -> list[Item]:
    polls = traffic.hits_per_s * SECONDS
    items = meter.charge(
        "cloudflare", "workers", "request", units=polls, event="polls", events=polls
    )
    if traffic.cores is not None:
        ms = traffic.cores * SECONDS * 1e3
        items += meter.charge(
            "cloudflare", "workers", "cpu-ms", units=ms, event="CPU milliseconds", events=ms
        )
    return _workers_month(meter, items)


def _durable_objects(traffic: Traffic, meter: Meter) -> list[Item]:
    sleeps = traffic.transport == "websocket"  # hibernation needs the WebSocket interface
    polls = traffic.hits_per_s * SECONDS if traffic.transport in POLLING else 0.0
    publishes = traffic.publishes_per_s * SECONDS
    requests = polls + publishes
    awake_s = traffic.channels * SECONDS
    if sleeps:
        cpu_s = (traffic.cores or 0.0) * SECONDS
        awake_s = min(awake_s, max(cpu_s, publishes * _LAMBDA_LEAST_S))
    items = [
        *meter.charge(
            "cloudflare",
            "durable-objects",
            "request",
            units=requests,
            event="polls and publishes" if polls else "publishes",
            events=requests,
        ),
        *meter.charge(
            "cloudflare",
            "durable-objects",
            "gb-second",
            units=awake_s * _OBJECT_GB,
            event="seconds awake",
            events=awake_s,
        ),
    ]
    return _workers_month(meter, items)


def _ably(traffic: Traffic, meter: Meter) -> list[Item]:
    messages = (traffic.publishes_per_s + traffic.deliveries_per_s) * SECONDS
    return [
        *meter.charge(
            "ably",
            "messages",
            "message",
            units=messages,
            event="publishes and deliveries",
            events=messages,
        ),
        *_minutes(traffic, meter, "ably", "connections"),
    ]


_POLL_WORDS = "every poll is one request"
_HOLD_WORDS = f"{_POLL_WORDS}; a long poll is held for no longer than {_GATEWAY_HOLD_S:g} s"
_SIZED = "servers sized from the run's CPU and memory, with headroom"
_ALL = [
    Offer(
        key="aws-http-api",
        title="AWS API Gateway, HTTP API",
        carries=POLLING,
        meter=_http_api,
        assumptions=_HOLD_WORDS,
    ),
    Offer(
        key="aws-http-api+lambda",
        title="AWS API Gateway, HTTP API, with Lambda",
        carries=POLLING,
        meter=_http_api_lambda,
        assumptions=f"{_HOLD_WORDS}, and Lambda is paid for all that time",
        left_out="publishing, storage of the messages, data leaving the cloud",
    ),
    Offer(
        key="aws-rest-api",
        title="AWS API Gateway, REST API",
        carries=POLLING,
        meter=_rest_api,
        assumptions=_HOLD_WORDS,
    ),
    Offer(
        key="aws-rest-api+lambda",
        title="AWS API Gateway, REST API, with Lambda",
        carries=POLLING,
        meter=_rest_api_lambda,
        assumptions=f"{_HOLD_WORDS}, and Lambda is paid for all that time",
        left_out="publishing, storage of the messages, data leaving the cloud",
    ),
    Offer(
        key="aws-websocket-api",
        title="AWS API Gateway, WebSocket API",
        carries=frozenset({"websocket"}),
        meter=_websocket_api,
        assumptions="every delivery is a message; all clients stay connected; pings are not"
        " counted",
    ),
    Offer(
        key="aws-websocket-api+lambda",
        title="AWS API Gateway, WebSocket API, with Lambda",
        carries=frozenset({"websocket"}),
        meter=_websocket_api_lambda,
        assumptions="every delivery is a message; all clients stay connected; a function of 1 ms"
        " for each publish",
        left_out="the function's time to call every connection, data leaving the cloud",
    ),
    Offer(
        key="aws-iot-core",
        title="AWS IoT Core",
        carries=frozenset({"mqtt"}),
        meter=_iot_core,
        assumptions="every delivery is a message, every PUBACK one more; pings are free; all"
        " clients stay connected",
    ),
    Offer(
        key="aws-appsync",
        title="AWS AppSync subscriptions",
        carries=frozenset({"websocket"}),
        meter=_appsync,
        assumptions="every delivery is one update, whatever its size; all clients stay connected",
    ),
    Offer(
        key="aws-alb",
        title="AWS Application Load Balancer",
        carries=_HTTP,
        meter=_balancer,
        assumptions="one balancer by the hour; connections stay open and are not metered singly",
    ),
    Offer(
        key="aws-alb+fargate",
        title="AWS load balancer with Fargate containers",
        carries=_HTTP,
        meter=_balanced_fargate,
        assumptions=_SIZED,
        left_out="data leaving the cloud",
        needs_run=True,
    ),
    Offer(
        key="aws-fargate",
        title="AWS Fargate containers",
        carries=_HTTP | {"mqtt"},
        meter=_fargate,
        assumptions=f"{_SIZED}; clients reach them directly",
        left_out="a balancer, data leaving the cloud",
        needs_run=True,
    ),
    Offer(
        key="gcp-cloud-run",
        title="Google Cloud Run",
        carries=_HTTP,
        meter=_cloud_run,
        assumptions=f"{_SIZED}; an open request keeps its instance allocated, and ends within the"
        " hour",
        left_out="data leaving the cloud",
        needs_run=True,
    ),
    Offer(
        key="azure-web-pubsub",
        title="Azure Web PubSub, standard",
        carries=frozenset({"websocket"}),
        meter=_web_pubsub,
        assumptions="a unit holds 1,000 clients and a million messages of 2 KB a day; whole units",
    ),
    Offer(
        key="cloudflare-workers",
        title="Cloudflare Workers",
        carries=frozenset({"short-polling"}),
        meter=_workers,
        assumptions="every poll is one request, and its CPU is the run's where a run is given",
        left_out="publishing and storage of the messages",
    ),
    Offer(
        key="cloudflare-durable-objects",
        title="Cloudflare Durable Objects",
        carries=_HTTP,
        meter=_durable_objects,
        assumptions="an object for each channel, awake all the time; over WebSocket it hibernates"
        " and is awake for a millisecond or the measured CPU at each publish; outgoing messages"
        " are free",
        left_out="the Workers in front, storage",
    ),
    Offer(
        key="ably",
        title="Ably",
        carries=frozenset({"sse", "websocket", "mqtt"}),
        meter=_ably,
        assumptions="one publish to ten subscribers is eleven messages; all clients stay connected",
        left_out="publishing servers",
    ),
]

#: Every offer, by its key.
OFFERS: Mapping[str, Offer] = {offer.key: offer for offer in _ALL}
#: The offer that a run's summary prices each transport at: metered, and able to carry it.
FIRST_CHOICE: Mapping[str, str] = {
    "short-polling": "aws-http-api",
    "long-polling": "aws-http-api",
    "sse": "aws-alb",  # HTTP APIs buffer responses, so no metered offer of that kind streams
    "websocket": "aws-websocket-api",
    "mqtt": "aws-iot-core",
}
