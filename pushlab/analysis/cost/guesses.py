"""What a bill rests on beside prices and events: guesses, each with its range and where it is from.

``low`` and ``high`` are the values at which a bill is low and high; the second need not be the
larger number. What a run measured (`pushlab.analysis.cost.sizes`) joins them with its interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pushlab.errors import UsageError

__all__ = ["CPU", "ENDS", "GUESSES", "MEMORY", "End", "Guess", "said"]

#: Where in its range a guess is taken.
End = Literal["low", "likely", "high"]
ENDS: tuple[End, ...] = ("low", "likely", "high")

#: The names under which what was measured stands among the guesses.
CPU, MEMORY = "cpu", "memory"


@dataclass(frozen=True, slots=True)
class Guess:
    """A number that nobody knows exactly, and within which range it is likely to be.

    Attributes:
        low, high: where bills are lowest and highest.
        unit: of the values; empty for a count.
        words: what it is.
        source: why it is taken to be so.
    """

    name: str
    low: float
    likely: float
    high: float
    unit: str
    words: str
    source: str

    def at(self, end: End) -> float:
        """Its value there."""
        return float(getattr(self, end))

    @property
    def is_known(self) -> bool:
        """Whether there is nothing to guess."""
        return self.low == self.high


_TABLE = [
    Guess(
        "header_up_bytes", 200, 900, 2_000, "bytes",
        "headers of a browser's request",
        "SPDY whitepaper: about 200 to over 2,000 bytes, typically 700 to 800, before the Sec-"
        " headers of today; HTTP/2 compresses what repeats",
    ),
    Guess(
        "header_down_bytes", 100, 350, 700, "bytes",
        "headers of an answer to a browser",
        "an answer with date, type, length, cache and CORS headers; HTTP/2 compresses what repeats",
    ),
    Guess(
        "left_share", 0.5, 1.0, 1.0, "",
        "share of a payload's bytes left by compression",
        "short messages are sent as they are unless the server is told to compress; JSON shrinks"
        " by about half",
    ),
    Guess(
        "packet_bytes", 62, 74, 106, "bytes",
        "bytes of IP, TCP and TLS around each message, request and answer",
        "RFC 791, 9293, 7323, 8446: 20 + 20 (with timestamps 32) and a TLS record of 22; at the"
        " high end over IPv6, with part of an acknowledging packet",
    ),
    Guess(
        "handshake_bytes", 330, 4_500, 6_500, "bytes",
        "bytes of a TLS handshake, both ways",
        "netsekure.org, TLS overhead (2010): 6,500 for a new session, 330 for a resumed one;"
        " certificates with elliptic curves are shorter",
    ),
    Guess(
        "reconnects_a_day", 1, 10, 100, "a day",
        "how often a client connects anew",
        "from a desktop that stays to a phone that moves and sleeps",
    ),
    Guess(
        "headroom", 0.3, 0.5, 0.7, "",
        "share of each server that is kept free",
        "for peaks, deployments and the loss of a server",
    ),
    Guess(
        "least_servers", 2, 2, 3, "",
        "the fewest servers that one would run",
        "one may be lost; a third for a third zone",
    ),
    Guess(
        "vcpus_per_core", 0.7, 1.0, 2.0, "",
        "rented vCPUs that do the work of a core that was measured",
        "a vCPU is a hardware thread, which is half a core when its neighbour is busy",
    ),
    Guess(
        "proxy_share", 0.1, 0.3, 1.0, "",
        "CPU of nginx and TLS beside a server of one's own, as a share of the server's",
        "some 20 to 40 us for a small request or message and 1 ms for a handshake, against servers"
        " that take 60 to 400 us; no balancer ends TLS before them",
    ),
    Guess(
        "call_s", 0.000_5, 0.002, 0.02, "s",
        "a function's time to hand one message to a gateway for one client",
        "calls of some 20 ms each, 10 to 40 of them at a time; one by one at the high end",
    ),
    Guess(
        "published_by_http", 0, 1, 1, "",
        "share of publishes that come to a Durable Object by HTTP, not over a kept WebSocket",
        "developers.cloudflare.com: by HTTP each is a request to a Worker and one to the object;"
        " over a WebSocket 20 are one, and a Worker takes nothing for them",
    ),
    Guess(
        "objects_per_client", 0.000_1, 0.001, 0.001, "a client",
        "Durable Objects that hold the clients",
        "developers.cloudflare.com: an object serves thousands of WebSockets, and about 1,000"
        " requests a second",
    ),
    Guess(
        "object_awake_s", 0.000_1, 0.001, 0.01, "s",
        "for which a Durable Object is awake for each message in or out and each request",
        "developers.cloudflare.com: 10 ms for each message in the vendor's example",
    ),
    Guess(
        "beyond_book_share", 0.2, 1, 1, "",
        "share of Ably's list price that is paid for what lies beyond its first tier",
        "ably.com/docs/platform/pricing, 2026-08-03: by volume 2.50 falls to 0.50 and 1.00 to 0.20,"
        " in tiers that are not public",
    ),
    Guess(
        "users_per_client", 1, 3, 10, "a client",
        "users a month for each client that is connected at a time",
        "from devices that never leave to people who come once a week",
    ),
    Guess(
        "answer_s", 0.002, 0.008, 0.05, "s",
        "a function's time to answer a poll or to take a publish",
        "one question to a store that answers in single-digit milliseconds; the high end is a"
        " function that is slow or often started anew",
    ),
    Guess(
        "publishes_per_node", 100_000, 30_000, 5_000, "a second",
        "publishes that a core of the backplane carries",
        "redis-benchmark on one server: 70,000 to 150,000 simple commands a second; each publish"
        " also goes out to every server that has a reader",
    ),
    Guess(
        "edges", 5, 30, 200, "",
        "places of a content delivery network that ask the origin by themselves",
        "one region behind a shield, or each place where clients are; CloudFront and Fastly have"
        " hundreds",
    ),
    Guess(
        "cached_s", 2.0, 1.0, 0.5, "s",
        "how long an edge may answer polls by itself",
        "adds as much to the staleness of what a poll brings",
    ),
    Guess(
        "work_kept", 0.0, 0.5, 1.0, "",
        "share of what an application does for a poll that brings something which a pushed message"
        " still needs",
        "none where the publisher has the message in hand; all where it is looked up for each"
        " client, as it is for a poll",
    ),
]  # fmt: skip

#: Every guess, by its name.
GUESSES: Mapping[str, Guess] = {guess.name: guess for guess in _TABLE}


def said(**values: float | None) -> Mapping[str, Guess]:
    """The guesses, with those that somebody knows at their value alone; None: not known.

    Raises:
        UsageError: there is no such guess, or its value makes no sense.
    """
    found = dict(GUESSES)
    for name, value in values.items():
        if value is None:
            continue
        if name not in found:
            raise UsageError(f"there is no guess {name!r} (known: {', '.join(found)})")
        if value < 0 or (name == "headroom" and value >= 1):
            raise UsageError(f"{name}: {value:g} is out of range")
        found[name] = replace(found[name], low=value, likely=value, high=value, source="as said")
    return found
