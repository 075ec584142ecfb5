"""A number that is not known exactly: the least, the likely and the most that it may be."""

from typing import NamedTuple, Self

__all__ = ["Range"]


class Range(NamedTuple):
    """A number with the least and the most that it may be."""

    low: float
    likely: float
    high: float

    @classmethod
    def of(cls, value: float) -> Self:
        """What is known exactly."""
        return cls(value, value, value)

    def joined(self, other: "Range") -> "Range":
        """From the least of both to the most; likely is this one's."""
        return Range(min(self.low, other.low), self.likely, max(self.high, other.high))

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return self._asdict()
