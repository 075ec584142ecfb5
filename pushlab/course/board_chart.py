"""The leader board as a picture: cost across, wait upward, and what the clock gets for its cost."""

import math
from collections.abc import Sequence

from pushlab.charts.palette import ACCENT, GREY, INK, LINE, dark
from pushlab.course.figure_charts import footer_of, subtitle_of
from pushlab.course.measured import Measurement
from pushlab.course.pictures import Picture
from pushlab.course.standings import COST, WAIT, Standing, interval_of
from pushlab.course.svg.canvas import Canvas
from pushlab.course.svg.plot import axes, spread
from pushlab.course.svg.scales import Log
from pushlab.course.svg.sheet import AXIS, LEFT, RIGHT, sheet
from pushlab.course.svg.text import wrapped
from pushlab.quantities import exact_duration

__all__ = ["board_chart"]

_HEIGHT = 380.0
_NAMES, _VALUES, _NOUGHT = 250.0, 84.0, 70.0
_CLOCK = "#D55E00"  # who asks is warm
_SIZE = 16.0
_FOOT = (
    "The line is what asking by the clock gets, at any interval: twice as often, half the wait."
    " Below it, a message waits less at equal cost. The score is held against the line: 1 on it,"
    " less is better."
    " Whiskers: 95 % over trials."
)
_FREE = "Who is pushed to asks nothing; what that costs instead is an open connection for each."


def board_chart(measured: Measurement, places: Sequence[Standing], title: str, how: str) -> Picture:
    """Draw the board; see `Board.board`."""
    nought = any(one.asks_per_s <= 0 for one in places)
    foot = [_FOOT, _FREE if nought else "", how or footer_of(measured)]
    page = sheet(
        title,
        subtitle_of(measured),
        "\n".join(filter(None, foot)),
        height=_HEIGHT,
        axis="across: requests of each client a second; upward: how long a message waits",
    )
    clients = measured.work.clients
    left = LEFT + _VALUES + (_NOUGHT if nought else 0.0)
    across = _fit(places, clients, left, RIGHT - _NAMES)
    up = _fit_up(places, across, page.bottom, page.top + 6)
    axes(page.canvas, across, up, (_plain, exact_duration), ticks=_round(across))
    _clock(page.canvas, across, up)
    if nought:
        x = across.zero
        page.canvas.line([(x, page.top), (x, page.bottom)], LINE, dash=(2, 3))
        page.canvas.text((x, page.bottom + 16), "0", AXIS, GREY, anchor="middle")
    marks = [(across(one.asks_per_s), up(one.waits_s)) for one in places]
    for one, (x, y) in zip(places, marks, strict=True):
        _whiskers(page.canvas, one, clients, (x, y), across, up)
    for one, at in zip(places, marks, strict=True):
        hollow = "#ffffff" if one.out else ""
        page.canvas.mark("circle", at, 14, one.row.colour, fill=hollow, width=2.6)
    _names(page.canvas, places, marks, page.top, page.bottom)
    return Picture(page.canvas, title, "\n".join(_told(one) for one in places))


def _fit(places: Sequence[Standing], clients: int, start: float, end: float) -> Log:
    costs = [one.asks_per_s for one in places if one.asks_per_s > 0] or [1.0]
    for one in places:
        ends = interval_of(one.row.by_trial.get(COST, ()))
        costs.extend(each / clients for each in ends or ())
    low, high = min(costs) / 1.8, max(costs) * 1.8
    low, high = min(low, math.sqrt(low * high) / 3), max(high, math.sqrt(low * high) * 3)
    return Log(low, high, start, end, zero=start - _NOUGHT / 2)


def _fit_up(places: Sequence[Standing], across: Log, start: float, end: float) -> Log:
    waits = [one.waits_s for one in places if one.waits_s > 0] or [0.5]
    middle = math.sqrt(across.low * across.high)
    return Log(min(*waits, 0.25 / middle) / 1.6, max(*waits, 1.0 / middle) * 1.6, start, end)


def _plain(value: float) -> str:
    return f"{value:g}"


def _round(across: Log) -> list[float]:
    """Values of the axis that stand apart."""
    steps = [m * 10.0**p for p in range(-5, 6) for m in (1, 2, 5)]
    return [step for step in steps if across.low <= step <= across.high]


def _clock(canvas: Canvas, across: Log, up: Log) -> None:
    """The line of equal score: cost times wait is a half."""
    low, high = max(across.low, 0.5 / up.high), min(across.high, 0.5 / up.low)
    if low >= high:
        return
    ends = [(across(cost), up(0.5 / cost)) for cost in (low, high)]
    corners = [(across(across.low), up.end), ends[0], ends[1], (across(across.high), up.start)]
    below = [*corners[1:], (across(across.low), up.start), (across(across.low), ends[0][1])]
    canvas.area(below, "#009E73", opacity=0.06)
    canvas.line(ends, _CLOCK, 2.2, dash=(7, 4))
    (x, y), (x2, _) = ends
    at = x + 10 if x2 - x > 150 else x
    canvas.text((at + 8, y + 10), "by the clock", AXIS, dark(_CLOCK), halo=True)


def _whiskers(
    canvas: Canvas,
    one: Standing,
    clients: int,
    at: tuple[float, float],
    across: Log,
    up: Log,
) -> None:
    x, y = at
    cost, wait = (interval_of(one.row.by_trial.get(name, ())) for name in (COST, WAIT))
    if cost:
        canvas.whiskers((across(cost[0] / clients), across(cost[1] / clients)), y, 12, INK)
    if wait:
        low, high = (max(up.low, min(up.high, each)) for each in wait)
        canvas.line([(x, up(low)), (x, up(high))], INK, 1.7)
        for end in (low, high):
            canvas.line([(x - 6, up(end)), (x + 6, up(end))], INK, 1.7)


def _names(
    canvas: Canvas,
    places: Sequence[Standing],
    marks: Sequence[tuple[float, float]],
    top: float,
    bottom: float,
) -> None:
    """Place, name and score at the right, each with a thin line to its mark."""
    order = sorted(range(len(places)), key=lambda i: marks[i][1])
    begin = RIGHT - _NAMES + 26
    texts = {i: wrapped(_title(places[i]), _SIZE, RIGHT - begin, bold=True) for i in order}
    heights = [(len(texts[i]) + 1) * _SIZE * 1.25 + 6 for i in order]
    spots = spread([marks[i][1] for i in order], heights, top, bottom + 6)
    for i, place in zip(order, spots, strict=True):
        x, y = marks[i]
        colour = places[i].row.colour
        canvas.line([(x + 9, y), (begin - 6, place)], colour, opacity=0.75)
        at = place - len(texts[i]) * _SIZE * 1.25 / 2
        for row in texts[i]:
            canvas.text((begin, at), row, _SIZE, dark(colour), bold=True)
            at += _SIZE * 1.25
        out = places[i].out
        canvas.text((begin, at), out or _score(places[i]), 14, ACCENT if out else GREY)


def _title(one: Standing) -> str:
    return f"{one.place}. {one.row.name}" if one.place else one.row.name


def _score(one: Standing) -> str:
    sure = f" ({one.low:.2f} to {one.high:.2f})" if one.low is not None else ""
    return f"score {one.score:.2f}{sure}"


def _told(one: Standing) -> str:
    if one.out:
        return f"{one.row.name}: {one.out}"
    return (
        f"{_title(one)}: {_score(one)}, {one.asks_per_s:.2g} requests of each client a second,"
        f" waits {one.waits_s:.2g} s"
    )
