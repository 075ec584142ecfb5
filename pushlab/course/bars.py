"""The course's chart: for each row the student's guess, the formula and what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from pushlab.charts.frame import SLIDE, describe_axis, frame, say, scale_below, styled
from pushlab.charts.style import ACCENT, GREY, INK, LINE
from pushlab.course.guesses import Guess
from pushlab.course.measured import Measurement, rate_in_words
from pushlab.course.pictures import Picture
from pushlab.course.quantities import with_unit
from pushlab.course.trouble import CourseError
from pushlab.quantities import exact_duration

__all__ = ["Bar", "Kind", "Row", "bars_chart", "figure_chart", "kind_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A figure: its unit, what the axis says, and the sentence of the title."""

    unit: str
    axis: str
    one: str
    several: str
    factor: float = 1.0


_KINDS: Mapping[str, Kind] = {
    "waiting_s": Kind(
        "s",
        "how long a message was on its way, on average; each dot is one message",
        "A message waited {} on average",
        "How long a message waits",
    ),
    "requests_per_s": Kind(
        "a second",
        "requests a second that the server handled, for all clients together",
        "Requests that the server handled: {}",
        "What the server has to handle",
    ),
    "requests_per_message": Kind(
        "requests",
        "requests for each message that arrived",
        "Each message took {}",
        "What a message costs in requests",
    ),
    "wasted": Kind(
        "%",
        "share of the requests that brought nothing",
        "{} of the requests brought nothing",
        "How many requests are in vain",
        factor=100.0,
    ),
    "bytes_per_message": Kind(
        "bytes",
        "bytes sent both ways for each message that arrived",
        "Each message took {}",
        "What a message costs in bytes",
    ),
    "cpu_ms_per_message": Kind(
        "ms",
        "work of the server's processor for each message that arrived",
        "Each message took {} of the server's processor",
        "What a message costs in processor time",
    ),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One number: ``guess``, ``formula``, ``measured`` or ``other``, and what to call it."""

    kind: str
    value: float
    name: str
    samples: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One transport with one setting: its name, its colour, and its numbers."""

    name: str
    colour: str
    bars: Sequence[Bar]


def kind_of(figure: str) -> Kind:
    """What there is to say of a figure. Raises CourseError."""
    if figure not in _KINDS:
        raise CourseError(f"there is no figure {figure!r} (figures: {', '.join(_KINDS)})")
    return _KINDS[figure]


def figure_chart(
    measured: Measurement,
    figure: str,
    guess: Guess | Mapping[str, Guess] | None,
    *,
    title: str | None = None,
) -> Picture:
    """Draw one figure of a measurement; see `Measured.chart`."""
    kind = kind_of(figure)
    guesses = _by_cell(measured, guess)
    rows = []
    for cell in measured.cells:
        numbers = measured.figures(cell)
        bars = []
        if cell in guesses:
            bars.append(Bar("guess", guesses[cell].value, guesses[cell].name))
        formula = measured.formula(cell, figure)
        # No way takes no time at all: a formula that leaves the machine out says nothing of it.
        if formula is not None and (formula or kind.unit != "s"):
            bars.append(Bar("formula", formula * kind.factor, "the formula"))
        value = getattr(numbers, figure)
        if value is not None:
            samples = measured.samples_s(cell) if figure == "waiting_s" else ()
            bars.append(Bar("measured", value * kind.factor, "measured", tuple(samples)))
        rows.append(Row(numbers.name, measured.row(cell).colour, bars))
    return bars_chart(
        rows,
        unit=kind.unit,
        axis=kind.axis,
        title=title or _finding(kind, rows, _short_names(measured)),
        subtitle=_subtitle(measured),
        footer=_footer(measured),
    )


def _by_cell(
    measured: Measurement, guess: Guess | Mapping[str, Guess] | None
) -> Mapping[str, Guess]:
    if guess is None:
        return {}
    if isinstance(guess, Mapping):
        return {measured.cell(name): each for name, each in guess.items()}
    return {measured.cells[0]: guess}


def _short_names(measured: Measurement) -> dict[str, str]:
    """How a title calls each row."""
    return {row.name: row.short for row in measured.rows}


def _finding(kind: Kind, rows: Sequence[Row], names: Mapping[str, str]) -> str:
    found = [(row.name, bar.value) for row in rows for bar in row.bars if bar.kind == "measured"]
    if not found:
        return kind.several
    if len(found) == 1:
        return kind.one.format(with_unit(found[0][1], kind.unit))
    low, high = min(found, key=lambda each: each[1]), max(found, key=lambda each: each[1])
    return (
        f"{kind.several}: {with_unit(low[1], kind.unit)} ({names[low[0]]})"
        f" to {with_unit(high[1], kind.unit)} ({names[high[0]]})"
    )


def _subtitle(measured: Measurement) -> str:
    work = measured.work
    parts = [f"{work.clients:,} clients", rate_in_words(work)]
    intervals = {
        float(row.options["interval_s"]) for row in measured.rows if "interval_s" in row.options
    }
    if len(intervals) == 1:
        parts.append(f"polling clients ask every {exact_duration(intervals.pop())}")
    if work.one_way_ms:
        parts.append(f"a server {work.one_way_ms:g} ms away")
    return ", ".join(parts)


def _footer(measured: Measurement) -> str:
    work = measured.work
    counts = [row.figures.deliveries for row in measured.rows]
    many = f"{min(counts):,}" if min(counts) == max(counts) else f"{min(counts):,}-{max(counts):,}"
    each = f"{work.trials} times " if work.trials > 1 else ""
    parts = [
        f"{many} messages delivered in {each}{work.duration_s:g} s",
        f"{work.machine}, {work.cores} cores".lstrip(", "),
    ]
    day = "" if measured.here else f"recorded on {work.recorded}, not on your machine: "
    return day + " · ".join(parts)


# ---- drawing ------------------------------------------------------------------------------------

#: What a logarithmic axis needs on its right for words, as a part of what is left of them.
_ROOM = 0.5
_LOG_FROM = {1: 40.0, 2: 8.0}  # largest by smallest, from which a linear axis hides the small ones


def bars_chart(
    rows: Sequence[Row],
    *,
    unit: str,
    axis: str,
    title: str,
    subtitle: str,
    footer: str = "",
    decades: bool | None = None,
) -> Picture:
    """Draw numbers in rows, each labelled where it stands.

    Args:
        decades: whether each line of the axis is ten times the one before; None: where durations
            lie far apart.
    """
    bars = [bar for row in rows for bar in row.bars]
    values = [bar.value for bar in bars if bar.value > 0]
    with styled():
        figure, bottom, top = frame(footer, title, subtitle, rows=len(rows))
        axes = figure.add_axes((SLIDE.left, bottom, SLIDE.right - SLIDE.left, top - bottom))
        spread = max(values) / min(values) if values else 1.0
        logarithmic = unit == "s" and spread > _LOG_FROM[min(len(rows), 2)]
        if decades is not None:
            logarithmic = decades and bool(values)
        _scale(axes, bars, values, unit, logarithmic)
        place = 0.0
        for row in rows:
            first = place
            for bar in row.bars:
                _draw(axes, bar, row.colour, place, unit, size=min(19.0, 90.0 / len(bars) + 11))
                place += 1.0
            middle = (first + place - 1) / 2
            say(axes, row.name, (0, middle), (-22, 0), 19, bold=True, within="rows")
            place += 0.5
            if row is not rows[-1]:
                axes.axhline(place - 0.75, color=LINE, linewidth=1)
        axes.set_ylim(place - 0.9, -0.7)
        axes.set_yticks([])
        scale_below(axes)
        describe_axis(axes, axis)
    return Picture(figure, title, _in_words(rows, unit))


def _scale(
    axes: Axes, bars: Sequence[Bar], values: Sequence[float], unit: str, logarithmic: bool
) -> None:
    reach = max([*values, *(max(bar.samples) for bar in bars if len(bar.samples))], default=1.0)
    if logarithmic:
        axes.set_xscale("log")
        low = min(values)
        left = low / 4
        axes.set_xlim(left, reach * (reach / left) ** _ROOM)
        axes.minorticks_off()
    else:
        axes.set_xlim(0, reach * 1.62)
    axes.xaxis.set_major_formatter(
        lambda value, _: exact_duration(value) if unit == "s" else f"{value:,.10g}"
    )


def _draw(axes: Axes, bar: Bar, colour: str, place: float, unit: str, *, size: float) -> None:
    left = axes.get_xlim()[0]
    ink = {"guess": ACCENT, "formula": INK, "measured": colour, "other": GREY}[bar.kind]
    style = (0, (2, 2)) if bar.kind == "guess" else "-"
    width = 9.0 if bar.kind == "measured" else 3.0
    axes.plot(
        [left, bar.value], [place, place], color=ink, linewidth=width, linestyle=style,
        solid_capstyle="butt", alpha=0.85, zorder=2,
    )  # fmt: skip
    axes.plot(
        [bar.value], [place],
        marker={"formula": "D", "other": "s"}.get(bar.kind, "o"),
        markersize=15, markeredgewidth=2.5, markeredgecolor=ink,
        markerfacecolor=colour if bar.kind == "measured" else "white", zorder=4,
        clip_on=False,  # at nought a marker stands on the edge
    )  # fmt: skip
    if len(bar.samples):
        shown = np.asarray(bar.samples)
        shown = shown[shown > left]
        lift = np.random.default_rng(1).uniform(0.18, 0.42, len(shown))
        axes.plot(
            shown, place + lift, marker=".", markersize=5, linestyle="none", color=colour,
            alpha=0.45, zorder=1,
        )  # fmt: skip
    say(
        axes,
        f"{bar.name}: {_shown(bar.value, unit)}",
        (bar.value, place),
        (16, 0),
        size,
        ink if bar.kind == "guess" else INK,
        fontweight="bold" if bar.kind == "measured" else "normal",
        zorder=5,
    )


def _shown(value: float, unit: str) -> str:
    return with_unit(value if unit == "s" else float(f"{value:.3g}"), unit)


def _in_words(rows: Sequence[Row], unit: str) -> str:
    return "\n".join(
        f"{row.name}: " + ", ".join(f"{bar.name} {_shown(bar.value, unit)}" for bar in row.bars)
        for row in rows
    )
