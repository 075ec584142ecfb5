"""Curves over a swept key: one line for each transport, named at its right end.

A diamond on a dotted line is the closed form. A mark with a hole is to be taken with care (unstable
between trials, generator-bound, a part of the trials failed); a cross stands where nothing could be
measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from pushlab.analysis.summary.keys import spans_decades, value_words
from pushlab.charts.frame import fit, say
from pushlab.charts.palette import dark
from pushlab.charts.style import ACCENT, GREY, GRID, CellStyle, legend_key, mark

__all__ = ["Curve", "Spot", "draw_curves", "handles", "name_curves", "scale_across", "scale_up"]

_CLOSED_FORM = mark("D", 11, face="none", width=1.6)
_CLOSED_FORM |= {"linewidth": 1.2, "linestyle": (0, (1, 2.2))}
_HOLE = mark("o", 9, GREY, face="white", edge=ACCENT)
_CROSS = mark("X", 13, ACCENT, edge="white", width=1)
_MOST_TICKS = 7
_LEADER = 26  # pixels from the axes to a name


@dataclass(frozen=True, slots=True)
class Spot:
    """One measured place on a curve.

    Attributes:
        value: None where nothing could be measured.
        interval: the value's 95 % interval over trials.
        careful: whether something is to be held against the value.
    """

    at: float
    value: float | None
    predicted: float | None = None
    interval: Sequence[float] | None = None
    careful: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """One line and how it looks; `floor` for the harness's own."""

    style: CellStyle
    spots: Sequence[Spot] = field(default_factory=tuple)
    floor: bool = False

    def values(self) -> list[float]:
        """What was measured, without gaps."""
        return [spot.value for spot in self.spots if spot.value is not None]


def scale_across(axes: Axes, key: str, values: Sequence[float]) -> None:
    """The axis of the swept key: a tick at each value, logarithmic if they span decades."""
    log, low, high = spans_decades(values), min(values), max(values)
    if log:
        axes.set_xscale("log")
        pad = (high / low) ** 0.04
        axes.set_xlim(low / pad, high * pad)
    else:
        pad = (high - low) * 0.04 or 1.0
        axes.set_xlim(low - pad, high + pad)
    axes.xaxis.set_major_locator(FixedLocator(_apart(values, log)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: value_words(key, value))
    axes.tick_params(axis="x", length=5, labelsize=15)


def _apart(values: Sequence[float], log: bool) -> list[float]:
    """Those of the values that stand far enough apart for their labels, both ends among them."""
    places = np.log(values) if log else np.asarray(values, float)
    span = float(places[-1] - places[0]) or 1.0
    kept = [0]
    for i in range(1, len(values)):
        far = float(places[i] - places[kept[-1]]) / span >= 1 / (_MOST_TICKS + 1)
        near_end = float(places[-1] - places[i]) / span < 1 / (_MOST_TICKS + 1)
        if i == len(values) - 1 or (far and not near_end):
            kept.append(i)
    return [float(values[i]) for i in kept]


def scale_up(axes: Axes, curves: Sequence[Curve], words: Callable[[float], str]) -> None:
    """The axis of the figure: logarithmic if the figures span decades, else from zero.

    Args:
        words: a value with its unit.
    """
    seen = [value for curve in curves for value in curve.values()]
    seen += [s.predicted for curve in curves for s in curve.spots if s.predicted is not None]
    # What rounds to nothing beside the rest (a closed form on loopback) does not stretch the axis.
    most = max(seen, default=1.0)
    positive = [value for value in seen if value > most * 1e-5]
    if spans_decades(positive, 20.0):
        axes.set_yscale("log")
        low, high = min(positive), max(positive)
        # Values of zero stand on the ground; it lies below all others.
        axes.set_ylim(low / (high / low) ** 0.12, high * (high / low) ** 0.07)
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(0, (max(positive, default=1.0)) * 1.12)
    axes.yaxis.set_major_formatter(lambda value, _: words(value) if value > 0 else "0")
    axes.tick_params(axis="y", length=0, labelsize=15)
    axes.grid(axis="y", color=GRID, linewidth=1)
    axes.set_axisbelow(True)


def draw_curves(axes: Axes, curves: Sequence[Curve]) -> None:
    """Draw all curves; the scales must have been set."""
    ground = axes.get_ylim()[0]

    def up(value: float) -> float:
        return max(value, ground)

    for curve in curves:
        forms = [(s.at, up(s.predicted)) for s in curve.spots if s.predicted is not None]
        forms = [(x, y) for x, y in forms if y > ground]
        if forms:
            axes.plot(*zip(*forms, strict=True), **_CLOSED_FORM, clip_on=False, zorder=2.5)
    for number, curve in enumerate(curves):
        colour = curve.style.colour
        known = [(spot, up(spot.value)) for spot in curve.spots if spot.value is not None]
        axes.plot(
            [spot.at for spot, _ in known],
            [y for _, y in known],
            color=colour,
            linestyle=curve.style.line,
            linewidth=3,
            clip_on=False,
            zorder=3,
        )
        wide = [(s.at, up(s.interval[0]), up(s.interval[1])) for s, _ in known if s.interval]
        for x, low, high in wide:
            axes.plot([x, x], [low, high], color=colour, linewidth=7, alpha=0.35, zorder=2.8)
        for spot, y in known:
            dot = _HOLE if spot.careful else mark("o", 9, colour)
            axes.plot([spot.at], [y], **dot, clip_on=False, zorder=4)
        for spot in curve.spots:
            if spot.value is None:
                place = (spot.at, 0.03 + 0.05 * number)
                axes.plot(*place, transform=axes.get_xaxis_transform(), zorder=5, **_CROSS)
                say(axes, curve.style.name, place, (-9, 0), 11, ACCENT, within="columns")


def name_curves(axes: Axes, curves: Sequence[Curve], *, size: float = 18) -> None:
    """Name each curve right of its last spot, moved apart where names would touch.

    A curve without a spot in these axes is named at their foot.
    """
    figure = axes.figure
    drawing = cast("Figure", figure)
    ground = axes.get_ylim()[0]
    ends: list[tuple[float, float | None, Curve, str]] = []
    foot = float(axes.get_window_extent().y0)
    for curve in curves:
        known = [(spot.at, spot.value) for spot in curve.spots if spot.value is not None]
        if known:
            x, value = known[-1]
            here = axes.transData.transform((x, max(value, ground)))
            none = "" if any(curve.values()) else ": none"
            ends.append((float(here[1]), float(here[0]), curve, none))
        else:
            ends.append((foot, None, curve, ""))
    ends.sort(key=lambda end: end[0])
    step = size * 1.25 / 72 * figure.dpi
    box = axes.get_window_extent(cast("Any", figure.canvas).get_renderer())
    places = _spread([y for y, *_ in ends], step, float(box.y0), float(box.y1))
    width, height = (float(size) for size in figure.get_window_extent().size)
    for (y, last, curve, note), place in zip(ends, places, strict=True):
        room = width - float(box.x1) - _LEADER - 8
        lines, points = fit(drawing, curve.style.name + note, size, room)
        # In parts of the sheet: pixels are others when it is written as SVG.
        if last is not None:
            across = [(last + 8) / width, (float(box.x1) + _LEADER - 6) / width]
            up = [y / height, place / height]
            drawing.add_artist(Line2D(across, up, color=curve.style.colour, linewidth=1))
        drawing.text(
            (float(box.x1) + _LEADER) / width,
            place / height,
            "\n".join(lines),
            va="center",
            fontsize=points,
            fontweight="bold",
            color=dark(curve.style.colour),
        )


def _spread(wanted: Sequence[float], step: float, low: float, high: float) -> list[float]:
    """Places near the ones that are wanted (ascending), at least `step` apart, in [low, high]."""
    groups: list[list[float]] = []  # each: the wanted places of names that stand together
    for place in wanted:
        groups.append([place])
        while len(groups) > 1 and _begin(groups[-1], step, low, high) < (
            _begin(groups[-2], step, low, high) + len(groups[-2]) * step
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [
        _begin(group, step, low, high) + i * step for group in groups for i in range(len(group))
    ]


def _begin(group: Sequence[float], step: float, low: float, high: float) -> float:
    """Where the lowest name of a group stands, so that the group is centred on what it wants."""
    length = (len(group) - 1) * step
    centre = sum(group) / len(group)
    return max(min(centre - length / 2, high - length), low)


def handles(curves: Sequence[Curve], care: str) -> list[Artist]:
    """What the marks mean, as far as they occur.

    Args:
        care: what a mark with a hole tells, such as ``unstable``.
    """
    spots = [spot for curve in curves for spot in curve.spots]
    found: list[Artist] = []
    if any(spot.predicted for spot in spots):
        found.append(legend_key("closed form", **_CLOSED_FORM))
    if any(spot.careful and spot.value is not None for spot in spots):
        found.append(legend_key(care, **{**_HOLE, "markersize": 10}))
    if any(spot.value is None for spot in spots):
        found.append(legend_key("failed", **_CROSS))
    return found
