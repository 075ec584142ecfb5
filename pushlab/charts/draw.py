"""All charts of a run, or of a sweep."""

from collections.abc import Callable
from pathlib import Path

from pushlab.analysis.cost.architectures import DEFAULT, Architecture
from pushlab.charts.bars import cost_chart, hits_chart, weight_chart
from pushlab.charts.frame import SLIDE, Chart, Sheet, save
from pushlab.charts.latency import latency_chart
from pushlab.charts.staleness import staleness_chart
from pushlab.charts.sweep import charts_of_sweep
from pushlab.charts.view import RunView, view_of
from pushlab.runs import HUB, Run, Sweep

__all__ = ["charts_of", "draw_charts"]

_CHARTS: tuple[Callable[[RunView, Sheet], Chart], ...] = (
    latency_chart,
    hits_chart,
    staleness_chart,
    weight_chart,
    cost_chart,
)


def charts_of(view: RunView, sheet: Sheet = SLIDE) -> list[Chart]:
    """Draw every chart that this run bears on sheets of this kind.

    Of several servers there is no staleness, whose shape is the transport's; and only the hub has a
    month's price.
    """
    left_out: set[Callable[[RunView, Sheet], Chart]] = set()
    if view.grid.several:
        left_out.add(staleness_chart)
    if set(view.grid.systems) - {HUB}:
        left_out.add(cost_chart)
    return [chart(view, sheet) for chart in _CHARTS if chart not in left_out]


def draw_charts(
    found: Run | RunView | Sweep, out: Path, architecture: Architecture = DEFAULT
) -> list[Path]:
    """Draw every chart as a slide into the folder `out`, as PNG and SVG; returns their paths.

    Args:
        architecture: within which months are compared.

    Raises:
        RunError: a file of rows, or a point of a sweep, is missing or damaged.
    """
    if isinstance(found, Sweep):
        return save(charts_of_sweep(found), out)
    view = found if isinstance(found, RunView) else view_of(found, architecture)
    return save(charts_of(view), out)
