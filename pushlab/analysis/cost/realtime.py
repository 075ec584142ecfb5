"""The metering of realtime services: plans with limits, messages, minutes, connections.

A vendor's free plan for trying things out is left aside: what is priced may go into production.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from pushlab.analysis.cost.common import GB, GIB, downloads, message_bytes, month_of
from pushlab.analysis.cost.meter import MINUTES, Item, Meter, Uncarried
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["ably", "pubnub", "pusher", "supabase"]


class _Plan(NamedTuple):
    """A plan of a price list, with the most that it allows at a time and in a second."""

    name: str
    users: float
    messages_per_s: float = math.inf


#: ably.com/docs/platform/pricing (2026-08-03)
_ABLY = (_Plan("standard", 10_000, 2_500), _Plan("pro", 50_000, 10_000))
_ABLY_USUAL_BYTES = 5 * 1024  # a message; the bytes of all together above that are paid for
#: pusher.com/channels/pricing, by the day
_PUSHER = (
    _Plan("startup", 500, 1e6 / 86_400),
    _Plan("pro", 2_000, 4e6 / 86_400),
    _Plan("business", 5_000, 10e6 / 86_400),
    _Plan("premium", 10_000, 20e6 / 86_400),
    _Plan("growth", 15_000, 40e6 / 86_400),
    _Plan("plus", 20_000, 60e6 / 86_400),
    _Plan("growth-plus", 30_000, 90e6 / 86_400),
)
#: www.pubnub.com/pricing, by the users of a month
_PUBNUB = (
    _Plan("starter", 1_000),
    _Plan("pro-5k", 5_000),
    _Plan("pro-10k", 10_000),
    _Plan("pro-25k", 25_000),
)


def _messages_per_s(traffic: Traffic) -> float:
    """One publish to ten subscribers is eleven messages."""
    return traffic.publishes_per_s + traffic.deliveries_per_s


def _smallest(plans: Sequence[_Plan], users: float, messages_per_s: float) -> _Plan | None:
    fit = (p for p in plans if users <= p.users and messages_per_s <= p.messages_per_s)
    return next(fit, None)


def _fee(
    meter: Meter, vendor: str, plans: Sequence[_Plan], users: float, per_s: float
) -> list[Item]:
    """The month of the smallest plan that allows so many users and messages a second.

    Raises:
        Uncarried: none does, and what is larger has no public price.
    """
    plan = _smallest(plans, users, per_s)
    if plan is None:
        last = plans[-1]
        most = f"{last.users:,.0f} users a month"
        if math.isfinite(last.messages_per_s):
            most = f"{last.users:,.0f} clients and {last.messages_per_s:,.0f} messages a second"
        raise Uncarried(
            f"{vendor}'s price list ends at {most}; what is larger has a price on request"
        )
    what = f"{vendor.lower()} {plan.name} month"
    return meter.charge(what, f"months of the plan {plan.name!r}", 1)


def _rounded(meter: Meter, what: str, count: float, step: float) -> float:
    """So many units, with those beyond the free ones in whole steps."""
    free = meter.book.tiers(*what.split())[0].free
    beyond = math.ceil(round(max(0.0, count - free) / step, 6)) * step
    return min(count, free) + beyond


def _by_volume(meter: Meter, items: list[Item]) -> list[Item]:
    """The lines, with what lies beyond the tiers of the book at a share of its price."""
    share, found = meter.guess("beyond_book_share"), []
    for item in items:
        beyond = item.beyond if share != 1 else 0.0
        cheaper = replace(item.price, usd=item.price.usd * share)
        found += [replace(item, units=item.units - beyond)] if item.units > beyond else []
        found += [replace(item, units=beyond, price=cheaper)] if beyond else []
    return found


def ably(traffic: Traffic, meter: Meter) -> list[Item]:
    """Ably by resources: the package, messages, minutes of connections and channels, by millions.

    Above the largest package with a price its fee stands for that of the one on request. What lies
    beyond the first tier costs less, nobody but Ably knows how much. Bytes are paid for where
    messages are of more than 5 KiB on average.
    """
    count, size = month_of(_messages_per_s(traffic)), message_bytes(traffic)
    plan = _smallest(_ABLY, max(traffic.clients, traffic.channels), _messages_per_s(traffic))
    name = (plan or _ABLY[-1]).name
    instead = "" if plan else ", in place of a larger one on request"
    excess = count * max(0.0, size - _ABLY_USUAL_BYTES) / GIB
    metered = (
        ("messages message", "publishes and deliveries", count),
        ("connections connection-minute", "minutes connected", traffic.clients * MINUTES),
        ("channels channel-minute", "minutes of channels", traffic.channels * MINUTES),
    )
    items = meter.charge(f"ably {name} month", f"months of the package {name!r}{instead}", 1)
    for what, event, events in metered:
        units = _rounded(meter, f"ably {what}", events, 1e6)
        items += _by_volume(meter, meter.charge(f"ably {what}", event, events, units=units))
    if excess:
        items += meter.charge("ably bandwidth data-out", "bytes above 5 KiB a message", excess)
    return items


def pusher(traffic: Traffic, meter: Meter) -> list[Item]:
    """Pusher Channels: the plan that allows the clients, and the messages of a day."""
    return _fee(meter, "Pusher", _PUSHER, traffic.clients, _messages_per_s(traffic))


def pubnub(traffic: Traffic, meter: Meter) -> list[Item]:
    """PubNub by users: the plan that allows those of a month, however many messages they get."""
    users = traffic.clients * meter.guess("users_per_client")
    return _fee(meter, "PubNub", _PUBNUB, users, 0.0)


def supabase(traffic: Traffic, meter: Meter) -> list[Item]:
    """Supabase's Realtime in the Pro plan: messages and connections in whole packages, and data."""
    count, clients = month_of(_messages_per_s(traffic)), traffic.clients
    messages = _rounded(meter, "supabase realtime message", count, 1e6)
    peak = _rounded(meter, "supabase realtime peak-connection", clients, 1_000)
    return [
        *meter.charge("supabase pro month", "months of the plan 'pro'", 1),
        *meter.charge(
            "supabase realtime message", "publishes and deliveries", count, units=messages
        ),
        *meter.charge(
            "supabase realtime peak-connection", "clients connected", clients, units=peak
        ),
        *downloads(traffic, meter, "supabase egress data-out", GB),
    ]
