"""What a sweep's title says: the line that a swept key moves most, and one that it leaves alone."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pushlab.analysis.summary.keys import value_words, with_key
from pushlab.charts.curves import Spot
from pushlab.quantities import listed, times

__all__ = ["Course", "Ends", "grid_finding"]

_SAME = 1.25  # a figure that changes by less is called the same
#: Keys whose number stands before the word.
_COUNTED = ("clients", "rate_per_s")


@dataclass(frozen=True, slots=True)
class Ends:
    """A line at the first and the last value of a key, other keys being held as `where` says."""

    where: str
    first: Spot
    last: Spot

    @property
    def slope(self) -> float:
        """The logarithm of its factor; endless when it rises from nothing."""
        low, high = self.first.value or 0.0, self.last.value or 0.0
        if not low or not high:
            return 0.0 if low == high else math.inf
        return math.log(high / low)

    @property
    def apart(self) -> bool:
        """Whether the ends differ beyond doubt, as far as one pair of them can tell."""
        if self.first.careful or self.last.careful:
            return False
        low, high = sorted((self.first, self.last), key=lambda spot: spot.value or 0.0)
        return not (low.interval and high.interval and low.interval[1] >= high.interval[0])


@dataclass(frozen=True, slots=True)
class Course:
    """What one line does between two values of `key`, for each combination of the other keys.

    Its name is as it stands inside a sentence.
    """

    name: str
    key: str
    between: tuple[float, float]
    ends: Sequence[Ends]

    @property
    def middle(self) -> Ends:
        """The combination whose slope is the median."""
        return sorted(self.ends, key=lambda ends: ends.slope)[len(self.ends) // 2]

    @property
    def factor(self) -> float:
        """By what factor the line changes, up or down, in the middle."""
        slope = abs(self.middle.slope)
        return math.inf if slope == math.inf else math.exp(slope)

    @property
    def sure(self) -> bool:
        """Whether all combinations agree on the direction; a single one must be beyond doubt."""
        slopes = [ends.slope for ends in self.ends]
        if len(slopes) == 1:
            return self.ends[0].apart
        return min(slopes) > 0 or max(slopes) < 0


def grid_finding(noun: str, courses: Sequence[Course], words: Callable[[float], str]) -> str:
    """The title: the course with the steepest line, and beside it a line that stays.

    Args:
        noun: the figure's name, such as ``mean latency``.
        words: a value with its unit.
    """
    moved = [course for course in courses if course.sure and course.factor >= _SAME]
    if not moved:
        return f"No line's {noun} changes enough to tell it from chance"
    steep = max(moved, key=lambda course: course.factor)
    ends = steep.middle
    low, high = ends.first.value or 0.0, ends.last.value or 0.0
    change = ""
    if low and high:
        change = f" ({times(steep.factor)} {'as much' if high > low else 'less'})"
    where = f" at {ends.where}" if ends.where else ""
    text = (
        f"From {_span(steep)}{where}, the {noun} of {steep.name}"
        f" goes from {words(low)} to {words(high)}{change}"
    )
    others = [one for one in courses if one.key == steep.key and one is not steep]
    none = [one.name for one in others if one.middle.last.value == 0]
    if none:
        return f"{text}; {listed(none)} {'need' if len(none) > 1 else 'needs'} none"
    still = min(others, key=lambda one: one.factor, default=None)
    if still is None or still.factor >= _SAME:
        return text
    stays = words(still.middle.last.value or 0.0)
    return f"{text}; {still.name} stays near {stays}"


def _span(course: Course) -> str:
    """``25 to 400 clients``, ``poll interval 500 ms to 2 s``."""
    first, last = course.between
    if course.key in _COUNTED:
        return f"{value_words(course.key, first)} to {with_key(course.key, last)}"
    return f"{with_key(course.key, first)} to {value_words(course.key, last)}"
