"""What a sweep's title says: the line that a swept key moves most, and one that it leaves alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pushlab.charts.curves import Spot
from pushlab.charts.keys import value_words, with_key
from pushlab.charts.style import times, within_sentence

__all__ = ["Course", "Ends", "grid_finding"]

_SAME = 1.25  # a figure that changes by less is called the same
_FLOOR = "Harness floor"
#: Keys whose number stands before the word.
_COUNTED = ("clients", "rate_per_s")


@dataclass(frozen=True, slots=True)
class Ends:
    """One line at the first and the last value of a key."""

    name: str
    first: Spot
    last: Spot

    @property
    def factor(self) -> float:
        """By what factor it changes, up or down, as far as the intervals leave no doubt."""
        low, high = sorted((self.first, self.last), key=lambda spot: spot.value or 0.0)
        if not low.value or not high.value:
            return 1.0 if low.value == high.value else float("inf")
        if low.interval and high.interval and low.interval[1] >= high.interval[0]:
            return 1.0
        return high.value / low.value


@dataclass(frozen=True, slots=True)
class Course:
    """What lines do between two values of `key`, all other keys being held as `where` says."""

    key: str
    between: tuple[float, float]
    where: str
    lines: Sequence[Ends]


def grid_finding(noun: str, courses: Sequence[Course], words: Callable[[float], str]) -> str:
    """The title: the steepest line of all courses, and the flattest beside it.

    Args:
        noun: the figure's name, such as ``mean latency``.
        words: a value with its unit.
    """
    known = [
        (ends.factor, -number, course, ends)
        for number, course in enumerate(courses)
        for ends in course.lines
        if ends.first.value is not None and ends.last.value is not None and ends.name != _FLOOR
    ]
    if not known:
        return f"{noun[0].upper()}{noun[1:]}: no line has both its ends"
    factor, _, course, steep = max(known, key=lambda one: one[:2])
    span = _span(course)
    if factor < _SAME:
        return f"From {span}, {noun} hardly changes, whatever carries the messages"
    low, high = steep.first.value or 0.0, steep.last.value or 0.0
    change = ""
    if low and high:
        change = f" ({times(factor)} as much)" if high > low else f" ({times(factor)} less)"
    where = f" at {course.where}" if course.where else ""
    text = (
        f"From {span}{where}, the {noun} of {within_sentence(steep.name)}"
        f" goes from {words(low)} to {words(high)}{change}"
    )
    others = [ends for _, _, other, ends in known if other is course and ends is not steep]
    flat = min(others, key=lambda ends: ends.factor, default=None)
    if flat is None or flat.factor >= _SAME or flat.last.value is None:
        return text
    name = within_sentence(flat.name)
    if flat.last.value == 0:
        return f"{text}; {name} needs none"
    return f"{text}; {name} stays at {words(flat.last.value)}"


def _span(course: Course) -> str:
    """``25 to 400 clients``, ``poll interval 500 ms to 2 s``."""
    first, last = course.between
    if course.key in _COUNTED:
        return f"{value_words(course.key, first)} to {with_key(course.key, last)}"
    return f"{with_key(course.key, first)} to {value_words(course.key, last)}"
