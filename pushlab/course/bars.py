"""The course's chart: for each row the student's guess, the formula and what was measured.

On a linear axis a bar begins at nought and its length is the number. A logarithmic axis has no
nought to begin at, so there the numbers are points; one that is nought stands behind a break.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pushlab.charts.palette import ACCENT, GREY, INK, LINE, mixed
from pushlab.course.findings import shown
from pushlab.course.pictures import Picture
from pushlab.course.svg.canvas import Canvas, Shape
from pushlab.course.svg.scales import Linear, Log, Scale, fitted
from pushlab.course.svg.sheet import (
    LEFT,
    RIGHT,
    Key,
    Sheet,
    axis_below,
    sheet,
)
from pushlab.course.svg.text import wide, wrapped
from pushlab.quantities import exact_duration, span

__all__ = ["Bar", "BarKind", "Bars", "bars_chart"]

BarKind = Literal["guess", "formula", "measured", "other"]

_LOG_FROM = {1: 40.0, 2: 8.0}  # largest by smallest, from which a linear axis hides the small ones
_NAMES = 150.0  #: pixels that rows' names may take
_NAME, _LABEL = 18.0, 16.5
_SMALL = 0.86  #: an interval's words beside its number's
_GAP = 12.0  #: from a mark to its words
_NOUGHT = 34.0  #: for what is nought, beside a logarithmic axis
_SHAPES: dict[BarKind, Shape] = {
    "guess": "circle",
    "formula": "diamond",
    "measured": "circle",
    "other": "square",
}
_MOST_DOTS = 400
_FARTHEST = 10.0  #: so many times its number an interval stretches the axis; it is cut beyond
_LOWEST = 300.0  #: so many times below the smallest number no dot stretches the axis


@dataclass(frozen=True, slots=True)
class Bar:
    """One number, and what to call it.

    Attributes:
        interval: between which it lies with 95 % confidence.
        samples: what it is the mean of; drawn as small dots.
    """

    kind: BarKind
    value: float
    name: str
    interval: tuple[float, float] | None = None
    samples: Sequence[float] = ()

    @property
    def reach(self) -> float:
        """The rightmost that is drawn of it."""
        most = min(self.interval[1], _FARTHEST * self.value) if self.interval else 0.0
        return max(self.value, most)


@dataclass(frozen=True, slots=True)
class Bars:
    """One transport with one setting: its name, its colour, and its numbers."""

    name: str
    colour: str
    bars: Sequence[Bar] = field(default_factory=tuple)
    nothing: str = "not measured"  #: what is said of a row without numbers


def bars_chart(
    rows: Sequence[Bars],
    *,
    unit: str,
    axis: str,
    title: str,
    subtitle: str,
    footer: str = "",
    decades: bool | None = None,
) -> Picture:
    """Draw numbers in rows, each labelled where it stands.

    Args:
        decades: whether each line of the axis is ten times the one before; None: where durations
            lie far apart.
    """
    bars = [bar for row in rows for bar in row.bars]
    count = sum(max(1, len(row.bars)) for row in rows)
    lane = max(25.0, min(40.0, 330 / count))
    air = lane * 0.55
    height = count * lane + len(rows) * air
    logarithmic = _far_apart(rows, unit) if decades is None else decades
    marks = _keys(bars, unit)
    left = LEFT + max(
        wide(line, _NAME, bold=True) for row in rows for line in _name_lines(row.name)
    )
    scale = _scale(bars, unit, left + 20, logarithmic)
    said = f"{axis}; each line is ten times the one before" if _powers(scale) else axis
    page = sheet(title, subtitle, footer, height=height, axis=said, marks=marks)
    axis_below(page, scale, lambda value: _on_axis(value, unit), left=left)
    if isinstance(scale, Log) and not math.isnan(scale.zero):
        _break(page, scale)
    place = page.top + air / 2
    for number, row in enumerate(rows):
        first = place
        for bar in row.bars:
            _draw(page.canvas, bar, row.colour, scale, place + lane / 2, lane, unit)
            place += lane
        if not row.bars:
            page.canvas.text((scale.start + 4, place + lane / 2), row.nothing, _LABEL, GREY)
            place += lane
        _name(page.canvas, row.name, (first + place) / 2)
        place += air
        if number < len(rows) - 1:
            page.canvas.line([(LEFT, place - air / 2), (RIGHT, place - air / 2)], LINE)
    return Picture(page.canvas, title, in_words(rows, unit))


def in_words(rows: Sequence[Bars], unit: str) -> str:
    """Every number of the chart, a line for each row."""
    return "\n".join(
        f"{row.name}: "
        + ", ".join(f"{_label(bar, unit, ' ')} {_between(bar, unit)}".rstrip() for bar in row.bars)
        for row in rows
    )


# ---- scales -------------------------------------------------------------------------------------


def _far_apart(rows: Sequence[Bars], unit: str) -> bool:
    values = [bar.value for row in rows for bar in row.bars if bar.value > 0]
    spread = max(values) / min(values) if values else 1.0
    return unit == "s" and spread > _LOG_FROM[min(len(rows), 2)]


def _powers(scale: Scale) -> bool:
    """Whether the lines of the axis are powers of ten."""
    if not isinstance(scale, Log):
        return False
    first, *rest = scale.ticks()
    return len(rest) > 1 and math.isclose(rest[0], 10 * first)


def _scale(bars: Sequence[Bar], unit: str, left: float, logarithmic: bool) -> Scale:
    """A scale on which every label still ends on the sheet."""
    needs = [(bar.reach, _GAP + _label_width(bar, unit)) for bar in bars]
    needs += [(max(bar.samples), 6.0) for bar in bars if len(bar.samples)]
    values = [bar.value for bar in bars if bar.value > 0]
    if not logarithmic or not values:
        factor = fitted(needs, left, RIGHT, 0.0)
        return Linear(0.0, max((RIGHT - left) / factor, 1e-12), left, RIGHT)
    nought = any(bar.value <= 0 for bar in bars)
    start = left + (_NOUGHT if nought else 0.0)
    lows = [max(bar.interval[0], bar.value / _FARTHEST) for bar in bars if bar.interval]
    lows += [min(bar.samples) for bar in bars if len(bar.samples)]
    low = min([*values, *(value for value in lows if value > min(values) / _LOWEST)]) / 1.3
    logs = [(math.log(value), needed) for value, needed in needs if value > low]
    factor = fitted(logs, start, RIGHT, math.log(low))
    high = low * math.exp((RIGHT - start) / factor)
    return Log(low, high, start, RIGHT, zero=left + 4 if nought else math.nan)


def _on_axis(value: float, unit: str) -> str:
    return exact_duration(value) if unit == "s" else f"{value:,.10g}"


def _break(page: Sheet, scale: Log) -> None:
    """Nought beside a logarithmic axis, and that something is left out between them."""
    x, y = scale.zero, page.bottom
    page.canvas.line([(x, page.top), (x, y)], LINE, dash=(2, 3))
    page.canvas.text((x, y + 16), "0", 15.5, GREY, anchor="middle")
    for step in (0.0, 5.0):
        at = (x + scale.start) / 2 + step - 2
        page.canvas.line([(at - 3, y + 5), (at + 3, y - 5)], GREY, 1.5)


# ---- marks --------------------------------------------------------------------------------------


def _draw(
    canvas: Canvas, bar: Bar, colour: str, scale: Scale, y: float, lane: float, unit: str
) -> None:
    ink = {"guess": ACCENT, "formula": INK, "measured": colour, "other": GREY}[bar.kind]
    x, start, points = scale(bar.value), scale.start, isinstance(scale, Log)
    if points:
        canvas.line([(start, y), (RIGHT, y)], mixed(LINE, 1.0, 0.45), dash=(1, 4))
    elif bar.kind == "measured":
        canvas.rect((start, y - lane * 0.17), (x - start, lane * 0.34), colour, opacity=0.85)
    else:
        canvas.line([(start, y), (x, y)], ink, 2.5, dash=(3, 4) if bar.kind == "guess" else ())
    if len(bar.samples):
        _dots(canvas, bar.samples, colour, scale, y, lane)
    size = min(14.0, lane * 0.46) * (0.85 if bar.interval else 1.0)
    fill = colour if bar.kind == "measured" else "#ffffff"
    canvas.mark(_SHAPES[bar.kind], (x, y), size, ink, fill=fill, width=2.4)
    if bar.interval:
        ends = scale(max(bar.interval[0], scale.low)), min(RIGHT, scale(bar.interval[1]))
        canvas.whiskers(ends, y, lane * 0.48, INK)
    end = max(x + size / 2, scale(bar.reach)) + _GAP - 4
    size = min(_LABEL, lane * 0.6)
    _say(canvas, bar, (end, y), size, unit, halo=points)


def _say(
    canvas: Canvas, bar: Bar, at: tuple[float, float], size: float, unit: str, *, halo: bool
) -> None:
    """What a bar is called and how much it is, and the interval in small letters."""
    label, between, bold = _label(bar, unit), _between(bar, unit), bar.kind == "measured"
    second = (at[0] + wide(label, size, bold=bold) + size * 0.35, at[1])
    if between:
        canvas.text(second, between, size * _SMALL, GREY, halo=halo)
    colour = ACCENT if bar.kind == "guess" else INK
    canvas.text(at, label, size, colour, bold=bold, halo=halo)


def _dots(
    canvas: Canvas, samples: Sequence[float], colour: str, scale: Scale, y: float, lane: float
) -> None:
    """Each message as a dot under the bar; where there are very many, evenly chosen ones."""
    step = max(1, len(samples) // _MOST_DOTS)
    lot = random.Random(1)
    low = scale.low if isinstance(scale, Log) else 0.0
    places = [
        (scale(value), y + lane * lot.uniform(0.26, 0.5))
        for value in samples[::step]
        if value >= low
    ]
    canvas.dots(places, 1.8, colour, opacity=0.5)


# ---- words --------------------------------------------------------------------------------------


def _label(bar: Bar, unit: str, joint: str = ": ") -> str:
    return f"{bar.name}{joint}{shown(bar.value, unit)}"


def _between(bar: Bar, unit: str) -> str:
    """The interval without a unit that stands before it already."""
    told = span(bar.interval, lambda value: shown(value, unit)) if bar.interval else ""
    if told and unit != "s":
        told = told.removesuffix(unit).removesuffix(unit.removesuffix("s")).rstrip()
    return f"({told})" if told else ""


def _label_width(bar: Bar, unit: str) -> float:
    width = wide(_label(bar, unit), _LABEL, bold=bar.kind == "measured")
    return width + wide(_between(bar, unit), _LABEL * _SMALL) + _LABEL * 0.35 + 4


def _name_lines(name: str) -> Sequence[str]:
    return wrapped(name, _NAME, _NAMES, bold=True)


def _name(canvas: Canvas, name: str, y: float) -> None:
    lines = _name_lines(name)
    y -= (len(lines) - 1) * _NAME * 0.6
    for line in lines:
        canvas.text((LEFT, y), line, _NAME, bold=True)
        y += _NAME * 1.2


def _keys(bars: Sequence[Bar], unit: str) -> list[Key]:
    """What a line with two ends is; the marks have their words beside them."""
    if any(_between(bar, unit) for bar in bars):
        return [Key("whiskers", INK, "95 % interval over trials")]
    return []
