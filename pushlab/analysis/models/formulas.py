"""Closed forms that say what waiting, waste and queues come to, before anything is measured.

Symbols: lam = messages per second on a channel, T = poll interval, P = pause after a response,
d = one-way delay, g = gap between a response and the next request (2d where both ways are alike),
W = the longest hold of a long poll, N = clients, c = cost of one send, s = service time. All times
in seconds; arrivals are Poisson unless said otherwise. F1 to F16 are the numbers of the table in
tests/analysis/models/formulas.csv; a form without one is derived in its docstring.
"""

import math

from pushlab.analysis.models.bisection import crossing
from pushlab.errors import UsageError

__all__ = [
    "answered_interval_s",
    "cheapest_interval_s",
    "fan_out_latency_s",
    "long_poll_latency_s",
    "long_poll_percentile_s",
    "long_poll_requests_per_s",
    "memory_bytes",
    "messages_per_useful_poll",
    "one_by_one_poll_latency_s",
    "paced_long_poll_requests_per_s",
    "paced_pings_per_s",
    "paced_unbuffered_fraction",
    "pause_poll_latency_s",
    "pings_per_s",
    "poll_cycle_s",
    "poll_latency_s",
    "poll_percentile_s",
    "polled_copy_age_s",
    "polled_copy_freshness",
    "queue_wait_s",
    "servers_needed",
    "servers_reached",
    "storm_rate_per_s",
    "stream_hits_per_s",
    "synchronised_wait_s",
    "unbuffered_fraction",
    "updates_seen_fraction",
    "wasted_fraction",
]

# ---- short polling ------------------------------------------------------------------------------


def poll_latency_s(*, interval_s: float, delay_s: float) -> float:
    """F1: mean latency of polling at a fixed rate, T/2 + d."""
    return interval_s / 2 + delay_s


def poll_percentile_s(percent: float, *, interval_s: float, delay_s: float) -> float:
    """Latency of polling at a fixed rate, d + p T: waits are even between 0 and T; 100: worst."""
    return delay_s + percent / 100 * interval_s


def pause_poll_latency_s(*, pause_s: float, delay_s: float, service_s: float = 0.0) -> float:
    """F2: mean latency of polling with a pause after each response, (P+2d+s)/2 + s + d."""
    return (pause_s + 2 * delay_s + service_s) / 2 + service_s + delay_s


def one_by_one_poll_latency_s(*, rate_per_s: float, cycle_s: float, delay_s: float) -> float:
    """Mean latency where a poll fetches one message: C/(2 (1 - lam C)) + d; inf at lam C >= 1.

    The slots of a time-division multiplex are such polls (Bertsekas and Gallager, Data Networks,
    section 3.5): half a slot until the next one, and those of the queue in front, as in M/D/1.
    """
    load = rate_per_s * cycle_s
    return cycle_s / (2 * (1 - load)) + delay_s if load < 1 else math.inf


def answered_interval_s(*, interval_s: float, round_trip_s: float) -> float:
    """T': the interval of polls at a fixed rate where answers take longer, T ceil(g/T).

    One request is under way at a time: those that fall due meanwhile are left out.
    """
    return interval_s * max(1, math.ceil(round_trip_s / interval_s))


def poll_cycle_s(*, interval_s: float, round_trip_s: float, pause: bool = False) -> float:
    """From one poll to the next: a pause begins with the answer, T + g; a fixed clock gives T'."""
    if pause:
        return interval_s + round_trip_s
    return answered_interval_s(interval_s=interval_s, round_trip_s=round_trip_s)


def wasted_fraction(*, rate_per_s: float, interval_s: float) -> float:
    """F3: the fraction of polls that find nothing, exp(-lam T)."""
    return math.exp(-rate_per_s * interval_s)


def messages_per_useful_poll(*, rate_per_s: float, interval_s: float) -> float:
    """F4: messages per non-empty response, lam T / (1 - exp(-lam T))."""
    load = rate_per_s * interval_s
    return 1.0 if load == 0 else load / -math.expm1(-load)


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


# ---- long polling -------------------------------------------------------------------------------


def _long_poll_cycle_s(rate_per_s: float, gap_s: float, hold_s: float) -> float:
    """C: mean time from one request to the next, g + exp(-lam g)(1 - exp(-lam W))/lam."""
    if rate_per_s == 0:
        return gap_s + hold_s
    held = math.exp(-rate_per_s * gap_s) * -math.expm1(-rate_per_s * hold_s) / rate_per_s
    return gap_s + held


def long_poll_requests_per_s(*, rate_per_s: float, gap_s: float, hold_s: float) -> float:
    """F5: requests per second and client, 1/C."""
    return 1 / _long_poll_cycle_s(rate_per_s, gap_s, hold_s)


def long_poll_latency_s(
    *, rate_per_s: float, delay_s: float, gap_s: float | None = None, hold_s: float = 30.0
) -> float:
    """F6: mean latency, d + g^2/(2C), with g = 2d unless given."""
    gap = 2 * delay_s if gap_s is None else gap_s
    return delay_s + gap**2 / (2 * _long_poll_cycle_s(rate_per_s, gap, hold_s))


def long_poll_percentile_s(
    percent: float, *, rate_per_s: float, delay_s: float, hold_s: float
) -> float:
    """Latency of long polling, with g = 2d; 100: worst, three transits.

    A share g/C of the messages comes while no request waits, and waits evenly between 0 and g on
    top of the way; the others wait for nothing.
    """
    gap_s = 2 * delay_s
    if not gap_s:
        return delay_s
    missed = gap_s / _long_poll_cycle_s(rate_per_s, gap_s, hold_s)
    return delay_s + gap_s * max(0.0, percent / 100 - (1 - missed)) / missed


def paced_long_poll_requests_per_s(*, rate_per_s: float, gap_s: float, hold_s: float) -> float:
    """Requests per second and client when messages come every p = 1/lam seconds.

    One response per message, and one more for each hold that expires between two messages; at
    most one request per gap. (The deterministic counterpart of F5.)
    """
    if rate_per_s == 0:
        return 1 / (gap_s + hold_s)
    period = 1 / rate_per_s
    if period <= gap_s:
        return 1 / gap_s
    expiries = math.ceil(period / (gap_s + hold_s)) - 1
    return rate_per_s * (1 + expiries)


def unbuffered_fraction(*, rate_per_s: float, gap_s: float) -> float:
    """F8: what a long poll delivers without a server's buffer, 1/(1 + lam g)."""
    return 1 / (1 + rate_per_s * gap_s)


def paced_unbuffered_fraction(*, period_s: float, gap_s: float) -> float:
    """F8b: the same when messages come every p seconds, 1/ceil(g/p)."""
    return 1 / max(1, math.ceil(gap_s / period_s))


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

    def excess(rate_per_s: float) -> float:
        return gap_s + math.exp(-rate_per_s * gap_s) / rate_per_s - interval_s

    most = 1.0
    while excess(most) > 0:
        most *= 2
    return crossing(excess, 1e-9, most)


# ---- pings --------------------------------------------------------------------------------------


def pings_per_s(*, rate_per_s: float, keep_alive_s: float) -> float:
    """Pings of a client that speaks at Poisson times, K after its last word: lam/(exp(lam K) - 1).

    From each word of it, spoken or pinged, a ping is next with exp(-lam K), and something is next
    after (1 - exp(-lam K))/lam on average.
    """
    load = rate_per_s * keep_alive_s
    if load > 700:  # math.expm1 would overflow
        return 0.0
    return rate_per_s / math.expm1(load) if load > 1e-9 else 1 / keep_alive_s


def paced_pings_per_s(*, rate_per_s: float, keep_alive_s: float) -> float:
    """The same for a client that speaks every p = 1/lam seconds, (ceil(p/K) - 1)/p."""
    if rate_per_s == 0:
        return 1 / keep_alive_s
    return rate_per_s * (math.ceil(1 / (rate_per_s * keep_alive_s) - 1e-9) - 1)


def stream_hits_per_s(
    *, rate_per_s: float, acks: int, keep_alive_s: float, paced: bool = False
) -> float:
    """What one client of a stream sends: acknowledgements, and pings where it is silent for long.

    An acknowledgement is a word too, and starts the keep-alive anew.

    Args:
        acks: for each message.
        keep_alive_s: silence of the client after which it pings; 0: it never does.
        paced: messages come at a steady pace, not at Poisson times.
    """
    if not keep_alive_s:
        return acks * rate_per_s
    form = paced_pings_per_s if paced else pings_per_s
    spoken = rate_per_s if acks else 0.0
    return acks * rate_per_s + form(rate_per_s=spoken, keep_alive_s=keep_alive_s)


# ---- servers ------------------------------------------------------------------------------------


def fan_out_latency_s(*, clients: float, send_s: float) -> tuple[float, float]:
    """F12: mean and worst latency when one server sends to N clients in turn: (N+1)c/2, N c."""
    return (clients + 1) * send_s / 2, clients * send_s


def queue_wait_s(*, rate_per_s: float, service_s: float) -> float:
    """F13: mean wait before service that always takes s: rho s / (2 (1 - rho)), rho = lam s.

    The formula of Pollaczek and Khinchine for deterministic service; infinite from rho = 1 on.
    """
    load = rate_per_s * service_s
    return math.inf if load >= 1 else load * service_s / (2 * (1 - load))


def synchronised_wait_s(*, clients: int, service_s: float) -> float:
    """F14: mean wait when N clients poll at the same moment, (N - 1) s/2."""
    return (clients - 1) * service_s / 2


def memory_bytes(*, clients: float, base_bytes: float, each_bytes: float) -> float:
    """What N connections need: what the process holds without any, and N times as much as one."""
    return base_bytes + clients * each_bytes


def servers_needed(*, need: float, one_has: float, headroom: float = 0.0) -> int:
    """How many servers carry a need when a share of each is kept free, at least one.

    Args:
        need, one_has: of all, and of one server: CPU seconds a second, or bytes of memory.

    Raises:
        UsageError: nothing of a server is left.
    """
    usable = one_has * (1 - headroom)
    if usable <= 0:
        raise UsageError("nothing of a server is left for the work; lower --headroom")
    return max(1, math.ceil(need / usable - 1e-9))


def servers_reached(*, servers: float, readers: float) -> float:
    """How many of S servers have one of R readers that are spread at random, S (1 - (1 - 1/S)^R).

    Each server misses all of them with (1 - 1/S)^R. A part of a server or of a reader is none.
    """
    if servers <= 1:
        return 1.0
    return -servers * math.expm1(max(1.0, readers) * math.log1p(-1 / servers))
