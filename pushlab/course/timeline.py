"""One client along the time: when it asked, what the answer brought, how long a message waited."""

from collections.abc import Sequence

from pushlab.charts.palette import GREY, INK, LINE, mixed
from pushlab.course.measured import Measurement, Row, Watched
from pushlab.course.pictures import Picture
from pushlab.course.quantities import with_unit
from pushlab.course.svg.canvas import Canvas
from pushlab.course.svg.scales import Linear
from pushlab.course.svg.sheet import LEFT, RIGHT, Key, axis_below, sheet
from pushlab.course.svg.text import wide
from pushlab.course.trouble import CourseError
from pushlab.quantities import counted, duration, exact_duration

__all__ = ["timeline_chart", "typical"]

_PALE = "#B5B5B5"
_NAMES = 142.0
_WRITTEN, _HAS, _ASKS, _END = 22.0, 172.0, 232.0, 262.0  # heights of the lines
_SIZE = 15.5


def timeline_chart(measured: Measurement, cell: str, span_s: float) -> Picture:
    """Draw one observed client: questions below, messages above, and a line for each wait.

    Raises:
        CourseError: nobody was observed.
    """
    row = measured.row(cell)
    if row.watched is None:
        raise CourseError(f"no client of {row.name} was observed in this run")
    span_s = min(span_s, row.watched.span_s)
    pairs = [(begun, ended) for begun, ended in row.watched.messages if ended <= span_s]
    waiting = [begun for begun, ended in row.watched.messages if begun <= span_s < ended]
    asks = [ask for ask in row.watched.asks if ask[0] <= span_s]
    title, words = _finding(row, len(asks), [b - a for a, b in pairs])
    marks = [
        Key("tick", row.colour, "a question that brings news"),
        Key("tick", _PALE, "one without news"),
    ]
    which = typical(row.watched, measured.work.clients)
    page = sheet(
        title,
        f"{which}; {with_unit(span_s, 's')} of the measurement",
        "",
        height=_END if asks else _HAS + 24,
        axis="time",
        marks=marks if asks else (),
    )
    scale = Linear(0.0, span_s, LEFT + _NAMES + 12, RIGHT - 12)
    axis_below(page, scale, exact_duration)
    canvas, top = page.canvas, page.top
    lanes = [("somebody writes", _WRITTEN), ("the client has it", _HAS)]
    for name, y in [*lanes, *([("the client asks", _ASKS)] if asks else [])]:
        canvas.text((LEFT, top + y), name, _SIZE)
        canvas.line([(scale.start, top + y), (RIGHT, top + y)], LINE)
    for begun in waiting:
        canvas.line(
            [(scale(begun), top + _WRITTEN), (scale(span_s), top + _WRITTEN + 40)],
            row.colour, 2, dash=(3, 4),
        )  # fmt: skip
        canvas.mark("circle", (scale(begun), top + _WRITTEN), 10, INK)
    _draw_asks(canvas, asks, scale, top + _ASKS, row.colour)
    _draw_messages(canvas, pairs, scale, top, row.colour)
    return Picture(canvas, title, words)


def typical(watched: Watched, clients: int) -> str:
    """Which client is shown, and why this one."""
    which = f"Client {watched.client} of {clients:,}"
    if watched.of < 2:
        return which
    return f"{which}, the one in the middle of the {watched.of} that were watched"


def _draw_asks(
    canvas: Canvas, asks: Sequence[tuple[float, float, bool]], scale: Linear, y: float, hue: str
) -> None:
    for asked, answered, useful in asks:
        colour = hue if useful else _PALE
        end = min(answered, scale.high)
        canvas.line([(scale(asked), y), (max(scale(end), scale(asked) + 1), y)], colour, 6)
        canvas.line([(scale(asked), y - 10), (scale(asked), y + 10)], colour, 3)


def _draw_messages(
    canvas: Canvas,
    messages: Sequence[tuple[float, float]],
    scale: Linear,
    top: float,
    hue: str,
) -> None:
    """Each message from the moment it is written to that it is there; waits where there is room."""
    for written, arrived in messages:
        ends = [(scale(written), top + _WRITTEN), (scale(arrived), top + _HAS)]
        canvas.line(ends, hue, 2.4)
        canvas.mark("circle", ends[0], 10, INK)
        canvas.mark("down", ends[1], 11, hue)
    free = -1.0
    for written, arrived in messages:
        told, x = duration(arrived - written), scale((written + arrived) / 2) + 8
        if x < free or x + wide(told, _SIZE) > RIGHT:
            continue
        y = top + (_WRITTEN + _HAS) / 2
        canvas.text((x, y), told, _SIZE, mixed(GREY, 0.0, 0.3), halo=True)
        free = x + wide(told, _SIZE) + 8


def _finding(row: Row, asked: int, waits: list[float]) -> tuple[str, str]:
    count = len(waits)
    messages = counted(count, "message")
    words = f"{messages}; waits: " + ", ".join(duration(wait) for wait in waits)
    if row.pushes:
        longest = f", the slowest after {duration(max(waits))}" if waits else ""
        return f"{row.name}: nobody asks; {messages}{longest}", words
    questions = counted(asked, "question")
    return f"{row.name}: {questions} for {messages}", f"{questions}, {words}"
