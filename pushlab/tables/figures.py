"""Declared figures as columns and cells, for a terminal and a page alike."""

from collections.abc import Iterable, Mapping
from functools import partial

from pushlab.analysis.summary.catalogue import FIGURES, Figure, shown_in
from pushlab.analysis.summary.catalogue import Table as Place
from pushlab.analysis.summary.model import CellSummary
from pushlab.quantities import amount, brief, duration, exact, memory, number, share, signed, span
from pushlab.tables.model import Cell, Column, Show

__all__ = [
    "figure_cell",
    "figure_columns",
    "held_against",
    "kind_of",
    "model_note",
    "price_range",
    "residual",
]

_NO_TIME_S = 1e-5  # a closed form without a network in it comes to nothing


def kind_of(figure: Figure) -> Show:
    """What makes words of a figure's values below a heading, which may have their unit."""
    kinds: Mapping[str, Show] = {
        "s": duration,
        "bytes": brief,
        "memory": memory,
        "share": share,
        "usd": amount,
    }
    show = kinds.get(figure.kind, _counted)
    return partial(_predicted, show) if figure.name.startswith("predicted.") else show


def _counted(value: float) -> str:
    return exact(value) if isinstance(value, int) else number(value)


def _predicted(show: Show, value: float) -> str:
    return "≈ 0" if show is duration and value < _NO_TIME_S else show(value)


def _in_brackets(show: Show, value: float) -> str:
    return f"({show(value)})"


def figure_columns(place: Place, cells: Iterable[CellSummary] = ()) -> list[Column]:
    """The columns of a table, as `shown_in`; on a terminal there is no room below a heading."""
    terminal = place in ("run", "sweep")
    found = []
    for one in shown_in(place, cells):
        show = kind_of(one)
        if one.words.startswith("("):
            show = partial(_in_brackets, show)
        words, small = (one.words, "") if terminal else (one.title, one.small)
        found.append(Column(words, small, show=show, head=one.head, rank=one.shown[place]))
    return found


def figure_cell(summary: CellSummary, figure: Figure, note: str = "") -> Cell:
    """The figure's value, to be seen at once where it must not be there, with its marks."""
    value = summary[figure.name]
    mark = "" if value is None else ", ".join(held_against(summary, figure))
    return Cell(value, note, mark, bool(figure.bad and value))


def held_against(summary: CellSummary, figure: Figure) -> list[str]:
    """What must be known with a figure, in a word each: ``busy-machine``, ``unstable``."""
    kinds: list[str] = [mark.kind for mark, _ in summary.marks_against(figure.name)]
    if figure.ranked and figure.key in summary.unstable:
        kinds.append("unstable")
    return list(dict.fromkeys(kinds))


def model_note(summary: CellSummary, figure: Figure) -> str:
    """What a closed form says of a figure, in brackets; empty without one."""
    value = summary[figure.model] if figure.model else None
    return "" if value is None else _in_brackets(kind_of(FIGURES[figure.model]), value)


def price_range(summary: CellSummary) -> str:
    """From the cheap to the dear end of a month's guesses."""
    low, high = summary.price.low, summary.price.high
    return "" if low is None or high is None else span((low, high), amount)


def residual(predicted: float | None, measured: float | None, show: Show) -> tuple[str | None, str]:
    """Measured minus predicted, and as a share of it where that means something."""
    if predicted is None or measured is None:
        return None, ""
    off = measured - predicted
    tells = predicted > _NO_TIME_S and abs(off) >= 0.0005 * predicted
    return signed(off, show), signed(off / predicted, share) if tells else ""
