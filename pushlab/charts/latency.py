"""Chart 1: how latency is spread, on a logarithmic axis, with the closed form's mean beside it."""

import math

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from pushlab.analysis.stats.ordered import Ordered, quantiles
from pushlab.analysis.stats.values import Values
from pushlab.analysis.summary.model import CellSummary
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, say, scale_below, styled
from pushlab.charts.rows import rows_frame, told_instead
from pushlab.charts.style import LINE, legend_key, mark
from pushlab.charts.view import RunView
from pushlab.quantities import duration, exact_duration

__all__ = ["latency_chart"]

Floats = npt.NDArray[np.float64]

_HEIGHT = 0.72  # of a row, for the hill
_LOW = 0.56  # below a name
_HALF = 180  # points of half a hill

_MEASURED = mark("o", 10, width=1)
_PREDICTED = mark("D", 15, face="none")


def latency_chart(view: RunView, sheet: Sheet = SLIDE) -> Chart:
    """Draw each cell's latencies as a hill, the median and p99 (or p95) told, over one axis."""
    cells, title = view.cells, view.finding("1-latency")
    with styled():
        figure, axes, size = rows_frame(
            view, title, view.scenario(), sheet, figure="latency_s", cells=cells
        )
        low, high = _limits(view, 3.2 * sheet.room**4)
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.xaxis.set_major_formatter(lambda value, _: exact_duration(value))
        axes.xaxis.set_minor_formatter(NullFormatter())
        scale_below(axes)
        for row, cell in zip(view.places(cells), cells, strict=True):
            _hill(axes, view, cell, row, size, sheet)
        marks = [legend_key("mean, measured", **_MEASURED)]
        axis = "latency: received minus intended"
        known = [cell for cell in cells if view.summaries[cell]["predicted.mean_latency_s"]]
        if known:
            marks.append(legend_key("mean, by closed form", **_PREDICTED))
        if any(_is_floor(view, cell) for cell in known):
            why = "push: the floor" if sheet.above else "push: the way is 0, so the floor"
            marks[-1].set_label(f"mean, by closed form ({why})")
            axis = "latency"
        describe_axis(axes, axis, marks, sheet=sheet)
        return Chart("1-latency", title, figure)


def _is_floor(view: RunView, cell: str) -> bool:
    """Whether the closed form has nothing but the harness's floor: of push, with no way to go."""
    trial = view.analysis.good[cell][0].record if view.analysis.good[cell] else None
    return bool(
        trial
        and trial.profile.pushes
        and not trial.link.one_way_ms
        and not view.summaries[cell].floor
    )


def _limits(view: RunView, tail: float) -> tuple[float, float]:
    """The axis: all latencies above zero and all predictions; `tail` times more for labels."""
    seen = []
    for cell in view.cells:
        for trial in view.analysis.good[cell]:
            ordered = trial.sample("latency_s").ordered
            rest = ordered.below(0.0, right=True)
            if len(ordered) > rest:
                low, high = quantiles(ordered, [0.001, 1.0], least=rest)
                seen += [float(low), float(high)]
        predicted = view.summaries[cell]["predicted.mean_latency_s"]
        if predicted:
            seen.append(predicted)
    if not seen:
        return 2e-4, 10.0
    return min(seen) / 1.6, max(seen) * tail


def _hill(axes: Axes, view: RunView, cell: str, row: float, size: float, sheet: Sheet) -> None:
    style, summary = view.cell_styles[cell], view.summaries[cell]
    problem = view.problem(cell)
    if problem is not None:
        told_instead(axes, row, problem, size * 0.8)
        return
    good = view.analysis.good[cell]
    ordered = Ordered.merged([trial.sample("latency_s").ordered for trial in good])
    logs = _Logs(Values.chained([trial.latency_s for trial in good]), ordered)
    base = row + _HEIGHT / 2
    height = _LOW if sheet.above else _HEIGHT
    first, last = np.log10(axes.get_xlim())
    centres, heights = _density(logs, first, last)
    upper = base - height * heights
    # The kernel reaches beyond the samples; the hill must not.
    least, most = logs.ends if len(logs) else (last, first)
    shown = (centres >= min(least, last)) & (centres <= max(most, first))
    colour = style.colour
    axes.fill_between(
        10**centres, upper, base, where=shown, color=colour, alpha=style.fill, linewidth=0
    )
    axes.plot(
        10**centres,
        np.where(shown, upper, np.nan),
        color=colour,
        linewidth=2.4,
        linestyle=style.line,
    )
    axes.axhline(base, color=LINE, linewidth=1, zorder=0.5)
    reach = [max(summary[f"latency_s.{end}"] or 0.0, 10**first) for end in ("min", "max")]
    axes.plot(reach, [base, base], color=colour, linewidth=2.4)
    axes.plot([summary["latency_s.mean"] or 0.0], [base], **_MEASURED, clip_on=False, zorder=5)
    expected = summary["predicted.mean_latency_s"]
    if expected:
        axes.plot([expected], [base], **_PREDICTED, clip_on=False, zorder=4)
    left, right = (float(logs.quantiles(0.02)[0]), most) if len(logs) else (first, first)
    on_right = last - right > (left - first) * 0.6  # the side of the hill that has more room
    told = _words(summary)
    if told and (ratio := view.beside(cell, "latency_s.p50")):
        told[0] += f", {ratio}"
    text = ("\n" if size > 17 else " · ").join(told)  # few rows have room for two lines
    words_at = say(
        axes,
        text,
        (10 ** (right if on_right else left), row + 0.02),
        (26 if on_right else -26, 0),
        size * 0.82,
        linespacing=1.25,
    )
    # A hill from edge to edge leaves no room: then better on the hill than off the sheet.
    box = words_at.get_window_extent()
    over = max(0.0, box.x1 - sheet.right * sheet.width) - max(
        0.0, sheet.left * sheet.width - box.x0
    )
    words_at.set_x(words_at.get_position()[0] - over * 0.72)


def _words(summary: CellSummary) -> list[str]:
    """The figures beside a hill; the mean is the dot, and named where there is no median."""
    middle = ("mean", "latency_s.mean")
    if summary["latency_s.p50"] is not None:
        middle = ("median", "latency_s.p50")
    tail = ("p99", "latency_s.p99")
    if summary["latency_s.p99"] is None:
        tail = ("p95", "latency_s.p95")
    named = (middle, tail, ("±", "clock_bound_s"))
    told = [(word, summary[figure]) for word, figure in named]
    return [f"{word} {duration(value)}" for word, value in told if value is not None]


class _Logs:
    """The logarithms of the latencies above zero, as they came, piece by piece; and in order."""

    def __init__(self, values: Values, ordered: Ordered) -> None:
        self._ordered = ordered
        self._rest = ordered.below(0.0, right=True)
        above = values.mapped(lambda piece: np.log10(piece[piece > 0]))
        self._values = Values(above.pieces, len(values) - self._rest)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest."""
        least, most = np.log10(self._ordered.at([self._rest, len(self._ordered) - 1]))
        return float(least), float(most)

    def quantiles(self, *shares: float) -> Floats:
        """What `numpy.quantile` gives."""
        return quantiles(self._ordered, shares, least=self._rest, change=np.log10)

    def spread(self) -> float:
        """The standard deviation."""
        mean = self._values.mean()
        return math.sqrt(self._values.mapped(lambda piece: np.square(piece - mean)).mean())

    def counts(self, edges: Floats) -> npt.NDArray[np.int64]:
        """How many lie in each bin."""
        counts = np.zeros(len(edges) - 1, np.int64)
        for piece in self._values.pieces():
            counts += np.histogram(piece, bins=edges)[0]
        return counts


def _density(logs: _Logs, first: float, last: float) -> tuple[Floats, Floats]:
    """How densely samples lie along the axis, 1 at the densest: a Gaussian kernel over bins.

    The kernel is as wide as Silverman's rule wants it for the samples' spread and number.
    """
    edges = np.linspace(first, last, 2 * _HALF + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    counts = logs.counts(edges)
    if not counts.any():
        return centres, np.zeros(len(centres))
    quarters = logs.quantiles(0.25, 0.75)
    spread = min(logs.spread(), float(quarters[1] - quarters[0]) / 1.34) or 0.01
    width = max(0.9 * spread * len(logs) ** -0.2, 2 * (edges[1] - edges[0]))
    offsets = np.arange(-_HALF, _HALF) * (edges[1] - edges[0])
    kernel = np.exp(-0.5 * (offsets / width) ** 2)
    smooth = np.convolve(counts, kernel, mode="full")[_HALF : 3 * _HALF]
    return centres, smooth / smooth.max()
