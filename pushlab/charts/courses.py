"""What a sweep's title says: the line that a swept key moves most, and one that it leaves alone.

Either is a claim. Two ends differ where their 95 % intervals do not touch: by chance that happens
in one of 180 such pairs, so some nine lines may be looked at together. Where the same is seen at
eight values of another key or more, it takes no intervals: all of them alike is one chance in 128.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pushlab.analysis.summary.keys import value_words, with_key
from pushlab.charts.curves import Spot
from pushlab.quantities import listed, span, times

__all__ = ["Course", "Ends", "grid_finding"]

_SAME = 1.25  # a figure that changes by less is called the same
_AGREEING = 8  # so many combinations need no intervals of their own
#: Keys whose number stands before the word.
_COUNTED = ("clients", "rate_per_s")


@dataclass(frozen=True, slots=True)
class Ends:
    """A line at the first and the last value of a key, other keys being held as `where` says."""

    where: str
    first: Spot
    last: Spot
    between: Sequence[Spot] = ()

    @property
    def values(self) -> list[float]:
        """Every value that is drawn of it."""
        spots = [self.first, *self.between, self.last]
        return [spot.value for spot in spots if spot.value is not None]

    @property
    def slope(self) -> float:
        """The logarithm of its factor; endless when it rises from nothing."""
        low, high = self.first.value or 0.0, self.last.value or 0.0
        if not low or not high:
            return 0.0 if low == high else math.inf
        return math.log(high / low)

    @property
    def careful(self) -> bool:
        """Whether something is held against either end."""
        return self.first.careful or self.last.careful

    @property
    def apart(self) -> bool:
        """Whether the ends differ beyond doubt."""
        low, high = sorted((self.first, self.last), key=lambda spot: spot.value or 0.0)
        return bool(
            not self.careful
            and low.interval
            and high.interval
            and low.interval[1] < high.interval[0]
        )

    @property
    def near(self) -> bool:
        """Whether all of the line, its middle too, is the same beyond doubt."""
        spots = [self.first, *self.between, self.last]
        bounds = [bound for spot in spots for bound in spot.interval or ()]
        careful = self.careful or any(spot.careful for spot in self.between)
        if careful or len(bounds) < 2 * len(spots) or min(bounds) <= 0:
            return False
        return max(bounds) < min(bounds) * _SAME


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
        """Whether the line moves beyond doubt, and in one direction."""
        slopes = [ends.slope for ends in self.ends]
        one_way = min(slopes) > 0 or max(slopes) < 0
        if len(slopes) >= _AGREEING and not any(ends.careful for ends in self.ends):
            return one_way
        return one_way and all(ends.apart for ends in self.ends)

    @property
    def still(self) -> bool:
        """Whether the line stays where it is beyond doubt."""
        return all(ends.near for ends in self.ends)


def grid_finding(noun: str, courses: Sequence[Course], words: Callable[[float], str]) -> str:
    """The title: the course with the steepest line, and beside it a line that stays.

    Args:
        noun: the figure's name, such as ``mean latency``.
        words: a value with its unit.
    """
    moved = [course for course in courses if course.sure and course.factor >= _SAME]
    if not moved:
        spots = [spot for one in courses for ends in one.ends for spot in (ends.first, ends.last)]
        few = spots and not any(spot.interval for spot in spots)
        return f"No line's {noun} changes enough to tell it from chance" + (
            ": too few trials at each point" if few else ""
        )
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
    none = [one.name for one in others if all(ends.last.value == 0 for ends in one.ends)]
    if none:
        return f"{text}; {listed(none)} {'need' if len(none) > 1 else 'needs'} none"
    still = min((one for one in others if one.still), key=lambda one: one.factor, default=None)
    if still is None:
        return text
    values = [value for ends in still.ends for value in ends.values]
    return f"{text}; {still.name} stays {_near(values, words)}"


def _near(values: Sequence[float], words: Callable[[float], str]) -> str:
    """Where all marks of a line are, as their labels have it."""
    told = span((min(values), max(values)), words)
    return f"within {told}" if told else f"at {words(values[0])}"


def _span(course: Course) -> str:
    """``25 to 400 clients``, ``poll interval 500 ms to 2 s``."""
    first, last = course.between
    if course.key in _COUNTED:
        return f"{value_words(course.key, first)} to {with_key(course.key, last)}"
    return f"{with_key(course.key, first)} to {value_words(course.key, last)}"
