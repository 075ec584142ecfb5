"""How a page's clock stands to the machine's monotonic clock, and how well that is known.

Chromium's `performance.now()` on Linux is CLOCK_MONOTONIC from a zero of its own, rounded down to
5 µs in a page that is isolated from others, to 100 µs elsewhere. The zero is found as the clock of
a host far away is found (Cristian, 1989): ask for the time, note when the question left and when
the answer came. The page's reading lies between, so each exchange gives a span for the offset; all
of them together leave what they have in common, which is no wider than that of the quickest.

It is done before the trial and after it. Between, the offset is taken to go in a straight line;
the bound on its error is the larger one of the two ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Exchange", "Offset", "PageClock", "offset_of"]

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question for the time: when it left and when its answer came, and the page's reading."""

    asked_ns: int
    answered_ns: int
    page_ms: float


@dataclass(frozen=True, slots=True)
class Offset:
    """Monotonic minus page, to plus or minus `bound_ns`, when the page's clock was `at_ms`."""

    offset_ns: int
    bound_ns: int
    at_ms: float


def offset_of(exchanges: Sequence[Exchange], resolution_ns: int) -> Offset:
    """The offset that all exchanges allow; that of the quickest, where they contradict each other.

    Args:
        resolution_ns: how much earlier than the truth a page's reading may be.
    """
    spans = [
        (
            e.asked_ns - round(e.page_ms * _MS) - resolution_ns,
            e.answered_ns - round(e.page_ms * _MS),
        )
        for e in exchanges
    ]
    low, high = max(low for low, _ in spans), min(high for _, high in spans)
    if low > high:
        low, high = min(spans, key=lambda span: span[1] - span[0])
    middle_ms = sum(e.page_ms for e in exchanges) / len(exchanges)
    return Offset((low + high) // 2, (high - low + 1) // 2, middle_ms)


@dataclass(frozen=True, slots=True)
class PageClock:
    """A page's clock, known before a trial and, once it is over, after it too."""

    before: Offset
    after: Offset | None = None

    @property
    def drift_ns(self) -> int:
        """By how much the offset has changed."""
        return 0 if self.after is None else self.after.offset_ns - self.before.offset_ns

    @property
    def bound_ns(self) -> int:
        """How far a moment that `to_ns` gives may be from the truth."""
        return max(self.before.bound_ns, self.after.bound_ns if self.after else 0)

    def to_ns(self, page_ms: float) -> int:
        """A page's moment on the monotonic clock."""
        offset = float(self.before.offset_ns)
        if self.after is not None and self.after.at_ms > self.before.at_ms:
            share = (page_ms - self.before.at_ms) / (self.after.at_ms - self.before.at_ms)
            offset += self.drift_ns * share
        return round(page_ms * _MS + offset)

    def to_ms(self, ns: int) -> float:
        """A moment of the monotonic clock as the page's, by what is known before the trial."""
        return (ns - self.before.offset_ns) / _MS
