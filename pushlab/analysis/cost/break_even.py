"""The break-even: the poll interval at which polling costs what push costs, offer against offer.

Where an offer meters polls at one price p beside a base b that does not depend on them, the closed
form is T* = N x month x p / (USD of push - b). Tiers bend it, so the interval is also found by
search on the bills themselves.
"""

from dataclasses import dataclass, replace
from typing import Any

from pushlab.analysis.cost.book import PriceBook
from pushlab.analysis.cost.meter import SECONDS, Bill
from pushlab.analysis.cost.offers import Offer, bill
from pushlab.analysis.cost.traffic import Traffic, by_transport
from pushlab.analysis.models.bisection import crossing
from pushlab.contract.profile import Profile

__all__ = ["BreakEven", "break_even", "closed_form_interval_s", "usd_at_interval"]

_LEAST_S, _MOST_S = 1e-3, 30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Polling at one offer against push at another.

    Attributes:
        polling: key of the offer that is polled; `push`: of the other.
        profile, cell: of push.
        push_usd: what a month of push costs.
        interval_s: polling is the cheaper one at longer intervals; None if it never or always is.
        closed_form_s: T* at the price of the first unit; None where polls are not metered, or push
            costs no more than what polling costs without any poll.
        always: ``polling`` or ``push``: who is cheaper at every interval; None if it depends.
    """

    polling: str
    push: str
    profile: Profile
    cell: str
    push_usd: float
    interval_s: float | None
    closed_form_s: float | None
    always: str | None

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the transport's name for its profile."""
        return by_transport(self)


def closed_form_interval_s(
    *, clients: float, usd_per_poll: float, push_usd: float, base_usd: float = 0.0
) -> float | None:
    """T* = N x month x p / (USD - b): where N clients' polls cost as much as push; None: nowhere.

    Args:
        base_usd: what a month of polling costs before the first poll.
    """
    left = push_usd - base_usd
    return clients * SECONDS * usd_per_poll / left if left > 0 else None


def usd_at_interval(
    offer: Offer, traffic: Traffic, interval_s: float, book: PriceBook, **dials: float | bool
) -> float:
    """A month of short polling like `traffic`, but at this interval."""
    return bill(offer, traffic.polled_every(interval_s), book, **dials).usd


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
        return usd_at_interval(polling, poll_traffic, interval_s, book, **dials)

    always = None
    if usd(_LEAST_S) <= push.usd:
        always = "polling"
    elif usd(_MOST_S) > push.usd:
        always = "push"
    return BreakEven(
        polling=polling.key,
        push=push.offer,
        profile=push.profile,
        cell=push.cell,
        push_usd=push.usd,
        interval_s=None if always else crossing(lambda t: usd(t) - push.usd, _LEAST_S, _MOST_S),
        closed_form_s=_closed_form(polling, poll_traffic, push, book, dials),
        always=always,
    )


def _closed_form(
    polling: Offer, traffic: Traffic, push: Bill, book: PriceBook, dials: dict[str, float | bool]
) -> float | None:
    """T* from what one poll more costs at the first tier's price, where polls are metered."""
    if not polling.meters_polls:
        return None
    flat = {**dials, "first_tier_only": True}
    # Many polls a client, so that no month's minimum hides their price.
    few, many = (
        bill(polling, _with_polls(traffic, polls), book, **flat).usd for polls in (1e12, 2e12)
    )
    each = (many - few) / 1e12
    return closed_form_interval_s(
        clients=traffic.clients,
        usd_per_poll=each,
        push_usd=push.usd,
        base_usd=max(0.0, few - each * 1e12),
    )


def _with_polls(traffic: Traffic, polls_per_month: float) -> Traffic:
    asked = traffic.polled_every(traffic.clients * SECONDS / polls_per_month)
    return replace(asked, interval_s=None)  # connections stay open
