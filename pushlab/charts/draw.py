"""All charts of a run."""

from collections.abc import Callable
from pathlib import Path

from pushlab.charts.cost import cost_chart
from pushlab.charts.frame import SLIDE, Chart, Sheet, save
from pushlab.charts.hits import hits_chart
from pushlab.charts.latency import latency_chart
from pushlab.charts.staleness import staleness_chart
from pushlab.charts.view import RunView, view_of
from pushlab.charts.weight import weight_chart
from pushlab.runs import Run

__all__ = ["charts_of", "draw_charts", "draw_view"]

_CHARTS: tuple[Callable[[RunView, Sheet], Chart], ...] = (
    latency_chart,
    hits_chart,
    staleness_chart,
    weight_chart,
    cost_chart,
)


def charts_of(view: RunView, sheet: Sheet = SLIDE) -> list[Chart]:
    """Draw every chart on sheets of this kind."""
    return [chart(view, sheet) for chart in _CHARTS]


def draw_view(view: RunView, out: Path) -> list[Path]:
    """Draw every chart as a slide into the folder `out`, as PNG and SVG; returns their paths."""
    return [path for chart in charts_of(view) for path in save(chart, Path(out))]


def draw_charts(run: Run, out: Path) -> list[Path]:
    """Read a run and draw every chart of it; see `draw_view`.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    return draw_view(view_of(run), out)
