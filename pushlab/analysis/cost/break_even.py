"""The break-even: the poll interval at which polling costs what push costs, offer against offer.

Where an offer meters polls alone at one price p, the closed form is T* = N x month x p / USD of
push. Tiers bend it, so the interval is also found by search on the bills themselves.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from pushlab.analysis.cost.book import PriceBook
from pushlab.analysis.cost.meter import SECONDS, Bill
from pushlab.analysis.cost.offers import Offer, bill
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["BreakEven", "break_even", "closed_form_interval_s"]

_LEAST_S, _MOST_S = 1e-3, 30 * 86_400.0
_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Polling at one offer against push at another.

    Attributes:
        interval_s: polling is the cheaper one at longer intervals; None if it never or always is.
        closed_form_s: T* at the price of the first unit; None where polls are not metered.
        always: ``polling`` or ``push``: who is cheaper at every interval; None if it depends.
    """

    polling: str
    push: str
    transport: str
    push_usd: float
    interval_s: float | None
    closed_form_s: float | None
    always: str | None


def closed_form_interval_s(*, clients: float, usd_per_poll: float, push_usd: float) -> float:
    """T* = N x month x p / USD: the interval at which N clients' polls cost as much as push."""
    return clients * SECONDS * usd_per_poll / push_usd if push_usd else math.inf


def break_even(
    polling: Offer, poll_traffic: Traffic, push: Bill, book: PriceBook, **dials: float | bool
) -> BreakEven:
    """Find the interval for short polling at `polling` beside the bill of a push transport.

    Args:
        poll_traffic: of short polling, at any interval; its clients and messages stay.
        dials: as for `pushlab.analysis.cost.offers.bill`.

    Raises:
        UsageError: see `bill`.
    """

    def usd(interval_s: float) -> float:
        hits_per_s = poll_traffic.clients / interval_s
        scale = hits_per_s / poll_traffic.hits_per_s if poll_traffic.hits_per_s else 1.0
        cores = None if poll_traffic.cores is None else poll_traffic.cores * scale
        asked = replace(poll_traffic, interval_s=interval_s, hits_per_s=hits_per_s, cores=cores)
        return bill(polling, asked, book, **dials).usd

    always = None
    if usd(_LEAST_S) <= push.usd:
        always = "polling"
    elif usd(_MOST_S) > push.usd:
        always = "push"
    return BreakEven(
        polling=polling.key,
        push=push.offer,
        transport=push.transport,
        push_usd=push.usd,
        interval_s=None if always else _search(lambda interval_s: usd(interval_s) - push.usd),
        closed_form_s=_closed_form(polling, poll_traffic, push, book),
        always=always,
    )


def _search(excess: Callable[[float], float]) -> float:
    """Where a falling function crosses zero, by bisection on a scale of ratios."""
    low, high = _LEAST_S, _MOST_S
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        if middle in (low, high):
            break
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
    return high


def _closed_form(polling: Offer, traffic: Traffic, push: Bill, book: PriceBook) -> float | None:
    """T* at the first unit's price, where polls are the only thing that is metered."""
    one = replace(traffic, hits_per_s=1 / SECONDS, deliveries_per_s=0.0, interval_s=None)
    items = bill(polling, one, book, first_tier_only=True).items
    if len(items) != 1 or items[0].event != "polls":
        return None
    return closed_form_interval_s(
        clients=traffic.clients, usd_per_poll=items[0].usd, push_usd=push.usd
    )
