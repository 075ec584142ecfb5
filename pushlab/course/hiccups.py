"""A server that stands still for a moment, measured in two ways: one of them does not notice.

Time is computed, not waited for, so it is the same everywhere and at once. A question takes as long
as the server needs, and what is asked while it stands still is answered when it goes on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pushlab.charts.palette import ACCENT, GREY, INK
from pushlab.course.bars import Bar, Bars, bars_chart
from pushlab.course.findings import shown
from pushlab.course.guesses import Guess
from pushlab.course.pictures import Picture
from pushlab.course.svg.canvas import Canvas
from pushlab.course.svg.plot import axes
from pushlab.course.svg.scales import Linear
from pushlab.course.svg.sheet import LEFT, RIGHT, sheet
from pushlab.course.trouble import CourseError
from pushlab.quantities import duration, exact_duration

__all__ = ["Waits", "hiccup"]

_WORDS = {"closed": "asks when the last answer is there", "open": "asks by the clock"}
_COLOURS = {"closed": "#D55E00", "open": "#0072B2"}
_HEIGHT, _GAP = 150.0, 62.0


@dataclass(frozen=True, slots=True)
class Waits:
    """How long each question took, and when it was asked.

    Attributes:
        loop: ``closed`` or ``open``.
        asked_s, waits_s: of each question, in the order in which they were asked.
        stopped_s: from when to when the server stood still.
    """

    loop: str
    asked_s: tuple[float, ...]
    waits_s: tuple[float, ...]
    stopped_s: tuple[float, float]

    @property
    def mean_s(self) -> float:
        """The average wait."""
        return sum(self.waits_s) / len(self.waits_s)

    @property
    def worst_s(self) -> float:
        """The longest wait."""
        return max(self.waits_s)

    def percentile_s(self, p: float) -> float:
        """The wait that `p` of 100 questions do not exceed."""
        rank = max(1, math.ceil(len(self.waits_s) * p / 100))
        return sorted(self.waits_s)[rank - 1]

    def __str__(self) -> str:
        return (
            f"{len(self.waits_s)} questions: mean {duration(self.mean_s)},"
            f" 99 of 100 within {duration(self.percentile_s(99))}, worst {duration(self.worst_s)}"
        )

    def __repr__(self) -> str:
        return str(self)

    def chart(self, guess: Guess | None = None) -> Picture:
        """Mean, median, 99th percentile and the worst, with a guess of the percentile."""
        bars = [
            Bar("other", self.mean_s, "the mean"),
            Bar("other", self.percentile_s(50), "the median"),
            Bar("measured", self.percentile_s(99), "99 of 100 within", None, self.waits_s),
            Bar("other", self.worst_s, "the slowest"),
        ]
        if guess is not None and guess.drawn:
            bars.insert(2, Bar("guess", guess.value, guess.name))
        return bars_chart(
            [Bars(_WORDS[self.loop], _COLOURS[self.loop], bars)],
            unit="s",
            axis="how long an answer took; each dot is one question",
            title=f"Whoever {_WORDS[self.loop]}: 99 of 100 answers within"
            f" {shown(self.percentile_s(99), 's')}",
            subtitle=self._done(),
            footer="computed, not measured: the same on every machine",
            decades=True,
        )

    def _done(self) -> str:
        begin, end = self.stopped_s
        return (
            f"{len(self.waits_s)} questions in {exact_duration(math.ceil(self.asked_s[-1]))};"
            f" the server stands still from {exact_duration(begin)} to {exact_duration(end)}"
        )

    def beside(self, other: "Waits") -> Picture:
        """Each question of both ways to measure: when it was asked, and how long it took."""
        both = (self, other)
        highest = max(one.worst_s for one in both) * 1.12
        span_s = math.ceil(max(one.asked_s[-1] for one in both))
        late = [sum(wait > 0.1 for wait in one.waits_s) for one in both]
        title = (
            f"The same server, the same {exact_duration(span_s)}: {late[0]} slow"
            f" answer{'s' if late[0] != 1 else ''} on one list, {late[1]} on the other"
        )
        page = sheet(
            title,
            "Each dot is one question: when it was asked, and how long the answer took",
            "computed, not measured: the same on every machine",
            height=2 * _HEIGHT + _GAP,
            axis="when it was asked",
        )
        across = Linear(0.0, span_s, LEFT + 70, RIGHT - 10)
        for number, one in enumerate(both):
            top = page.top + number * (_HEIGHT + _GAP) + 26
            _panel(page.canvas, one, across, Linear(0.0, highest, top + _HEIGHT - 26, top))
        words = "\n".join(f"{_WORDS[one.loop]}: {one}" for one in both)
        return Picture(page.canvas, title, words)


def _panel(canvas: Canvas, one: Waits, across: Linear, up: Linear) -> None:
    colour = _COLOURS[one.loop]
    begin, end = (across(moment) for moment in one.stopped_s)
    canvas.rect((begin, up.end), (end - begin, up.start - up.end), ACCENT, opacity=0.08)
    axes(canvas, across, up, (exact_duration, exact_duration), ticks=across.ticks(8), most=3)
    canvas.text((LEFT, up.end - 16), f"{one.loop} loop: {_WORDS[one.loop]}", 17, INK, bold=True)
    canvas.text(((begin + end) / 2, up.end + 12), "stands still", 14, GREY, anchor="middle")
    dots = [(across(t), up(wait)) for t, wait in zip(one.asked_s, one.waits_s, strict=True)]
    canvas.dots(dots, 3, colour, opacity=0.7)


def hiccup(
    loop: str,
    *,
    every_s: float = 0.02,
    answer_s: float = 0.01,
    stopped_s: Sequence[float] = (4.0, 6.0),
    duration_s: float = 10.0,
) -> Waits:
    """Ask a server that once stands still, and write down how long each answer takes.

    Args:
        loop: ``closed``: the next question waits for the last answer, as most simple programs do
            it; ``open``: questions go out by the clock, as people come, whatever the server does.
        every_s: from question to question; in a closed loop at least that.
        answer_s: how long an answer takes.
        stopped_s: from when to when the server does nothing.
        duration_s: for how long questions are asked.

    Raises:
        CourseError: there is no such loop, or a number makes no sense.
    """
    if loop not in _WORDS:
        raise CourseError(f"there is no loop {loop!r}: it is 'closed' or 'open'")
    begin, end = stopped_s
    if min(every_s, answer_s, duration_s) <= 0 or end < begin:
        raise CourseError("every_s, answer_s and duration_s must be above 0, and a stop ends later")
    asked, waits, clock = [], [], 0
    now = 0.0
    while now < duration_s - 1e-9:
        done = now + answer_s
        if done > begin and now < end:
            done = end + answer_s
        asked.append(round(now, 9))
        waits.append(round(done - now, 9))
        clock += 1
        now = clock * every_s if loop == "open" else max(now + every_s, done)
    return Waits(loop, tuple(asked), tuple(waits), (begin, end))
