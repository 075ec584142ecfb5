"""How far a client is behind, moment by moment: polling's teeth, and push beside them."""

from collections.abc import Sequence

from pushlab.charts.palette import GREY, INK, LINE
from pushlab.course.figure_charts import footer_of, subtitle_of
from pushlab.course.measured import Measurement, Row
from pushlab.course.pictures import Picture
from pushlab.course.quantities import with_unit
from pushlab.course.svg.canvas import Canvas
from pushlab.course.svg.scales import Linear, rounded_up
from pushlab.course.svg.sheet import LEFT, RIGHT, Key, axis_below, sheet
from pushlab.course.svg.text import wide, wrapped
from pushlab.course.trouble import CourseError
from pushlab.quantities import duration, exact_duration

__all__ = ["behind", "staleness_chart"]

_ROW, _NAMES, _BESIDE = 88.0, 130.0, 118.0
_NAME, _SIZE = 18.0, 15.5


def behind(messages: Sequence[tuple[float, float]], span_s: float) -> list[tuple[float, float]]:
    """The corners of a client's staleness: pairs of a moment and an age, in seconds.

    The age is that of the oldest message which has been written and has not arrived.
    """
    moments = sorted({0.0, span_s, *(t for pair in messages for t in pair if 0 <= t <= span_s)})
    corners: list[tuple[float, float]] = []
    for moment in moments:
        before = [begun for begun, ended in messages if begun <= moment <= ended]
        after = [begun for begun, ended in messages if begun <= moment < ended]
        for lacking in (before, after):
            age = moment - min(lacking) if lacking else 0.0
            if not corners or corners[-1] != (moment, age):
                corners.append((moment, age))
    return corners


def staleness_chart(measured: Measurement, span_s: float | None) -> Picture:
    """Draw how far a typical client of each row is behind, along the time.

    Raises:
        CourseError: nobody was observed.
    """
    seen = [(row, row.watched) for row in measured.rows if row.watched is not None]
    if not seen:
        raise CourseError("no client was observed in this run")
    window = min(span_s or 60.0, *(watched.span_s for _, watched in seen))
    curves = [behind(watched.messages, window) for _, watched in seen]
    highest = rounded_up(max(max(age for _, age in curve) for curve in curves) or 1e-3)
    worst = {
        row.cell: max(age for _, age in curve) for (row, _), curve in zip(seen, curves, strict=True)
    }
    clients = sorted({watched.client for _, watched in seen})
    which = f"client {clients[0]}" if len(clients) == 1 else "a typical client of each"
    title = _finding([row for row, _ in seen], worst, window)
    page = sheet(
        title,
        f"{subtitle_of(measured)}. Shown: {which}, for {with_unit(window, 's')}",
        footer_of(measured),
        height=_ROW * len(seen),
        axis=f"time; every row is 0 to {exact_duration(highest)} high: the age of the oldest"
        " message that the client lacks",
        marks=[Key("tick", INK, "a message is written")],
    )
    scale = Linear(0.0, window, LEFT + _NAMES, RIGHT - _BESIDE)
    axis_below(page, scale, exact_duration)
    for number, ((row, watched), curve) in enumerate(zip(seen, curves, strict=True)):
        base = page.top + (number + 1) * _ROW - 12
        up = Linear(0.0, highest, base, base - _ROW + 24)
        written = [begun for begun, _ in watched.messages if 0 <= begun <= window]
        _panel(page.canvas, row, curve, written, scale, up)
    words = "\n".join(f"{row.name}: at worst {duration(worst[row.cell])} behind" for row, _ in seen)
    return Picture(page.canvas, title, words)


def _panel(
    canvas: Canvas,
    row: Row,
    curve: Sequence[tuple[float, float]],
    written: Sequence[float],
    scale: Linear,
    up: Linear,
) -> None:
    ground, end = up.start, up.end
    canvas.line([(scale.start, end), (scale.end, end)], LINE, dash=(2, 4))
    canvas.line([(scale.start, ground), (scale.end, ground)], GREY)
    corners = [(scale(moment), up(age)) for moment, age in curve]
    area = [(corners[0][0], ground), *corners, (corners[-1][0], ground)]
    canvas.area(area, row.colour, opacity=0.4)
    canvas.line(corners, row.colour, 2.2)
    for moment in written:
        canvas.line([(scale(moment), ground - 6), (scale(moment), ground + 6)], INK, 1.2)
    middle = (ground + end) / 2
    lines = wrapped(row.name, _NAME, _NAMES - 12, bold=True)
    for number, line in enumerate(lines):
        y = middle + (number - (len(lines) - 1) / 2) * _NAME * 1.2
        canvas.text((LEFT, y), line, _NAME, bold=True)
    worst = max(age for _, age in curve)
    told = f"at worst {duration(worst)}"
    size = min(_SIZE, _SIZE * (_BESIDE - 12) / wide(told, _SIZE))
    canvas.text((scale.end + 12, middle), told, size)


def _finding(rows: Sequence[Row], worst: dict[str, float], window: float) -> str:
    ordered = sorted(rows, key=lambda row: worst[row.cell])
    low, high = ordered[0], ordered[-1]
    most = duration(worst[high.cell])
    told = f"In these {with_unit(window, 's')} the client fell up to {most} behind"
    if low is high:
        return told
    return f"{told} with {high.short}, up to {duration(worst[low.cell])} with {low.short}"
