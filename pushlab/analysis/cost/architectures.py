"""Architectures: wholes that one can rent and run, with every part that a transport needs in them.

A price is always that of a whole. An architecture says for each kind of transport which parts it
then has, or why it cannot carry it. Parts are functions of traffic and meter; the vendors' modules
have them, and the book has their prices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pushlab.analysis.cost import aws, aws_servers
from pushlab.analysis.cost.meter import Item, Meter
from pushlab.analysis.cost.traffic import Traffic
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError

__all__ = [
    "ARCHITECTURES",
    "DEFAULT",
    "KINDS_OF_ARCHITECTURE",
    "PARTS",
    "Architecture",
    "Part",
    "find_architectures",
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
    "service",
    "broker",
    "backplane",
    "publishing",
    "egress",
)

#: Kinds of transport; see `Profile.kind`.
_SHORT, _LONG, _SSE = "http interval-poll", "http held-poll", "http stream"
_WEBSOCKET, _MQTT = "websocket stream", "mqtt stream"
_POLLS = (_SHORT, _LONG)
_HTTP = (*_POLLS, _SSE, _WEBSOCKET)


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

    @property
    def meters_polls(self) -> bool:
        """Whether each poll is paid for: where one more costs more at any size."""
        return self.kind in ("serverless", "managed")


def _for(kinds: Sequence[str], *parts: Part) -> Mapping[str, Sequence[Part]]:
    return dict.fromkeys(kinds, parts)


def _not(kinds: Sequence[str], why: str) -> Mapping[str, str]:
    return dict.fromkeys(kinds, why)


_FARGATE = Part("servers", aws_servers.fargate)
_ALB = Part("balancer", aws.balancer)
_AWS_EGRESS = Part("egress", aws.egress)

_ALL = [
    Architecture(
        key="aws-containers",
        title="AWS: load balancer with Fargate containers",
        short="AWS containers",
        kind="containers",
        provider="aws",
        carries={
            **_for(_HTTP, _FARGATE, _ALB, _AWS_EGRESS),
            **_for([_MQTT], _FARGATE, _AWS_EGRESS),
        },
        left_out=("a network balancer for MQTT", "the backplane"),
        assumptions="TLS ends at the balancer; MQTT over TCP has a network balancer, and its broker"
        " shares each container with its server; publishing is a request to one's own server",
    ),
]

#: Every architecture, by its key.
ARCHITECTURES: Mapping[str, Architecture] = {one.key: one for one in _ALL}
#: The one in which all five transports can run.
DEFAULT = ARCHITECTURES["aws-containers"]


def find_architectures(names: str | None) -> list[Architecture]:
    """Architectures by their keys or kinds with commas between, or all for ``all`` or None.

    Raises:
        UsageError: there is no such architecture.
    """
    if names is None or names.strip() == "all":
        return list(ARCHITECTURES.values())
    found: list[Architecture] = []
    for name in (part.strip() for part in names.split(",")):
        named = [one for one in ARCHITECTURES.values() if name in (one.key, one.kind)]
        if not named:
            known = ", ".join(["all", *KINDS_OF_ARCHITECTURE, *ARCHITECTURES])
            raise UsageError(f"unknown architecture {name!r} (known: {known})")
        found += named
    return list(dict.fromkeys(found))
