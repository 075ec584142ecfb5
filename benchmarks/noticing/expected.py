"""How soon a departure must be noticed, from the hub's dials and the transport's own timers.

Each is a span: where in its turn the transport is when the page goes decides, and nobody knows.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from pushlab.contract.profile import Profile
from pushlab.contract.serving import HubSettings

__all__ = ["HOWS", "Network", "Span", "expected"]

#: Ways to go, in words.
HOWS = {"closed": "tab closed", "killed": "renderer killed", "cut": "network cut"}
_SWEEP_S = 0.25  # the hub looks for leases that have run out so often
_LEAST_RTO_S, _LONGEST_RTO_S, _DOUBLINGS = 0.2, 120.0, 9  # Linux's TCP_RTO_MIN, TCP_RTO_MAX
_RETRIES = Path("/proc/sys/net/ipv4/tcp_retries2")


@dataclass(frozen=True, slots=True)
class Span:
    """From the earliest to the latest moment, in seconds, and why in symbols."""

    least_s: float
    most_s: float
    why: str

    def __str__(self) -> str:
        return f"{math.floor(self.least_s)} to {self.most_s:.0f}" if self.most_s else "at once"


@dataclass(frozen=True, slots=True)
class Network:
    """What lies between.

    Attributes:
        ping_s: after which the hub pings a WebSocket, and again waits for the answer.
        given_up_s: after which a proxy's kernel gives up bytes that nobody acknowledges.
    """

    ping_s: float
    given_up_s: float

    @classmethod
    def here(cls, ping_s: float) -> "Network":
        """With this machine's ``tcp_retries2`` (Linux's documentation, ip-sysctl)."""
        return cls(ping_s, given_up_s(int(_RETRIES.read_text())))


def given_up_s(retries: int) -> float:
    """Linux's `tcp_retries2` as a time: each wait is twice the one before, up to two minutes."""
    doubled = min(retries, _DOUBLINGS)
    rest = max(0, retries - _DOUBLINGS)
    return (2 ** (doubled + 1) - 1) * _LEAST_RTO_S + rest * _LONGEST_RTO_S


def expected(
    profile: Profile, how: str, *, proxied: bool, settings: HubSettings, network: Network
) -> Span:
    """When the application must hear of it.

    Args:
        profile: in force, with the page's own interval.
        how: one of `HOWS`.
        proxied: whether a proxy stands between, whose connection to the hub outlives the page's.
    """
    timers, unanswered_s = profile.timers, settings.unanswered_s
    polls = profile.delivery == "interval-poll"
    if how == "closed" or (how == "killed" and not polls):
        return Span(0.0, 0.0, "at once")
    if polls:
        lease_s = timers.lease_s
        return Span(lease_s - timers.interval_s, lease_s + _SWEEP_S, "lease after the last poll")
    if profile.delivery == "held-poll":
        latest_s = timers.hold_s + unanswered_s + _SWEEP_S
        return Span(unanswered_s, latest_s, "rest of the hold + unanswered")
    if profile.protocol == "http":
        until_s, word = (network.given_up_s, "retries") if proxied else (unanswered_s, "unanswered")
        return Span(until_s, timers.keep_alive_s + until_s, f"to the next keep-alive + {word}")
    until_s, word = (network.ping_s, "ping") if proxied else (unanswered_s, "unanswered")
    return Span(until_s, network.ping_s + until_s, f"to the next ping + {word}")
