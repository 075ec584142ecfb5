"""Chart 3: how far one client is behind, moment by moment: polling's sawtooth, on one scale.

A trial may be over before a client has been behind more than once, so trials stand side by side
until there are teeth to be seen; the client is one whose channel got as much as most did.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from pushlab.analysis.trials.figures import TrialFigures
from pushlab.analysis.trials.staleness import owed_to, staleness_at
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, frame, say, styled
from pushlab.charts.rows import label, row_size
from pushlab.charts.style import GREY, INK, LINE, legend_key, mark
from pushlab.charts.view import RunView
from pushlab.quantities import duration, exact_duration

__all__ = ["staleness_chart"]

_LONGEST_S = 60.0
_TEETH = 10  # messages that a client should get in what is shown
_MOST = 8  # rows that can be read from the back of a room


def staleness_chart(view: RunView, sheet: Sheet = SLIDE) -> Chart:
    """Draw a typical client's staleness, a row for each cell, over as many trials as show teeth."""
    cells = view.rivals[:_MOST] if sheet.words else view.rivals
    hidden = len(view.rivals) - len(cells)
    title, subtitle = view.finding("3-staleness"), view.scenario()
    client, trials = _shown(view, cells)
    if client is not None:
        subtitle += f"; shown: client {client + 1}, a typical one"
    if hidden:
        subtitle += f" (the first {_MOST} of {len(view.rivals)} settings)"
    size = row_size(len(cells), sheet)
    with styled():
        figure, bottom, top = frame(view.footer(), title, subtitle, rows=len(cells), sheet=sheet)
        if not sheet.above:
            top -= 0 if sheet.words else 26 / (figure.get_figheight() * 100)
        step = (top - bottom) / max(len(cells), 1)
        curves = {cell: _curve(view.analysis.good[cell][:trials], client) for cell in cells}
        scale = _round_up(
            max((float(np.nanmax(curve.stale)) for curve in curves.values() if curve), default=0)
        )
        # Where names stand beside the rows, so do the figures.
        width = sheet.right - sheet.left - (0.0 if sheet.above else 0.125)
        for row, cell in enumerate(cells):
            height = step * (0.6 if sheet.above else 0.84)
            axes = figure.add_axes((sheet.left, top - (row + 1) * step, width, height))
            _panel(axes, view, cell, curves[cell], scale, size, sheet)
            axes.tick_params(axis="x", length=0, labelsize=17)
            if row < len(cells) - 1:
                axes.set_xticklabels([])
            if row == 0 and not sheet.above:
                told: dict[str, Any] = {
                    "size": 16,
                    "colour": GREY,
                    "va": "bottom",
                    "within": "axes",
                }
                say(axes, "age of the oldest message that one client lacks", (0, 1), **told)
                say(axes, f"every row: 0 to {exact_duration(scale)}", (1, 1), ha="right", **told)
            if row == len(cells) - 1:
                tick = legend_key("a message is published", **mark("|", 16, width=1.5))
                text = "seconds of the measured window"
                if trials > 1:
                    text = f"seconds of {trials} trials, one after the other"
                if sheet.above:
                    text = f"seconds; every row is 0 to {exact_duration(scale)} high"
                describe_axis(axes, text, [tick], sheet=sheet)
        return Chart("3-staleness", title, figure)


Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Curve:
    """Times, staleness and publish times, in seconds; and where one trial ends and another begins.

    Between trials the staleness is NaN, so that no line joins them.
    """

    at: Floats
    stale: Floats
    published: Floats
    joints: Sequence[float]
    end: float


def _shown(view: RunView, cells: Sequence[str]) -> tuple[int | None, int]:
    """The client that is shown, and in how many trials: the same for all rows.

    Of the channels it is one whose number of messages is the median.
    """
    trials = next((view.analysis.good[cell] for cell in cells if view.analysis.good[cell]), ())
    if not trials or not trials[0].record.clients:
        return None, 1
    record = trials[0].record
    each_s = max(record.duration_s, 1e-9)
    wanted = math.ceil(_TEETH / max(record.rate_per_channel * each_s, 1e-9))
    count = max(1, min(wanted, len(trials), int(_LONGEST_S / each_s) or 1))
    got = np.zeros(max(record.channels, 1), np.int64)
    for trial in trials[:count]:
        published = trial.rows.publishes.channel[trial.rows.publishes.seq > 0]
        got += np.bincount(published, minlength=len(got))[: len(got)]
    channel = int(np.argsort(got, kind="stable")[len(got) // 2])
    size = max(record.per_channel, 1)
    return min(channel * size + size // 2, record.clients - 1), count


def _curve(trials: Sequence[TrialFigures], client: int | None) -> _Curve | None:
    """What one client lacked in these trials, one after the other."""
    parts, offset, joints = [], 0.0, []
    for trial in trials:
        rows = trial.rows
        start, end = rows.record.measure_start_ns, rows.record.measure_end_ns
        if start is None or end is None or client is None:
            continue
        end = min(end, start + int(_LONGEST_S * 1e9))
        intended, received = owed_to(rows, min(client, rows.record.clients - 1))
        # Between these the curve is straight: just before and at each arrival, and at each publish.
        corners = np.concatenate([received - 1, received, intended, [start, end]])
        at = np.unique(corners[(corners >= start) & (corners <= end)])
        published = intended[(intended >= start) & (intended <= end)]
        stale = staleness_at(intended, received, at)
        seconds = [(moments - start) / 1e9 + offset for moments in (at, published)]
        parts.append((seconds[0], stale, seconds[1]))
        offset += (end - start) / 1e9
        joints.append(offset)
    if not parts:
        return None
    gap = np.array([np.nan])
    at = np.concatenate([np.append(part[0], part[0][-1:]) for part in parts])
    stale = np.concatenate([np.concatenate([part[1], gap]) for part in parts])
    return _Curve(at, stale, np.concatenate([part[2] for part in parts]), joints[:-1], offset)


def _panel(
    axes: Axes,
    view: RunView,
    cell: str,
    curve: _Curve | None,
    highest: float,
    size: float,
    sheet: Sheet,
) -> None:
    style, summary = view.cell_styles[cell], view.summaries[cell]
    axes.set_ylim(0, highest * 1.06)
    axes.set_yticks([])
    axes.axhline(highest, color=LINE, linewidth=1, linestyle=(0, (2, 3)), zorder=0.5)
    remark = view.remark(cell, "latency_s")
    spot = (0.0, 1.26) if sheet.above else (0.0, 0.45)
    beside: dict[str, Any] = {"transform": axes.transAxes, "va": "center"}
    told = "" if sheet.above else remark
    label(axes, view, cell, spot, remark=told, size=size, sheet=sheet, in_rows=False, share=0.5)
    if curve is None:
        axes.set_xlim(0, 1)
        words = view.problem(cell) or "nothing measured"
        axes.text(0.01, 0.45, words, fontsize=size * 0.8, color=GREY, style="italic", **beside)
        return
    published = curve.published
    axes.set_xlim(0, max(curve.end, 1e-9))
    for joint in curve.joints:
        axes.axvline(joint, color=LINE, linewidth=1, zorder=0.4)
    axes.fill_between(curve.at, curve.stale, color=style.colour, alpha=style.fill, linewidth=0)
    axes.plot(curve.at, curve.stale, color=style.colour, linewidth=2.2, clip_on=False)
    ticks = np.repeat(published, 3)
    ends = np.tile([-0.08 * highest, 0.08 * highest, np.nan], len(published))
    axes.plot(ticks, ends, color=INK, linewidth=1, clip_on=False)
    worst_s, mean_s = summary["staleness_s.max"], summary["staleness_s.mean"]
    if worst_s is None or mean_s is None:
        return
    told_beside = [f"worst {duration(worst_s)}", f"mean {duration(mean_s)}"]
    if sheet.above:
        axes.text(1, spot[1], ", ".join(told_beside), fontsize=size * 0.8, ha="right", **beside)
        return
    axes.text(1.015, 0.45, "\n".join(told_beside), fontsize=size * 0.8, linespacing=1.25, **beside)


def _round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten: an end of scale that can be read."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999))
