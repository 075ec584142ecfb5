"""A slide: what push costs over what polling costs, and where it loses."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from pushlab.analysis.forecast.crossovers import Curve, Setting
from pushlab.charts.frame import Chart, describe_axis, frame, say, styled
from pushlab.charts.style import GREY, GRID, cell_styles
from pushlab.quantities import number

__all__ = ["crossovers_chart"]

_LOW, _HIGH = 0.01, 100.0


def crossovers_chart(setting: Setting, lines: Sequence[Curve], footer: str) -> Chart:
    """A line for each cost, over messages in a poll interval; above the middle push loses."""
    found = sorted(cross for line in lines if (cross := line.crossing()) is not None)
    finding = "Push never loses here"
    if found:
        low, high = (f"{cross:.2g}" for cross in (found[0], found[-1]))
        many = low if low == high else f"{low} to {high}"
        finding = f"Push begins to lose at {many} messages a poll interval"
    subtitle = setting.words
    styles = cell_styles({line.name: line.profile for line in lines})
    with styled():
        figure, bottom, top = frame(footer, finding, subtitle)
        axes = figure.add_axes((0.09, bottom, 0.56, top - bottom))
        axes.set_xscale("log")
        axes.set_yscale("log")
        x = np.geomspace(_LOW, _HIGH, 200)
        axes.set_xlim(_LOW, _HIGH)
        axes.set_ylim(0.005, 200)
        axes.axhspan(1, 200, color="#F6ECE4", linewidth=0)
        axes.axhline(1, color=GREY, linewidth=1.5)
        axes.grid(color=GRID, linewidth=1)
        axes.set_axisbelow(True)
        ends = []
        for line in lines:
            y = np.array([line.ratio(float(each)) for each in x])
            style = styles[line.name]
            axes.plot(x, y, color=style.colour, linestyle=style.line, linewidth=3.5)
            cross = line.crossing()
            if cross is not None and _LOW <= cross <= _HIGH:
                axes.plot(cross, 1, "o", color=style.colour, markersize=11)
            told = line.name if cross is None else f"{line.name}: {number(cross)}"
            ends.append((float(y[-1]), told, style.colour))
        _label_ends(axes, ends)
        for text, left, up in (("push loses", 0.02, 0.95), ("push wins", 0.85, 0.05)):
            say(axes, text, (left, up), size=17, within="axes")
        axes.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
        axes.set_yticks([0.01, 0.1, 1, 10, 100], ["1/100", "1/10", "equal", "10 ×", "100 ×"])
        axes.minorticks_off()
        axes.tick_params(length=0, labelsize=16)
        describe_axis(axes, "messages in one poll interval, λT; upward: push over polling")
        return Chart("when-push-loses", finding, figure)


def _label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Name each line at its right end, apart from each other."""
    place = -1.0
    low, high = np.log10(axes.get_ylim())
    for value, name, colour in sorted(ends):
        wanted = float((np.log10(value) - low) / (high - low))
        place = max(place + 0.07, min(wanted, 0.98))
        say(axes, name, (1.02, place), size=16, colour=colour, within="axes")
