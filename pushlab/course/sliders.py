"""Sliders: move the poll interval and see waiting and cost move against each other.

The same chart, with a few intervals marked, stands in their place where widgets do not run.
"""

import math
from typing import Any

from pushlab.course.interval_chart import HIGH_S, LOW_S, interval_chart
from pushlab.course.pictures import Picture

__all__ = ["Explorer", "explore"]

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
        picture = widgets.HTML(value=self.at(self.interval_s).svg)
        slider = widgets.FloatLogSlider(
            value=self.interval_s,
            base=10,
            min=math.log10(LOW_S),
            max=math.log10(HIGH_S),
            step=0.05,
            description="ask every",
            readout_format=".2g",
            continuous_update=False,
        )

        def moved(change: Any) -> None:
            picture.value = self.at(float(change["new"])).svg

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
