"""The charts of a sweep: latency, hits and CPU along the swept keys.

The key with the most values goes across; a second one makes small multiples, a panel for each of
its values. Further keys are held at their first value, and the subtitle says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pushlab.analysis.summary.catalogue import Figure, charted
from pushlab.analysis.summary.keys import key_words, with_key
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.sweep_lines import SweepSeries, lines_of, summarise_points
from pushlab.charts.capacity import capacity_charts
from pushlab.charts.courses import Course, Ends, grid_finding
from pushlab.charts.curves import (
    Curve,
    Spot,
    draw_curves,
    handles,
    name_curves,
    scale_across,
    scale_up,
)
from pushlab.charts.frame import SLIDE, Chart, describe_axis, frame, styled
from pushlab.charts.style import INK, cell_styles
from pushlab.charts.view import machine_words
from pushlab.quantities import brief, counted, duration, exact_duration, listed, share
from pushlab.runs import Run, Sweep

__all__ = ["charts_of_sweep"]

_LEFT, _RIGHT = 0.075, 0.825  # names stand right of it
_MOST_PANELS = 8

_Values = Callable[[float], str]


def _rate(value: float) -> str:
    return f"{brief(value)}/s" if value else "none"


#: By unit: a value in words, and one for an axis.
_SHOWN: Mapping[str, tuple[_Values, _Values]] = {
    "s": (duration, exact_duration),
    "share": (share, lambda value: f"{brief(value * 100)} %"),
    "": (_rate, lambda value: f"{value:,.6g}"),
}


def charts_of_sweep(sweep: Sweep) -> list[Chart]:
    """The charts of a sweep, none if nothing was measured; a search for capacity has its own.

    Raises:
        RunError: a point is damaged.
    """
    if sweep.kind == "capacity":
        return capacity_charts(sweep)
    summarise_points(sweep)
    view = _view(sweep)
    return [
        _chart(view, one)
        for one in charted()
        if any(_value(one, cell) is not None for line in view.lines for cell in line.at)
    ]


@dataclass(frozen=True, slots=True)
class _SweepView:
    """A sweep, ready to be drawn.

    Attributes:
        across: the key of the horizontal axis.
        panels: the key of the small multiples and the values that are shown; None for one panel.
        held: the keys that are held, with their values.
    """

    sweep: Sweep
    lines: Sequence[SweepSeries]
    across: str
    xs: Sequence[float]
    panels: tuple[str, Sequence[float]] | None
    held: Mapping[str, float]
    run: Run | None

    def numbers(self, panel: float | None) -> list[int]:
        """The points of a panel, from left to right."""
        wanted = dict(self.held)
        if self.panels is not None and panel is not None:
            wanted[self.panels[0]] = panel
        found = [
            number
            for number, point in enumerate(self.sweep.points)
            if all(point.values[key] == value for key, value in wanted.items())
        ]
        return sorted(found, key=lambda number: self.sweep.points[number].values[self.across])

    def subtitle(self) -> str:
        """The scenario, without what is swept."""
        scenario = self.sweep.points[0].scenario
        swept = {axis.key for axis in self.sweep.axes}
        channels = {"shared": "one channel shared by all", "per-client": "a channel each"}
        parts = [with_key(key, scenario[key]) for key in ("clients",) if key not in swept]
        rooms = f"channels of {scenario['room_size']}" if "room_size" not in swept else "rooms"
        parts.append(channels.get(scenario["channels"], rooms))
        if "rate_per_s" not in swept:
            each = "" if scenario["channels"] == "shared" else " per channel"
            parts.append(with_key("rate_per_s", scenario["rate_per_s"]) + each)
        arrivals = scenario["arrivals"]
        parts.append(f"{'Poisson' if arrivals == 'poisson' else arrivals} arrivals")
        if scenario.get("backplane", "auto") not in ("auto", "memory"):
            parts.append(f"backplane {scenario['backplane'].partition('://')[0]}")
        parts += [with_key(key, value) for key, value in self.held.items()]
        text = f"{self.sweep.name}: " + ", ".join(parts)
        if self.panels is not None:
            key, shown = self.panels
            axis = next(axis for axis in self.sweep.axes if axis.key == key)
            if len(shown) < len(axis.values):
                text += f"; {len(shown)} of {len(axis.values)} values of {key_words(key)}"
        return text

    def footer(self) -> str:
        """Sample size, duration and machine in one line."""
        seen = [one for line in self.lines for one in line.at if one is not None]
        sizes = [size for one in seen if (size := one.count("latency_s.count"))] or [0]
        scenario = self.sweep.points[0].scenario
        trials = scenario["trials"]
        partly = "" if self.sweep.status == "complete" else " · sweep not complete"
        return (
            f"n = {min(sizes):,} to {max(sizes):,} deliveries · "
            f"{counted(trials, 'trial')} of {exact_duration(scenario['duration_s'])}"
            f" · {machine_words(self.run)} · pushlab {self.sweep.pushlab_version}{partly}"
        )


def _view(sweep: Sweep) -> _SweepView:
    # Equal lengths: the earlier key goes across.
    keys = sorted(sweep.axes, key=lambda axis: -len(axis.values))
    panels = None
    if len(keys) > 1:
        values = sorted(keys[1].values)
        steps = min(len(values), _MOST_PANELS)
        chosen = [values[round(i * (len(values) - 1) / max(steps - 1, 1))] for i in range(steps)]
        panels = (keys[1].key, chosen)
    runs = (sweep.run_of(number) for number in range(len(sweep.points)))
    return _SweepView(
        sweep=sweep,
        lines=lines_of(sweep),
        across=keys[0].key,
        xs=sorted(keys[0].values),
        panels=panels,
        held={axis.key: axis.values[0] for axis in keys[2:]},
        run=next((run for run in runs if run is not None), None),
    )


def _value(figure: Figure, summary: CellSummary | None) -> float | None:
    if summary is None or summary.is_empty or not summary["delivered"]:
        return None
    return summary[figure.name]


def _curves(view: _SweepView, figure: Figure, panel: float | None) -> list[Curve]:
    """The curves of one panel; the harness's floor with the latencies alone."""
    floors = [line.name for line in view.lines if line.floor]
    servers = {line.name: line.server for line in view.lines}
    looked = cell_styles({line.name: line.profile for line in view.lines}, floors, systems=servers)
    curves = []
    for line in view.lines:
        if line.floor and figure.steady_as != "latency_s":
            continue
        spots = []
        for point in view.numbers(panel):
            summary = line.at[point]
            if summary is None:
                continue
            value = _value(figure, summary)
            if value is None and not summary.is_empty:
                continue  # too few samples for this figure
            if value is None and not summary["trials.failed"]:
                continue  # it did not come to its turn
            spots.append(
                Spot(
                    view.sweep.points[point].values[view.across],
                    value,
                    None
                    if value is None or line.floor or not figure.model
                    else summary[figure.model],
                    None if value is None else summary.interval(figure.name),
                    bool(_doubts(summary, figure)),
                )
            )
        curves.append(Curve(looked[line.name], spots, line.floor))
    return curves


def _doubts(summary: CellSummary, figure: Figure) -> list[str]:
    """What is held against a figure at a point, in a word each."""
    found = [mark.partition(":")[0] for mark in summary.marks_on(figure.name)]
    found += ["unstable"] if figure.steady_as in summary.unstable else []
    found += ["partly failed"] if summary.status == "partly-failed" else []
    return found


def _care(view: _SweepView, figure: Figure) -> str:
    """What the marks with a hole mean in this chart."""
    seen = [one for line in view.lines for one in line.at if one is not None]
    return listed(sorted({word for one in seen for word in _doubts(one, figure)}), "or")


def _chart(view: _SweepView, figure: Figure) -> Chart:
    words, ticks = _SHOWN[figure.unit]
    panels: Sequence[float | None] = [None] if view.panels is None else view.panels[1]
    drawn = [_curves(view, figure, panel) for panel in panels]
    everything = [curve for curves in drawn for curve in curves]
    title = grid_finding(figure.noun, _courses(view, drawn), words)
    with styled():
        drawing, bottom, top = frame(view.footer(), title, view.subtitle())
        columns = len(panels) if len(panels) <= 3 else -(-len(panels) // 2)
        rows = -(-len(panels) // columns)
        low = bottom + 0.055
        wide, gap = _RIGHT - _LEFT, 0.03
        width = (wide - gap * (columns - 1)) / columns
        height = (top - low - 0.09 * (rows - 1)) / rows - (0.035 if view.panels else 0.0)
        for i, (panel, curves) in enumerate(zip(panels, drawn, strict=True)):
            row, column = divmod(i, columns)
            y = top - (row + 1) * height - row * 0.09 - (row + 1) * (0.035 if view.panels else 0.0)
            axes = drawing.add_axes((_LEFT + column * (width + gap), y, width, height))
            scale_across(axes, view.across, view.xs)
            scale_up(axes, everything, ticks)
            if column:
                axes.tick_params(axis="y", labelleft=False)
            draw_curves(axes, curves)
            if column == columns - 1 or i == len(panels) - 1:
                name_curves(axes, curves, size=18 if rows == 1 else 14)
            if view.panels is not None and panel is not None:
                axes.set_title(
                    with_key(view.panels[0], panel), fontsize=17, color=INK, loc="left", pad=10
                )
        text = f"{figure.axis}, over {key_words(view.across)}"
        ground = drawing.add_axes((_LEFT, bottom, SLIDE.right - _LEFT, 0.01))
        ground.set_axis_off()
        describe_axis(ground, text, handles(everything, _care(view, figure)), drop_pt=32)
        return Chart(figure.chart, title, drawing)


def _courses(view: _SweepView, drawn: Sequence[Sequence[Curve]]) -> list[Course]:
    """What each line does along either key, from its first value to its last."""
    found = []
    for place, curve in enumerate(drawn[0]):
        if curve.floor:
            continue
        line = [{spot.at: spot for spot in curves[place].spots} for curves in drawn]
        wheres = [""]
        if view.panels is not None:
            key, values = view.panels
            wheres = [with_key(key, value) for value in values]
            pairs = [(with_key(view.across, x), [panel.get(x) for panel in line]) for x in view.xs]
            found.append(_course(curve, key, values, pairs))
        pairs = [
            (at, [panel.get(x) for x in view.xs]) for at, panel in zip(wheres, line, strict=True)
        ]
        found.append(_course(curve, view.across, view.xs, pairs))
    return [course for course in found if course.ends]


def _course(
    curve: Curve,
    key: str,
    values: Sequence[float],
    pairs: Sequence[tuple[str, Sequence[Spot | None]]],
) -> Course:
    """What a line does from the first to the last value, wherever both were measured."""
    ends = [
        Ends(where, first, last, [spot for spot in between if spot and spot.value is not None])
        for where, spots in pairs
        for first, between, last in [(spots[0], spots[1:-1], spots[-1])]
        if first and last and first.value is not None and last.value is not None
    ]
    return Course(curve.style.within, key, (values[0], values[-1]), ends)
