"""Sliders: move the poll interval and see waiting and cost move against each other.

The same chart, with a few intervals marked, stands in their place where widgets do not run.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pushlab.analysis.models.formulas import poll_latency_s, wasted_fraction
from pushlab.charts.frame import frame, say, scale_below, styled
from pushlab.charts.style import GREY, INK
from pushlab.contract.registry import profile_of
from pushlab.course.pictures import Picture
from pushlab.course.quantities import with_unit
from pushlab.quantities import exact_duration, large

__all__ = ["Explorer", "explore", "interval_chart"]

_DAY_S = 86_400
_LOW_S, _HIGH_S = 0.1, 100.0
#: What is marked where nobody can move a slider.
_MARKED_S = (0.5, 5.0, 60.0)


def explore(*, clients: int = 1000, rate_per_s: float = 0.1, interval_s: float = 5.0) -> "Explorer":
    """A slider for the poll interval, and what follows from it by the formulas.

    Args:
        clients: how many poll.
        rate_per_s: messages per second in each room, at random moments.
        interval_s: where the slider begins.
    """
    return Explorer(clients, rate_per_s, interval_s)


class Explorer:
    """Sliders where they run, and a picture everywhere."""

    def __init__(self, clients: int, rate_per_s: float, interval_s: float) -> None:
        self.clients = clients
        self.rate_per_s = rate_per_s
        self.interval_s = interval_s
        self.static = interval_chart(_MARKED_S, clients=clients, rate_per_s=rate_per_s)
        self._box: Any = None

    def __str__(self) -> str:
        return str(self.static)

    def at(self, interval_s: float) -> Picture:
        """The chart with one interval marked."""
        return interval_chart((interval_s,), clients=self.clients, rate_per_s=self.rate_per_s)

    def _widget(self) -> Any:
        """The slider above its chart; None where ipywidgets is not installed."""
        try:
            import ipywidgets as widgets
        except ImportError:
            return None
        picture = widgets.Image(value=self.at(self.interval_s).png(), format="png", width=860)
        slider = widgets.FloatLogSlider(
            value=self.interval_s,
            base=10,
            min=float(np.log10(_LOW_S)),
            max=float(np.log10(_HIGH_S)),
            step=0.05,
            description="ask every",
            readout_format=".2g",
            continuous_update=False,
        )

        def moved(change: Any) -> None:
            picture.value = self.at(float(change["new"])).png()

        slider.observe(moved, names="value")
        return widgets.VBox([widgets.HBox([slider, widgets.Label("seconds")]), picture])

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = self.static._repr_mimebundle_()
        if self._box is None:
            self._box = self._widget()
        if self._box is not None:
            data = {**self._box._repr_mimebundle_(), **data}
        return data, metadata


def interval_chart(marked_s: Sequence[float], *, clients: int, rate_per_s: float) -> Picture:
    """Waiting, requests and waste over the poll interval, with some intervals marked."""
    intervals = np.geomspace(_LOW_S, _HIGH_S, 120)
    colour = profile_of("short-polling").colour
    panels: tuple[tuple[str, Callable[[float], float], str], ...] = (
        ("average wait", lambda t: poll_latency_s(interval_s=t, delay_s=0.0), "s"),
        ("requests a day", lambda t: clients / t * _DAY_S, ""),
        ("in vain", lambda t: 100 * wasted_fraction(rate_per_s=rate_per_s, interval_s=t), "%"),
    )
    often = with_unit(1 / rate_per_s, "s")
    title = "Ask less often: messages wait longer, the server rests"
    subtitle = f"{clients:,} clients, a message every {often} in each room; by the formulas"
    words = []
    with styled():
        figure, bottom, top = frame("", title, subtitle)
        width = 0.235
        for number, (name, formula, unit) in enumerate(panels):
            axes = figure.add_axes((0.07 + number * 0.335, bottom, width, top - bottom - 0.06))
            axes.plot(intervals, [formula(t) for t in intervals], color=colour, linewidth=4)
            axes.set_title(name, loc="left", fontsize=20, fontweight="bold", color=INK)
            _scales(axes, unit)
            told = [f"{with_unit(t, 's')}: {_shown(formula(t), unit)}" for t in marked_s]
            words.append(f"{name}: " + "; ".join(told))
            for t in marked_s:
                _mark(axes, t, formula(t), _shown(formula(t), unit), colour)
        figure.text(0.07, 0.07, "the client asks every ...", fontsize=17, color=GREY)
    return Picture(figure, title, "\n".join(words))


def _scales(axes: Axes, unit: str) -> None:
    axes.set_xscale("log")
    axes.set_xlim(_LOW_S * 0.8, _HIGH_S * 1.3)
    axes.set_xticks([0.1, 1, 10, 100])
    axes.xaxis.set_major_formatter(lambda value, _: exact_duration(value))
    if unit == "%":
        axes.set_ylim(-8, 112)
        axes.set_yticks([0, 25, 50, 75, 100])
    else:
        axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: _tick(value, unit))
    axes.minorticks_off()
    scale_below(axes)
    axes.tick_params(axis="both", labelsize=15, length=0)
    axes.grid(axis="y", color="#E3E3E3", linewidth=1)


def _tick(value: float, unit: str) -> str:
    if unit == "s":
        return exact_duration(value)
    return large(value, 3) if value >= 1e6 else f"{value:,g}{' %' if unit == '%' else ''}"


def _shown(value: float, unit: str) -> str:
    if not unit and value >= 1e6:
        return large(value, 3)
    return with_unit(float(f"{value:.3g}"), unit)


def _mark(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.plot(
        [x], [y], marker="o", markersize=15, markerfacecolor=colour, markeredgecolor="white",
        markeredgewidth=2, zorder=4,
    )  # fmt: skip
    right = x < 3.0
    say(
        axes,
        text,
        (x, y),
        (14 if right else -14, 0),
        16,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
        zorder=5,
    )
