"""The chart of a search for capacity: the objective's figure and the CPU against the load."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from pushlab.analysis.summary.keys import key_words, value_words, with_key
from pushlab.charts.curves import Curve, Spot, draw_curves, name_curves, scale_across, scale_up
from pushlab.charts.frame import SLIDE, Chart, describe_axis, frame, say, styled
from pushlab.charts.style import ACCENT, GREY, INK, CellStyle, cell_styles, legend_key, mark
from pushlab.charts.view import machine_words
from pushlab.contract.profile import Profile
from pushlab.quantities import exact_duration, with_unit
from pushlab.runs import Run, Sweep

__all__ = ["capacity_charts"]

_LEFT, _RIGHT = 0.085, 0.825
_GAP = 0.075
_LONG = 170
_UPPER = 0.6  # the share of the height that the figure gets


class _CapacityView:
    """A search, ready to be drawn."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.found: Mapping[str, Any] = sweep.capacity or {}
        self.key = str(self.found["vary"])
        self.loads: Sequence[Mapping[str, Any]] = self.found["loads"]
        self.xs = sorted({float(load["at"]) for load in self.loads})
        self.goal = self._goal()
        self.runs = [run for run in map(sweep.run_of, range(len(sweep.points))) if run is not None]
        self.run: Run | None = next(iter(self.runs), None)

    def _goal(self) -> Mapping[str, Any]:
        """The objective to draw: of several, the one that broke."""
        goals: Sequence[Mapping[str, Any]] = self.found["objectives"]
        broken = [text for load in self.loads for text in load["broken"]]
        return next((goal for goal in goals if goal["text"] in broken), goals[0])

    def words(self, value: float) -> str:
        """A value of the objective's figure."""
        return with_unit(value, self.goal["unit"])

    def subtitle(self) -> str:
        """The scenario, without the load."""
        if self.run is None:
            return self.sweep.name
        scenario = self.run.scenario
        rooms = {"shared": "one channel shared by all", "per-client": "a channel each"}
        parts = [rooms.get(scenario["channels"], f"channels of {scenario['room_size']}")]
        for key in ("clients", "rate_per_s"):
            if key != self.key:
                parts.append(with_key(key, scenario[key]))
        parts.append(value_words("payload_bytes", scenario["payload_bytes"]))
        return f"{scenario['name']}: {', '.join(parts)}; a fresh server for each trial"

    def footer(self) -> str:
        """Trials, duration and machine in one line."""
        lengths = [t.duration_s for run in self.runs for t in run.trials]
        span = " to ".join(dict.fromkeys(f"{f(lengths):.3g}" for f in (min, max) if lengths))
        partly = "" if self.sweep.status == "complete" else " · stopped before its end"
        return (
            f"{len(self.loads)} trials of {span or 0} s · {machine_words(self.run)} · pushlab"
            f" {self.sweep.pushlab_version}{partly}"
        )


def capacity_charts(sweep: Sweep) -> list[Chart]:
    """The chart of a search; none if nothing was measured."""
    if not sweep.capacity or not sweep.capacity["loads"]:
        return []
    view = _CapacityView(sweep)
    title = str(view.found["sentence"])
    if len(title) > _LONG:  # the shares in brackets are drawn below
        title = re.sub(r" \([^()]*\)$", "", title)
    with styled():
        drawing, bottom, top = frame(view.footer(), title, view.subtitle())
        low = bottom + 0.055
        height = top - 0.03 - low - _GAP
        wide = _RIGHT - _LEFT
        upper = drawing.add_axes((_LEFT, low + (1 - _UPPER) * height + _GAP, wide, _UPPER * height))
        lower = drawing.add_axes((_LEFT, low, wide, (1 - _UPPER) * height))
        for axes in (upper, lower):
            scale_across(axes, view.key, view.xs)
        _draw_figure(upper, view)
        _draw_cpu(lower, view)
        marks = [
            legend_key("held", **mark("o", 10, GREY)),
            legend_key("not held", **mark("o", 10, ACCENT, face="white")),
        ]
        ground = drawing.add_axes((_LEFT, bottom, SLIDE.right - _LEFT, 0.01))
        ground.set_axis_off()
        figure = str(view.goal["figure"]).replace("latency_s.", "latency, ")
        text = f"above: {figure}; below: CPU, of one core; over {key_words(view.key)}"
        describe_axis(ground, text, marks, drop_pt=32)
        return [Chart("1-capacity", title, drawing)]


def _draw_figure(axes: Axes, view: _CapacityView) -> None:
    cell = str(view.found["cell"])
    known = view.run.profiles.get(cell) if view.run else None
    style = cell_styles({cell: known or Profile(name=cell, title=cell)})[cell]
    text = view.goal["text"]
    spots = [
        Spot(load["at"], load["values"].get(text), careful=load["outcome"] != "held")
        for load in sorted(view.loads, key=lambda load: load["at"])
    ]
    curve = Curve(style, _last(spots))
    limit = float(view.goal["limit"])
    ticks = exact_duration if view.goal["unit"] == "s" else view.words
    scale_up(axes, [Curve(style, [*spots, Spot(0, limit)])], ticks)
    for spot in spots:
        if spot.value is not None and spot not in curve.spots:
            faint = mark("o", 7, style.colour, width=1)
            axes.plot([spot.at], [spot.value], **faint, alpha=0.5, zorder=2.5)
    axes.axhline(limit, color=INK, linewidth=1.6, linestyle=(0, (5, 3)), zorder=2)
    say(axes, text, (0, limit), (6, 5), 15, va="baseline", within="rows")
    draw_curves(axes, [curve])
    name_curves(axes, [curve])
    about = view.found.get("capacity", view.found.get("held"))  # of an older search
    if about is None:
        return
    ends = [view.found.get(name) or about for name in ("low", "high")]
    axes.axvspan(*ends, color=GREY, alpha=0.18, linewidth=0, zorder=0.5)
    axes.axvline(about, color=GREY, linewidth=1, zorder=1)
    say(
        axes,
        f"about {value_words(view.key, float(f'{about:.3g}'))}",
        (about, 1),
        (0, 6),
        15,
        ha="center",
        va="baseline",
        within="columns",
    )


def _last(spots: Sequence[Spot]) -> list[Spot]:
    """Of several trials of one load the last, which decided."""
    return list({spot.at: spot for spot in spots}.values())


#: Who uses the CPU: our own side in greys, the server in colour.
_SHARES: Mapping[str, CellStyle] = {
    "hub": CellStyle("Hub", "#0072B2", "-"),
    "broker": CellStyle("Broker", "#009E73", (0, (4, 1, 1, 1, 1, 1))),
    "backplane": CellStyle("Backplane", "#CC79A7", (0, (1, 1))),
    "swarm": CellStyle("Swarm", "#6B6B6B", (0, (6, 1.5))),
    "publisher": CellStyle("Publisher", "#9A9A9A", (0, (1.2, 1))),
    "machine": CellStyle("All cores", INK, (0, (1, 3))),
}


def _draw_cpu(axes: Axes, view: _CapacityView) -> None:
    curves = []
    for name, style in _SHARES.items():
        known = [(load["at"], load["busy"].get(name)) for load in view.loads]
        spots = _last([Spot(at, share) for at, share in known if share is not None])
        spots.sort(key=lambda spot: spot.at)
        if spots:
            curves.append(Curve(style, spots))
    axes.set_ylim(0, max([1.05, *(s.value or 0 for curve in curves for s in curve.spots)]))
    axes.set_yticks([0, 0.5, 1.0], ["0", "50%", "100%"])
    axes.tick_params(axis="y", length=0, labelsize=15)
    axes.axhline(1.0, color=GREY, linewidth=1)
    draw_curves(axes, curves)
    name_curves(axes, curves, size=15)
