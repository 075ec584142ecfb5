"""Public list prices, each with the place and the day it was read; see ``prices.csv`` beside this.

The file is a copy of figures with their sources. ``confidence`` says how good a source is:
``primary`` is the vendor's own page, ``transcription`` a dated copy of it, ``third-party`` and
``weak`` are less.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Price", "load_prices", "price", "weakest"]

_UNITS = {"million": 1_000_000, "million ms": 1_000_000, "million GB-seconds": 1_000_000}
_CONFIDENCE = ("primary", "transcription", "third-party", "weak")


@dataclass(frozen=True, slots=True)
class Price:
    """One list price: `usd` for each `per` of `item`, metered as `metering` says."""

    provider: str
    product: str
    item: str
    usd: float
    per: str
    metering: str
    source: str
    read: str
    confidence: str

    @property
    def usd_per_unit(self) -> float:
        """The price of one request, message, minute, hour or GB."""
        return self.usd / _UNITS.get(self.per, 1)


@cache
def load_prices() -> dict[tuple[str, str, str], Price]:
    """All prices, by provider, product and item."""
    text = files("pushlab.analysis").joinpath("prices.csv").read_text(encoding="utf-8")
    prices = [
        Price(**{**row, "usd": float(row["usd"])})  # type: ignore[arg-type]
        for row in csv.DictReader(text.splitlines())
    ]
    return {(p.provider, p.product, p.item): p for p in prices}


def price(provider: str, product: str, item: str) -> Price:
    """One price; KeyError if the file does not have it."""
    return load_prices()[provider, product, item]


def weakest(confidences: list[str]) -> str | None:
    """The worst of several confidences: a sum is as good as its weakest term."""
    return max(confidences, key=_CONFIDENCE.index) if confidences else None
