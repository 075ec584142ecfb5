"""One client along the time: when it asked, what the answer brought, how long a message waited."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from pushlab.charts.frame import SLIDE, describe_axis, frame, say, scale_below, styled
from pushlab.charts.style import GREY, INK, legend_key
from pushlab.course.measured import Measurement, Row
from pushlab.course.pictures import Picture
from pushlab.course.quantities import with_unit
from pushlab.course.trouble import CourseError
from pushlab.quantities import duration, exact_duration

__all__ = ["timeline_chart"]

_Span = tuple[float, float]


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
    asks = [ask for ask in row.watched.asks if ask[0] <= span_s]
    title, words = _finding(row, len(asks), [b - a for a, b in pairs])
    with styled():
        subtitle = (
            f"A typical client, number {row.watched.client} of {measured.work.clients:,}, for"
            f" {with_unit(span_s, 's')}"
        )
        figure, bottom, top = frame("", title, subtitle)
        axes = figure.add_axes((SLIDE.left, bottom, SLIDE.right - SLIDE.left, top - bottom))
        axes.set_xlim(-0.01 * span_s, span_s * 1.01)
        axes.set_ylim(-0.75, 1.3)
        axes.set_yticks([1.0, 0.0, -0.4] if asks else [1.0, 0.0])
        names = ["somebody writes", "the client has it", "the client asks"]
        axes.set_yticklabels(names[: 3 if asks else 2], fontsize=18, color=INK)
        axes.tick_params(axis="y", length=0)
        for height in (1.0, 0.0):
            axes.axhline(height, color=GREY, linewidth=0.8, zorder=0)
        _draw_asks(axes, asks, row.colour)
        _draw_messages(axes, pairs, row.colour, span_s)
        axes.xaxis.set_major_formatter(lambda value, _: exact_duration(value))
        scale_below(axes)
        marks = [
            legend_key("a question that brings news", color=row.colour, linewidth=4),
            legend_key("a question without news", color="#B5B5B5", linewidth=4),
        ]
        describe_axis(axes, "time", marks if asks else ())
    return Picture(figure, title, words)


def _draw_asks(axes: Axes, asks: Sequence[tuple[float, float, bool]], hue: str) -> None:
    for asked, answered, useful in asks:
        colour = hue if useful else "#B5B5B5"
        axes.plot([asked, answered], [-0.4, -0.4], color=colour, linewidth=8, zorder=2)
        axes.plot([asked, asked], [-0.56, -0.24], color=colour, linewidth=4, zorder=3)


def _draw_messages(axes: Axes, messages: Sequence[_Span], hue: str, span_s: float) -> None:
    labelled = -span_s
    for written, arrived in messages:
        axes.plot([written, arrived], [1, 0], color=hue, linewidth=2.5, zorder=2)
        axes.plot([written], [1], marker="o", markersize=13, color=INK, zorder=4)
        axes.plot([arrived], [0], marker="v", markersize=13, color=hue, zorder=4)
        middle = (written + arrived) / 2
        if arrived - written < 0.01 * span_s or middle - labelled < 0.1 * span_s:
            continue
        labelled = middle
        say(axes, duration(arrived - written), (middle, 0.5), (10, 0), 17)


def _finding(row: Row, asked: int, waits: list[float]) -> tuple[str, str]:
    count = len(waits)
    messages = f"{count} message{'s' if count != 1 else ''}"
    words = f"{messages}; waits: " + ", ".join(duration(wait) for wait in waits)
    if row.pushes:
        longest = f", each within {duration(max(waits))}" if waits else ""
        return f"{row.name}: nobody asks; {messages}{longest}", words
    return f"{row.name}: {asked} questions for {messages}", f"{asked} questions, {words}"
