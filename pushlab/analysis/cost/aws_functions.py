"""The metering of Amazon's functions, and of the store that they need: Lambda and DynamoDB.

A function of 128 MB is paid for each call and for each millisecond; the store for what is written,
in steps of 1 KB, and for what is read, in halves for each 4 KB (eventually consistent reads).
"""

import math
from typing import NamedTuple

from pushlab.analysis.cost.aws import streams_per_s, websockets_per_s
from pushlab.analysis.cost.common import (
    GIB,
    answer_bytes,
    down_bytes_per_s,
    message_bytes,
    month_of,
    polls_per_s,
)
from pushlab.analysis.cost.meter import SECONDS, Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = [
    "answering",
    "handing_over",
    "kept_connections",
    "kept_messages",
    "streaming",
]

_GB = 0.125  # of memory, the least
_CONNECTION_BYTES = 100  # of the item that says who reads a channel
_FREE_OF_A_STREAM_BYTES = 6e6  # aws.amazon.com/lambda/pricing: the first 6 MB of each response


class _Calls(NamedTuple):
    """Calls in a month, what they are in words, and how many seconds they run in all."""

    event: str
    times: float
    seconds: float


def _called(event: str, count: float, each_s: float) -> _Calls:
    """Calls that are paid for by the whole millisecond."""
    return _Calls(event, count, count * max(1, math.ceil(round(each_s * 1e3, 6))) / 1e3)


def _charged(meter: Meter, *calls: _Calls) -> list[Item]:
    """All calls together, since what is free is free once."""
    event = " and ".join(each.event for each in calls if each.times) or calls[0].event
    count = math.fsum(each.times for each in calls)
    gb_s = math.fsum(each.seconds for each in calls) * _GB
    return [
        *meter.charge("aws lambda request", event, count),
        *meter.charge("aws lambda duration-x86", f"{event}, as they run", count, units=gb_s),
    ]


def _published(traffic: Traffic, meter: Meter) -> _Calls:
    """A function for each publish, which writes it to the store."""
    return _called("publishes", month_of(traffic.publishes_per_s), meter.guess("answer_s"))


def answering(traffic: Traffic, meter: Meter) -> list[Item]:
    """A function for each publish and each poll; it runs as long as the poll is held."""
    each_s = traffic.open_s + meter.guess("answer_s")
    polls = _called("polls", month_of(polls_per_s(traffic)), each_s)
    return _charged(meter, polls, _published(traffic, meter))


def handing_over(traffic: Traffic, meter: Meter) -> list[Item]:
    """A function for each publish, which calls the gateway for every connection that reads it.

    Two more for each connection: one as it opens, one as it closes.
    """
    publishes, answer_s = traffic.publishes_per_s, meter.guess("answer_s")
    calls_s = traffic.deliveries_per_s / publishes * meter.guess("call_s") if publishes else 0.0
    opened = 2 * month_of(websockets_per_s(traffic, meter))
    return _charged(
        meter,
        _called("publishes", month_of(publishes), answer_s + calls_s),
        _called("connections opened and closed", opened, answer_s),
    )


def streaming(traffic: Traffic, meter: Meter) -> list[Item]:
    """A function for each client that listens, all the time, and one for each publish.

    A function serves one request at a time, so a client that only waits is paid for too. What its
    streams carry beyond 6 MB each is paid for by the GB.
    """
    streams = streams_per_s(traffic, meter)
    over = max(0.0, down_bytes_per_s(traffic, meter) / streams - _FREE_OF_A_STREAM_BYTES)
    count = month_of(streams)
    beyond = count * over
    return [
        *_charged(
            meter,
            _Calls("streams", count, traffic.clients * SECONDS),
            _published(traffic, meter),
        ),
        *meter.charge(
            "aws lambda streamed-gb", "bytes beyond 6 MB a stream", beyond, units=beyond / GIB
        ),
    ]


def kept_messages(traffic: Traffic, meter: Meter) -> list[Item]:
    """A write for each publish, and a query for each poll, empty or not.

    Messages are deleted by their age, which is free; what is kept an hour is far below 25 GB.
    """
    write, read = "aws dynamodb write-request-unit", "aws dynamodb read-request-unit"
    written, polls = month_of(traffic.publishes_per_s), month_of(polls_per_s(traffic))
    return [
        *meter.charge(
            write, "publishes", written, units=written * meter.steps(write, message_bytes(traffic))
        ),
        *meter.charge(
            read, "polls", polls, units=polls * meter.steps(read, answer_bytes(traffic)) / 2
        ),
    ]


def kept_connections(traffic: Traffic, meter: Meter) -> list[Item]:
    """Who reads which channel: two writes for each connection, and a query for each publish."""
    write, read = "aws dynamodb write-request-unit", "aws dynamodb read-request-unit"
    opened, publishes = (
        month_of(websockets_per_s(traffic, meter)),
        month_of(traffic.publishes_per_s),
    )
    readers = traffic.clients / traffic.channels
    pages = meter.steps(read, readers * _CONNECTION_BYTES)
    return [
        *meter.charge(write, "connections opened and closed", 2 * opened),
        *meter.charge(read, "publishes", publishes, units=publishes * pages / 2),
    ]
