"""What an architecture is: a whole that one can rent and run, with every part that it needs.

A price is always that of a whole. An architecture says for each kind of transport which parts it
then has, or why it cannot carry it. Parts are functions of traffic and meter; the vendors' modules
have them, and the book has their prices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pushlab.analysis.cost.meter import Item, Meter
from pushlab.analysis.cost.traffic import Traffic
from pushlab.contract.profile import Profile

__all__ = [
    "HTTP",
    "KINDS_OF_ARCHITECTURE",
    "LONG",
    "MQTT",
    "PARTS",
    "POLLS",
    "SHORT",
    "SSE",
    "WEBSOCKET",
    "Architecture",
    "Part",
    "carried",
    "refused",
]

Kind = Literal["machines", "containers", "serverless", "managed"]

#: What the kinds are, in words, in the order in which they are shown.
KINDS_OF_ARCHITECTURE: Mapping[Kind, str] = {
    "containers": "balancer with containers",
    "machines": "own virtual machines with nginx",
    "serverless": "serverless requests",
    "managed": "managed realtime service",
}

#: What a part may be, in the order in which bills are drawn.
PARTS = (
    "servers",
    "balancer",
    "gateway",
    "functions",
    "store",
    "service",
    "broker",
    "backplane",
    "publishing",
    "egress",
)

#: Kinds of transport; see `Profile.kind`.
SHORT, LONG, SSE = "http interval-poll", "http held-poll", "http stream"
WEBSOCKET, MQTT = "websocket stream", "mqtt stream"
POLLS = (SHORT, LONG)
HTTP = (*POLLS, SSE, WEBSOCKET)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an architecture: its name, one of `PARTS`, and what it is charged for."""

    name: str
    lines: Callable[[Traffic, Meter], list[Item]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Architecture:
    """A whole that can be rented.

    Attributes:
        key: for the command line; `title` for people, `short` for a chart.
        provider: whose prices it has.
        carries: for each kind of transport its parts, or a sentence that says why it cannot.
        assumptions: what its parts take for granted.
        left_out: what comes on top, by name, since no price is in the book.
    """

    key: str
    title: str
    short: str
    kind: Kind
    provider: str
    carries: Mapping[str, Sequence[Part] | str]
    assumptions: str = ""
    left_out: tuple[str, ...] = ()

    def parts(self, profile: Profile) -> Sequence[Part]:
        """What it has for a transport; empty where it cannot carry it."""
        found = self.carries.get(profile.kind, ())
        return () if isinstance(found, str) else found

    def cannot(self, profile: Profile) -> str:
        """Why it does not carry a transport; empty where it does."""
        found = self.carries.get(profile.kind, ())
        if isinstance(found, str):
            return found
        return "" if found else f"{self.short} is not known to carry {profile.kind}"


def carried(kinds: Sequence[str], *parts: Part) -> Mapping[str, Sequence[Part]]:
    """These parts for each of these kinds of transport."""
    return dict.fromkeys(kinds, parts)


def refused(kinds: Sequence[str], why: str) -> Mapping[str, str]:
    """Why an architecture does not carry these kinds of transport."""
    return dict.fromkeys(kinds, why)
