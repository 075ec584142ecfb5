"""What the tables of runs and of sweeps share: columns that give way, heads, and one legend.

On a terminal columns that do not fit are left out, the least important first, and named. In a pipe
each row is one line, with two blanks or more between columns: a value has a blank before its unit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len

from pushlab import quantities
from pushlab.analysis.summary.catalogue import FIGURES, Figure
from pushlab.analysis.summary.model import CellSummary

__all__ = ["Column", "aligned", "fitting", "in_two_lines", "left_out", "legend", "star"]

Cell = CellSummary

_LEAST_NAME = 14  # letters for a label before a column gives way to it
_MOST_NAME = 30


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its short head, the same in full words, and its text for a cell.

    Attributes:
        rank: columns of the highest rank give way first; those of rank 0 stay.
        model: what a closed form predicts, to stand in brackets below the text.
        bad: whether the text is to be seen at once.
    """

    head: str
    words: str
    text: Callable[[Cell], str]
    rank: int
    model: Callable[[Cell], str] | None = None
    bad: Callable[[Cell], bool] = lambda cell: False

    @classmethod
    def of(cls, figure: Figure, rank: int, *, model_below: bool = False) -> "Column":
        """The column of a figure.

        Args:
            model_below: what a closed form predicts stands in brackets below it, not in a column
                of its own.
        """
        model = figure.model if model_below else ""
        return cls(
            figure.short,
            figure.words,
            lambda cell: _shown(figure, cell[figure.name]),
            rank,
            (lambda cell: _shown(FIGURES[model], cell[model])) if model else None,
            lambda cell: bool(figure.bad and cell[figure.name]),
        )

    @property
    def title(self) -> str:
        """The full words as a terminal's head."""
        return in_two_lines(self.words)

    def predicted(self, cell: Cell) -> str:
        """The model's figure in brackets; empty without one."""
        text = self.model(cell) if self.model else "-"
        return "" if text == "-" else f"({text})"

    def width(self, cells: Sequence[Cell]) -> int:
        """The letters that the column needs on a terminal."""
        texts = self.title.split("\n")
        for cell in cells:
            texts += [self.text(cell), self.predicted(cell)]
        return max(cell_len(text) for text in texts)


def duration(value: float | None) -> str:
    """A duration, or that there is none."""
    return "-" if value is None else quantities.duration(value)


def number(value: float | None) -> str:
    """A number, or that there is none."""
    return "-" if value is None else quantities.number(value)


def _shown(figure: Figure, value: float | None) -> str:
    """A figure in its column, whose head has the unit if it is not of time."""
    if value is None:
        return "-"
    if figure.unit == "s":
        text = duration(value)
        if figure.name.startswith("predicted.") and value < 1e-5:
            text = "≈ 0"  # a closed form without a network in it comes to nothing
    elif figure.unit == "share":
        text = quantities.share(value)
    else:
        text = quantities.exact(value) if figure.bad else number(value)
    return f"({text})" if figure.words.startswith("(") else text


def in_two_lines(words: str) -> str:
    """A head broken at blanks into two lines, as narrow as they can be; no word is torn."""
    lines = [words]
    for width in range(max(map(len, words.split())), len(words)):
        lines = wrap(words, width, break_long_words=False, break_on_hyphens=False)
        if len(lines) <= 2:
            break
    return "\n".join(lines)


def fitting(
    columns: Sequence[Column], cells: Sequence[Cell], names: Sequence[str], width: int
) -> tuple[list[Column], int]:
    """The columns that have room beside the names, and the letters that are left for a name."""
    name_room = min(_MOST_NAME, max([_LEAST_NAME, *map(cell_len, names)]))
    room = width - min(name_room, max(_LEAST_NAME, width // 4)) - 1
    chosen = list(columns)
    while sum(column.width(cells) + 1 for column in chosen) > room:
        last = max(chosen, key=lambda column: column.rank)
        if last.rank == 0:
            break
        chosen.remove(last)
    left = width - sum(column.width(cells) + 1 for column in chosen) - 1
    return chosen, max(8, min(left, name_room))


def left_out(columns: Sequence[Column], chosen: Sequence[Column]) -> str:
    """The columns for which there is no room, in words; empty if all are there."""
    words = [column.words for column in columns if column not in chosen]
    return f"No room here for: {', '.join(words)}." if words else ""


def aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Rows as lines of text, two blanks between columns; those up to `left` begin at their left.

    A row may end after that one and another, where there is nothing else to say. No line begins
    with a blank, or awk would see one field more.
    """
    full = [row for row in rows if len(row) == len(rows[0])]
    widths = [
        max(cell_len(row[i]) for row in (rows if i <= left else full)) for i in range(len(rows[0]))
    ]
    lines = []
    for row in rows:
        texts = []
        for i, (text, width) in enumerate(zip(row, widths, strict=False)):
            blanks = " " * (width - cell_len(text))
            texts.append(text + blanks if i <= left else blanks + text)
        lines.append("  ".join(texts).rstrip())
    return lines


def legend(
    columns: Sequence[Column],
    cells: Sequence[Cell],
    *,
    short: bool,
    others: Sequence[tuple[str, str]] = (),
) -> list[str]:
    """What must be said below a table: of short heads, brackets, dashes and stars, if it has any.

    Args:
        short: the heads are the short ones, and nothing stands in brackets below a figure.
        others: short heads of other columns, with the same in full words.
    """
    found = []
    if short:
        heads: dict[str, list[str]] = {}
        for head, words in [*others, *((column.head, column.words) for column in columns)]:
            rest = words.replace(head, "", 1).strip()
            if rest:
                heads.setdefault(rest, []).append(head)
        found.append("; ".join(f"{', '.join(names)}: {rest}" for rest, names in heads.items()))
    texts = {column.text(cell) for column in columns for cell in cells}
    if not short:
        texts |= {column.predicted(cell) for column in columns for cell in cells}
    if any(text.startswith("(") for text in texts):
        found.append("In brackets: what a closed form predicts")
    if "-" in texts:
        found.append("-: not measured, or too few deliveries to say")
    if any(star(cell) for cell in cells):
        found.append("*: see the remarks below")
    return [f"{text}." for text in found if text]


def star(cell: Cell) -> str:
    """What follows a name of which the remarks speak."""
    return " *" if cell.marks or cell.unstable else ""
