"""All charts of a run."""

from collections.abc import Callable
from pathlib import Path

from pushlab.charts.cost import draw_cost
from pushlab.charts.hits import draw_hits
from pushlab.charts.latency import draw_latency
from pushlab.charts.staleness import draw_staleness
from pushlab.charts.view import View, view_of
from pushlab.charts.weight import draw_weight
from pushlab.runs import Run

__all__ = ["draw_charts"]

_CHARTS: tuple[Callable[[View, Path], list[Path]], ...] = (
    draw_latency,
    draw_hits,
    draw_staleness,
    draw_weight,
    draw_cost,
)


def draw_charts(run: Run, out: Path) -> list[Path]:
    """Draw every chart of `run` into the folder `out`, as PNG and SVG; returns their paths.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    view = view_of(run)
    return [path for chart in _CHARTS for path in chart(view, Path(out))]
