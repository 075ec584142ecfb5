"""The metering of Amazon's API Gateway: polls and streams by the request, WebSocket by message.

Each function takes traffic and meter, and returns lines of a month's bill. The million requests
that are free in an account's first year are not counted.
"""

from pushlab.analysis.cost.common import (
    answer_bytes,
    connected,
    connects_per_s,
    down_bytes_per_s,
    message_bytes,
    month_of,
    polls_per_s,
)
from pushlab.analysis.cost.meter import Item, Meter, Uncarried
from pushlab.analysis.cost.traffic import Traffic

__all__ = [
    "STREAM_S",
    "http_api",
    "rest_streams",
    "streams_per_s",
    "websocket_api",
    "websockets_per_s",
]

#: A streamed response lasts 15 minutes at most (API Gateway Developer Guide, response transfer
#: mode); so does a function (Lambda quotas).
STREAM_S = 900.0

#: An HTTP API waits no longer for an answer, and a WebSocket stays open no longer (the quotas of
#: both in the API Gateway Developer Guide).
_WAITS_S, _OPEN_S = 30.0, 7_200.0


def http_api(traffic: Traffic, meter: Meter) -> list[Item]:
    """HTTP API: polls in steps of 512 KB.

    Raises:
        Uncarried: a poll is held for longer than it waits.
    """
    hold_s = traffic.profile.timers.hold_s
    if hold_s > _WAITS_S:
        raise Uncarried(
            f"an HTTP API waits {_WAITS_S:g} s for an answer, less than the {hold_s:g} s for which"
            " a poll is held"
        )
    what, polls = "aws api-gateway-http request", month_of(polls_per_s(traffic))
    return meter.charge(
        what, "polls", polls, units=polls * meter.steps(what, answer_bytes(traffic))
    )


def streams_per_s(traffic: Traffic, meter: Meter) -> float:
    """Streams that begin: all that end after 15 minutes, and those that clients take up anew."""
    return traffic.clients / STREAM_S + connects_per_s(traffic, meter)


def websockets_per_s(traffic: Traffic, meter: Meter) -> float:
    """WebSockets that are opened: none lasts longer than two hours."""
    return max(traffic.clients / _OPEN_S, connects_per_s(traffic, meter))


def rest_streams(traffic: Traffic, meter: Meter) -> list[Item]:
    """REST API with streamed responses: each stream is a request, in steps of 10 MB."""
    what, streams = "aws api-gateway-rest request", streams_per_s(traffic, meter)
    each = down_bytes_per_s(traffic, meter) / streams
    count = month_of(streams)
    return meter.charge(what, "streams", count, units=count * meter.steps(what, each))


def websocket_api(traffic: Traffic, meter: Meter) -> list[Item]:
    """WebSocket API: each delivery a message, in steps of 32 KB, and minutes connected.

    A server hands a message over for each connection by a call of its own; pings are free.
    """
    what, deliveries = "aws api-gateway-websocket message", month_of(traffic.deliveries_per_s)
    units = deliveries * meter.steps(what, message_bytes(traffic))
    return [
        *meter.charge(what, "deliveries", deliveries, units=units),
        *connected(traffic, meter, "aws", "api-gateway-websocket"),
    ]
