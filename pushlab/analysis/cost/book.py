"""The price book: public list prices, each with its tiers, the place and the day it was read.

``prices.csv`` beside this module is the book that comes with pushlab; a file of one's own, with the
same columns, adds prices and takes the place of those of the same provider, product and item:

===================  ==========================================================================
column               holds
===================  ==========================================================================
provider, product,   what is sold
item
usd, per             the price, and of how much: ``million``, ``hour``, ``GB`` and so on
above                this price holds above so many units a month (a tier); empty: from the first
up_to                so many units a month are known to cost this; the vendor has further tiers that
                     the book does not know; empty: as many as one likes
free                 units that each account has for nothing every month, on an item's first tier;
                     they count towards no tier; empty: none
step_bytes           one message of more than this is metered as several; empty: size is free
metering             the rule in words
source, read         where it was read, and on which day (or ``undated``)
confidence           ``primary`` (the vendor's own page), ``transcription`` (a dated copy of it),
                     ``third-party``, ``weak``
===================  ==========================================================================

``above``, ``up_to``, ``free``, ``step_bytes`` and ``metering`` may be missing.
"""

import csv
import math
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pushlab.errors import UsageError
from pushlab.quantities import counted, listed

__all__ = ["CONFIDENCES", "Key", "Price", "PriceBook", "load_book", "weakest"]

CONFIDENCES = ("primary", "transcription", "third-party", "weak")
_UNITS = {"thousand": 1e3, "million": 1e6, "million ms": 1e6, "million GB-seconds": 1e6}
_NEEDED = ("provider", "product", "item", "usd", "per", "source", "read", "confidence")
_OPTIONAL = ("above", "up_to", "free", "step_bytes", "metering")
_OLD_DAYS = 365
_MOST_NAMED = 4

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One tier of one list price; the attributes are the book's columns."""

    provider: str
    product: str
    item: str
    usd: float
    per: str
    source: str
    read: str
    confidence: str
    above: float = 0.0
    up_to: float = math.inf
    free: float = 0.0
    step_bytes: int | None = None
    metering: str = ""

    @property
    def key(self) -> Key:
        """What is sold."""
        return self.provider, self.product, self.item

    @property
    def usd_per_unit(self) -> float:
        """The price of one request, message, minute, hour or GB."""
        return self.usd / _UNITS.get(self.per, 1.0)

    @property
    def unit(self) -> str:
        """What one unit is, in words: ``request``, ``connection-minute``, ``GB``."""
        if self.per in ("thousand", "million", "million ms"):
            return self.item
        return self.per.removeprefix("million ").removesuffix("s")

    @property
    def words(self) -> str:
        """``USD 1.00 a million``, ``USD 0.0225 an hour``."""
        whole, _, part = f"{self.usd:.10f}".rstrip("0").partition(".")
        article = "an" if self.per[0] in "aeiohL" else "a"
        return f"USD {int(whole):,}.{part:<02} {article} {self.per}"

    def steps(self, message_bytes: float) -> int:
        """How many metered units one message of this size is."""
        if self.step_bytes is None:
            return 1
        return max(1, math.ceil(message_bytes / self.step_bytes))

    def age_days(self, today: date) -> int | None:
        """How long ago it was read, at the least; None where the day is not known.

        A year or a month alone (``2024``, ``2024-05``) stands for its last day.
        """
        year, month, day = [*self.read.split("-"), "", ""][:3]
        try:
            if not day:
                month = month or "12"
                day = str(monthrange(int(year), int(month))[1])
            return (today - date(int(year), int(month), int(day))).days
        except ValueError:
            return None

    def is_old(self, today: date | None = None) -> bool:
        """Whether it was read more than a year ago."""
        return (self.age_days(today or date.today()) or 0) > _OLD_DAYS

    def to_json(self) -> dict[str, Any]:
        """The columns in plain values; ``up_to`` is None where the book knows all tiers."""
        told = {name: getattr(self, name) for name in (*_NEEDED, *_OPTIONAL)}
        return {**told, "up_to": self.up_to if math.isfinite(self.up_to) else None}


class PriceBook:
    """Prices by provider, product and item.

    Args:
        prices: the tiers, in any order.

    Raises:
        UsageError: an item has no price from the first unit on, or one tier twice.
    """

    def __init__(self, prices: Iterable[Price]) -> None:
        tiers: dict[Key, list[Price]] = {}
        for price in prices:
            tiers.setdefault(price.key, []).append(price)
        self._tiers = {key: sorted(found, key=lambda p: p.above) for key, found in tiers.items()}
        for key, found in self._tiers.items():
            starts = [price.above for price in found]
            if starts[0] != 0 or len(set(starts)) != len(starts):
                raise UsageError(
                    f"{' '.join(key)}: its tiers must begin above 0 (an empty field) and differ,"
                    f" not be above {', '.join(f'{start:g}' for start in starts)}"
                )

    def tiers(self, provider: str, product: str, item: str) -> Sequence[Price]:
        """The tiers of one item, from the first unit on.

        Raises:
            UsageError: the book does not have it.
        """
        try:
            return self._tiers[provider, product, item]
        except KeyError:
            raise UsageError(
                f"the price book has no price for {provider} {product} {item}"
            ) from None

    def updated(self, other: "PriceBook") -> "PriceBook":
        """This book with the other's items added, or put in the place of its own."""
        merged = {**self._tiers, **other._tiers}
        return PriceBook(price for found in merged.values() for price in found)

    @property
    def items(self) -> Mapping[Key, Sequence[Price]]:
        """The tiers of everything that is sold, by provider, product and item."""
        return self._tiers

    def __iter__(self) -> Iterator[Price]:
        return (price for found in self._tiers.values() for price in found)

    def __len__(self) -> int:
        return sum(map(len, self._tiers.values()))

    def warnings(
        self, today: date | None = None, among: Iterable[Price] | None = None
    ) -> list[str]:
        """What to know before one trusts it: prices read more than a year ago.

        Args:
            among: the prices that something rests on; None: all.
        """
        prices = list(dict.fromkeys(self if among is None else among))
        old = [price for price in prices if price.is_old(today)]
        if not old:
            return []
        oldest = min(price.read for price in old)
        products = dict.fromkeys(f"{price.provider} {price.product}" for price in old)
        named = [*products][:_MOST_NAMED]
        if len(products) > len(named):
            named[-1:] = [f"{len(products) - len(named) + 1} more"]
        return [
            f"{len(old)} of {counted(len(prices), 'price')} read more than a year ago, the oldest"
            f" on {oldest} ({listed(named)}); read anew before you decide"
        ]


def load_book(path: Path | None = None) -> PriceBook:
    """The book that comes with pushlab, with the prices of a file of one's own put over it.

    Raises:
        UsageError: the file cannot be read, lacks a column, or has a field that is no price; the
            text names the file, the line and the column.
    """
    book = _builtin()
    if path is None:
        return book
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such price file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as a price file ({error})") from error
    try:
        return book.updated(PriceBook(_parse(text, str(path))))
    except UsageError as error:
        where = "" if str(error).startswith(str(path)) else f"{path}: "
        raise UsageError(f"{where}{error}") from error


@cache
def _builtin() -> PriceBook:
    text = files("pushlab.analysis.cost").joinpath("prices.csv").read_text(encoding="utf-8")
    return PriceBook(_parse(text, "prices.csv"))


def _parse(text: str, file: str) -> list[Price]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    try:
        names = reader.fieldnames or ()
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise UsageError(
                f"{file}: the column {missing[0]!r} is missing (needed: {', '.join(_NEEDED)};"
                f" possible: {', '.join(_OPTIONAL)})"
            )
        return [_price(row, f"{file}: line {reader.line_num}") for row in reader]
    except csv.Error as error:
        raise UsageError(f"{file}: line {reader.line_num}: not CSV ({error})") from error


def _price(row: Mapping[str, str | None], where: str) -> Price:
    texts = {name: (row.get(name) or "").strip() for name in (*_NEEDED, *_OPTIONAL)}
    for name in _NEEDED:
        if not texts[name]:
            raise UsageError(f"{where}: {name} is empty")
    if texts["confidence"] not in CONFIDENCES:
        raise UsageError(
            f"{where}: confidence is {texts['confidence']!r}; it must be one of"
            f" {', '.join(CONFIDENCES)}"
        )
    step = _number(texts["step_bytes"], f"{where}: step_bytes")
    values: dict[str, Any] = {
        "usd": _number(texts["usd"], f"{where}: usd"),
        "above": _number(texts["above"], f"{where}: above"),
        "up_to": _number(texts["up_to"], f"{where}: up_to") or math.inf,
        "free": _number(texts["free"], f"{where}: free"),
        "step_bytes": int(step) if step >= 1 else None,
    }
    return Price(**{**texts, **values})


def _number(text: str, where: str) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        raise UsageError(f"{where}: {text!r} is no number") from None
    if not math.isfinite(value) or value < 0:
        raise UsageError(f"{where}: {text} must be a number of at least 0")
    return value


def weakest(confidences: Iterable[str]) -> str | None:
    """The worst of several confidences: a sum is as good as its weakest term."""
    return max(confidences, key=CONFIDENCES.index, default=None)
