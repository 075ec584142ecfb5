"""Bills against sums made by hand, and whether each figure of the book matters to one of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import pytest

from pushlab.analysis.cost.book import Price, PriceBook, load_book
from pushlab.analysis.cost.guesses import said
from pushlab.analysis.cost.meter import Item, Meter
from pushlab.analysis.cost.traffic import Traffic
from pushlab.contract.registry import profile_of

BOOK = load_book()

#: Nothing around a message or a request, and nobody who connects anew.
BARE = {
    "header_up_bytes": 0.0,
    "header_down_bytes": 0.0,
    "packet_bytes": 0.0,
    "reconnects_a_day": 0.0,
    "left_share": 1.0,
}


class Sum(NamedTuple):
    """One bill, and what it comes to by hand."""

    name: str
    metering: Callable[[Traffic, Meter], list[Item]]
    traffic: Traffic
    by_hand: float
    guesses: dict[str, float] = {}  # noqa: RUF012
    meter: dict[str, object] = {}  # noqa: RUF012

    def usd(self, book: PriceBook = BOOK) -> float:
        """The bill."""
        guesses = said(**{**BARE, **self.guesses})
        meter = Meter(book=book, guesses=guesses, **self.meter)  # type: ignore[arg-type]
        return sum(item.usd for item in self.metering(self.traffic, meter))

    def holds(self, book: PriceBook = BOOK) -> bool:
        """Whether the bill is what it is by hand, to a tenth of a cent and a millionth."""
        return self.usd(book) == pytest.approx(self.by_hand, rel=1e-6, abs=1e-3)


def on(transport: str, **given: float) -> Traffic:
    """Traffic of a transport; `bytes_each`: of a message with what its protocol puts around it."""
    profile = profile_of(transport)
    if "bytes_each" in given:
        around = profile.wire.message_bytes if profile.wire else 0
        given["payload_bytes"] = given.pop("bytes_each") - around
    return Traffic(profile=profile, **given)


def seeded(price: Price) -> Iterator[tuple[str, Price]]:
    """The price with a wrong figure in each of its fields that has one."""
    yield "usd", replace(price, usd=price.usd * 1.1)
    if price.above:
        yield "above", replace(price, above=price.above * 1.1)
    if price.free:
        yield "free", replace(price, free=price.free * 1.1)
    if price.step_bytes:
        yield "step_bytes", replace(price, step_bytes=price.step_bytes // 2)


def unnoticed(sums: Sequence[Sum], products: Iterable[tuple[str, str]]) -> list[str]:
    """The figures of these products that could be wrong while every sum still holds."""
    wanted, missed = set(products), []
    mine = [price for price in BOOK if (price.provider, price.product) in wanted]
    assert {(price.provider, price.product) for price in mine} == wanted
    for price in mine:
        others = [one for one in BOOK if one is not price]
        for field, wrong in seeded(price):
            book = PriceBook([*others, wrong])
            if all(each.holds(book) for each in sums):
                missed.append(f"{' '.join(price.key)} above {price.above:g}: {field}")
    return missed


def case(transport: str, **more: float) -> Traffic:
    """50,000 clients for a month, each with 6 messages a minute of 300 bytes on its own channel.

    12.96e9 deliveries and as many publishes, 2.16e9 minutes connected; polls every 5 s are 25.92e9.
    """
    given = {
        "clients": 50_000,
        "channels": 50_000,
        "deliveries_per_s": 5_000,
        "publishes_per_s": 5_000,
        "payload_bytes": 300,
        **more,
    }
    return on(transport, **given)
