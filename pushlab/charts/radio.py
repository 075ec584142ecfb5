"""The slide of the radio: one client's minute on every transport, with the tails that follow.

Height is power. A stroke at the bottom is a moment of traffic; what stands after it is the tail,
during which nothing is sent and nearly all of the energy goes.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pushlab.analysis.energy.battery import CellEnergy
from pushlab.analysis.energy.radio import Radio
from pushlab.analysis.energy.traces import joined
from pushlab.analysis.energy.use import timeline
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, fit, frame, say, styled
from pushlab.charts.rows import row_size
from pushlab.charts.style import GREY, INK, LINE, CellStyle, cell_styles
from pushlab.quantities import brief, number, share

__all__ = ["radio_chart"]

_MINUTE_S = 60.0
_ALIKE = 1.1  # a few clients' traces tell no smaller difference
_MOST_ROWS = 8
_BEFORE_S = 8.0  # of the minute, before the first message or poll in it
_TALL, _TALL_BELOW_WORDS = 0.74, 0.58  # of a row, at the highest power
_FLOOR = 0.37  # of a row, below its middle


def radio_chart(
    title: str,
    cells: Sequence[CellEnergy],
    radio: Radio,
    *,
    battery_wh: float,
    style: Mapping[str, CellStyle] | None = None,
    sheet: Sheet = SLIDE,
) -> Chart:
    """A row for each transport: the power over a minute, and the energy of an hour beside it."""
    shown = list(cells)[:_MOST_ROWS]
    style = style or cell_styles({cell.cell: cell.profile for cell in shown})
    span_s = min(_MINUTE_S, *(cell.traces[0].span_s for cell in shown))
    begin_s = _begin(shown, span_s)
    most_w = max(radio.promotion.w, *(tail.w for tail in radio.tails))
    finding = _finding(shown, radio, style)
    footer = f"{radio.title}: {radio.sources[0]}; radios of 2012 to 2014, 5G is not covered"
    with styled():
        figure, bottom, top = frame(footer, finding, title, rows=len(shown), sheet=sheet)
        right = 0.80 if not sheet.above else sheet.right
        axes = figure.add_axes((sheet.left, bottom, right - sheet.left, top - bottom))
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_yticks([])
        axes.set_xlim(0, span_s)
        for row, cell in enumerate(shown):
            tall = _TALL_BELOW_WORDS if sheet.above else _TALL
            _row(axes, row, cell, radio, style[cell.cell], begin_s, span_s, tall / most_w, tall)
            _words(axes, row, cell, radio, style[cell.cell], battery_wh, sheet)
        axes.tick_params(axis="x", length=0, labelsize=17)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} s")
        axes.spines["bottom"].set_visible(False)
        describe_axis(axes, "" if sheet.above else "one client", _legend(), sheet=sheet)
        return Chart("8-radio", finding, figure)


def _begin(cells: Sequence[CellEnergy], span_s: float) -> float:
    """Where the minute begins: shortly before a message that was pushed, not at the very start."""
    pushed = [c.traces[0] for c in cells if c.profile.pushes]
    for trace in pushed:
        room = trace.span_s - span_s
        later = trace.times_s[(trace.times_s > _BEFORE_S) & (trace.times_s - _BEFORE_S <= room)]
        if len(later):
            return float(later[0] - _BEFORE_S)
    return 0.0


def _row(
    axes: Axes,
    row: int,
    cell: CellEnergy,
    radio: Radio,
    style: CellStyle,
    begin_s: float,
    span_s: float,
    per_w: float,
    tall: float,
) -> None:
    """The states as steps: tails filled with the transport's colour, idling and waking grey."""
    trace = cell.traces[0]
    floor = row + _FLOOR
    # The span repeats, as it does where energy is computed: what was before begins the picture.
    twice = joined([trace, trace])
    begin_s += trace.span_s
    axes.plot([0, span_s], [floor, floor], color=LINE, linewidth=1, zorder=1)
    for start_s, spell in timeline(
        radio, twice.times_s, twice.span_s, up=twice.up, down=twice.down
    ):
        left, right = start_s - begin_s, start_s - begin_s + spell.s
        if right <= 0 or left >= span_s:
            continue
        left, right = max(left, 0.0), min(right, span_s)
        up = floor - spell.w * per_w
        idle, waking = spell.name == "idle", spell.name == "promotion"
        axes.fill_between(
            [left, right],
            [up, up],
            [floor, floor],
            color=LINE if idle else GREY if waking else style.colour,
            alpha=1.0 if idle or waking else 0.45,
            linewidth=0,
            zorder=2,
        )
    within = twice.times_s - begin_s
    moments = within[(within >= 0) & (within < span_s)]
    axes.vlines(moments, floor - tall - 0.04, floor, color=style.colour, linewidth=2.2, zorder=3)


def _words(
    axes: Axes,
    row: int,
    cell: CellEnergy,
    radio: Radio,
    style: CellStyle,
    battery_wh: float,
    sheet: Sheet,
) -> None:
    """The transport's name, and what an hour takes."""
    figure = cast("Figure", axes.figure)
    use = cell.uses[radio.name]
    percent = use.battery_percent_per_hour(battery_wh)
    size = row_size(_MOST_ROWS if sheet.words else 5, sheet)
    hour = f"{brief(use.joules_per_hour)} J an hour"
    rest = f"{number(percent)} % of {battery_wh:g} Wh, on {share(use.radio_on)}"
    if sheet.above:
        text = f"{style.name}: {hour}, {rest}"
        (line,), points = fit(figure, text, size * 0.85, sheet.width * 0.9, 1)
        say(axes, line, (0, row - 0.47), size=points, within="rows")
        return
    lines, points = fit(figure, style.name, size, sheet.left * sheet.width - 34)
    say(axes, "\n".join(lines), (0, row), (-16, 0), points, bold=True, within="rows")
    say(axes, hour, (1, row), (14, 0.55 * size), size * 0.9, bold=True, within="rows")
    say(axes, rest, (1, row), (14, -0.6 * size), size * 0.72, GREY, within="rows")


def _legend() -> list[Patch]:
    return [
        Patch(facecolor=INK, label="traffic"),
        Patch(facecolor=GREY, label="waking up"),
        Patch(facecolor=INK, alpha=0.45, label="tail: awake for nothing"),
        Patch(facecolor=LINE, label="idle"),
    ]


def _finding(cells: Sequence[CellEnergy], radio: Radio, style: Mapping[str, CellStyle]) -> str:
    """Who takes most and least of the battery."""
    ranked = sorted(cells, key=lambda cell: cell.uses[radio.name].joules_per_hour)
    least, most = ranked[0], ranked[-1]
    low, high = (cell.uses[radio.name].joules_per_hour for cell in (least, most))
    if len(ranked) == 1:
        text = f"takes {brief(low)} J an hour"
        return f"On {radio.title}, {style[least.cell].within} {text}"
    if high <= low * _ALIKE:
        both = f"{brief(low)} to {brief(high)}" if brief(low) != brief(high) else brief(high)
        return (
            f"On {radio.title} all take {both} J an hour: the radio never sleeps,"
            " whoever speaks first"
            if min(cell.uses[radio.name].radio_on for cell in cells) > 0.98
            else f"On {radio.title} all take {both} J an hour"
        )
    pushed = [cell.uses[radio.name].joules_per_hour for cell in cells if cell.profile.pushes]
    alike = least.profile.pushes and len(pushed) > 1 and max(pushed) <= low * 1.02
    who = "push" if alike else style[least.cell].within
    awake = most.uses[radio.name].radio_on > 0.98
    text = f"On {radio.title}, {style[most.cell].within} takes {brief(high)} J an hour"
    text += ", since the radio never sleeps" if awake else ""
    return f"{text}; {who} takes {brief(low)}"
