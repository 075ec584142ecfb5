"""The figures that the sentences of an advice share: money, how far two lie apart, names."""

from pushlab.analysis.advice.asked import Asked
from pushlab.analysis.advice.pair import Side
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.advice.sentence import Figure, said
from pushlab.quantities import amount, exact_duration

__all__ = ["apart_by", "bill", "interval_of", "less", "name", "usd", "within_usd"]


def usd(found: Range) -> Figure:
    """Money of a month."""
    return Figure(
        low=found.low, high=found.high, unit="USD a month", basis="list price", show=amount
    )


def less(apart: Range) -> Figure:
    """How much less, of how much more."""
    return usd(Range(-apart.high, -apart.likely, -apart.low))


def bill(side: Side) -> Figure:
    """What a month of one side costs."""
    return usd(side.range_of(side.usd))


def interval_of(asked: Asked) -> Figure:
    """The polls' interval."""
    return said(asked.interval_s, "s", exact_duration)


def name(side: Side) -> str:
    """A side's transport as it stands inside a sentence."""
    return side.traffic.profile.called(side.cell, within=True)


def within_usd(apart: Range) -> Figure:
    """How far two lie apart at most, at least a cent."""
    return usd(Range.of(max(0.01, abs(apart.low), abs(apart.high))))


def apart_by(*values: float) -> Figure:
    """How much more or less."""
    return Figure(
        low=min(values), high=max(values), unit="USD a month", basis="list price",
        show=_more_or_less,
    )  # fmt: skip


def _more_or_less(value: float) -> str:
    return f"USD {amount(abs(value))} {'less' if value < 0 else 'more'}"
