"""Closed forms that say what waiting, waste and queues come to, before anything is measured.

Symbols: lam = messages per second on a channel, T = poll interval, g = gap between a response and
the next request, N = clients, c = cost of one send, s = service time, rho = utilisation. All times
in seconds; arrivals are Poisson unless said otherwise. The numbers F8 to F16 continue those of
`pushlab.analysis.prediction`.
"""

import math

from pushlab.errors import UsageError

__all__ = [
    "cheapest_interval_s",
    "fan_out_latency_s",
    "paced_unbuffered_fraction",
    "polled_copy_age_s",
    "polled_copy_freshness",
    "queue_wait_s",
    "storm_rate_per_s",
    "synchronised_wait_s",
    "unbuffered_fraction",
    "updates_seen_fraction",
]


def unbuffered_fraction(*, rate_per_s: float, gap_s: float) -> float:
    """F8: what a long poll delivers without a server's buffer, 1/(1 + lam g)."""
    return 1 / (1 + rate_per_s * gap_s)


def paced_unbuffered_fraction(*, period_s: float, gap_s: float) -> float:
    """F8b: the same when messages come every p seconds, 1/ceil(g/p)."""
    return 1 / max(1, math.ceil(gap_s / period_s))


def polled_copy_freshness(*, rate_per_s: float, interval_s: float) -> float:
    """F9: the share of time in which a copy polled every T is true, (1 - exp(-lam T))/(lam T)."""
    load = rate_per_s * interval_s
    return -math.expm1(-load) / load if load else 1.0


def polled_copy_age_s(*, rate_per_s: float, interval_s: float) -> float:
    """F10: the mean age of a copy polled every T; T(1/2 - 1/x + (1 - exp(-x))/x^2), x = lam T."""
    load = rate_per_s * interval_s
    if load < 1e-4:  # the terms cancel; this is the beginning of its series
        return interval_s * load / 6
    return interval_s * (0.5 - 1 / load - math.expm1(-load) / load**2)


def updates_seen_fraction(*, rate_per_s: float, interval_s: float) -> float:
    """F11: of the updates to one value, those that a poll every T ever sees; the same as F9."""
    return polled_copy_freshness(rate_per_s=rate_per_s, interval_s=interval_s)


def fan_out_latency_s(*, clients: int, send_s: float) -> tuple[float, float]:
    """F12: mean and worst latency when one server sends to N clients in turn: (N+1)c/2, N c."""
    return (clients + 1) * send_s / 2, clients * send_s


def queue_wait_s(*, rate_per_s: float, service_s: float) -> float:
    """F13: mean wait before service that always takes s: rho s / (2 (1 - rho)).

    The formula of Pollaczek and Khinchine for deterministic service; infinite from rho = 1 on.
    """
    load = rate_per_s * service_s
    return math.inf if load >= 1 else load * service_s / (2 * (1 - load))


def synchronised_wait_s(*, clients: int, service_s: float) -> float:
    """F14: mean wait when N clients poll at the same moment, (N - 1) s/2."""
    return (clients - 1) * service_s / 2


def cheapest_interval_s(*, poll_cost: float, waiting_cost_per_s: float, rate_per_s: float) -> float:
    """F15: the interval at which polls and waiting together cost least, sqrt(2c/(w lam)).

    Args:
        poll_cost: c, of one poll.
        waiting_cost_per_s: w, of one message that waits a second.

    Raises:
        UsageError: nothing arrives, or waiting costs nothing: then never polling is cheapest.
    """
    if waiting_cost_per_s <= 0 or rate_per_s <= 0:
        raise UsageError("the cheapest interval needs messages, and a cost of letting them wait")
    return math.sqrt(2 * poll_cost / (waiting_cost_per_s * rate_per_s))


def storm_rate_per_s(*, interval_s: float, gap_s: float) -> float:
    """F16: the message rate from which long polling asks more often than a poll every T.

    Solves g + exp(-lam g)/lam = T by bisection; about 1/T while the gap is short.

    Raises:
        UsageError: the gap is as long as the interval: long polling never asks as often.
    """
    if gap_s >= interval_s:
        raise UsageError(
            f"with a gap of {gap_s:g} s, long polling never asks more often than every"
            f" {interval_s:g} s"
        )
    low, high = 1e-9, 1.0
    while gap_s + math.exp(-high * gap_s) / high > interval_s:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if gap_s + math.exp(-middle * gap_s) / middle > interval_s:
            low = middle
        else:
            high = middle
    return high
