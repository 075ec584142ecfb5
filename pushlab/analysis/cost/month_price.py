"""What a run's summary keeps of a cell's month: its bill in one architecture, from low to high."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pushlab.analysis.cost.meter import Line

if TYPE_CHECKING:
    from pushlab.analysis.cost.pricing import Priced

__all__ = ["MonthPrice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPrice:
    """The price of 30 days of a cell's traffic, in plain values.

    Attributes:
        usd, low, high: with every guess at its likely value, its cheap end, its dear end; None
            where there is no price.
        cannot: why there is none.
        architecture: its key; `title` and `place` in words, the latter with its kind.
        items: the lines of the likely bill.
        left_out: what comes on top.
        confidence: of the weakest price in it.
        sized_by: where it was measured what its servers take.
        widest: the guesses that move it most, in words.
    """

    usd: float | None = None
    low: float | None = None
    high: float | None = None
    cannot: str = "nothing was measured"
    architecture: str = ""
    title: str = ""
    place: str = ""
    items: Sequence[Line] = ()
    assumptions: str = ""
    left_out: Sequence[str] = ()
    confidence: str | None = None
    sized_by: str = ""
    widest: Sequence[str] = ()

    @classmethod
    def of(cls, priced: "Priced") -> "MonthPrice":
        """What is kept of a price."""
        from pushlab.analysis.cost.telling import place_words, swing_words

        likely, where = priced.likely, priced.architecture
        told: dict[str, Any] = {
            "architecture": where.key,
            "title": where.title,
            "place": place_words(where),
        }
        if likely is None:
            return cls(cannot=priced.cannot, **told)
        low, high = priced.range_usd
        return cls(
            usd=likely.usd,
            low=low,
            high=high,
            cannot="",
            items=[item.to_json() for item in likely.items],
            assumptions=likely.assumptions,
            left_out=list(likely.left_out),
            confidence=likely.confidence,
            sized_by=priced.sized_by,
            widest=[swing_words(one) for one in priced.swings[:2]],
            **told,
        )

    @classmethod
    def from_json(cls, told: Mapping[str, Any] | None) -> "MonthPrice":
        """What `asdict` gave; of an older pushlab's, which priced no whole, nothing."""
        known = {one.name: told[one.name] for one in fields(cls) if told and one.name in told}
        return cls(**known) if "low" in known else cls()
