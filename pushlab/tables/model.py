"""A table as values with their kinds; a terminal, a pipe and a page each lay it out in its way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pushlab.quantities import exact

__all__ = ["NOTHING", "Cell", "Column", "Row", "Show", "Table"]

#: Stands where a value is not known.
NOTHING = "-"

#: Makes words of a value: one of `pushlab.quantities`, as a rule.
Show = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, and what is said in small print with it.

    Attributes:
        value: a number; a text, which stands as it is; None: not known.
        note: stands below it, in a line or more: an interval, or what a model says.
        mark: a word that must not be overlooked, such as ``unstable``.
        bad: the value is to be seen at once.
    """

    value: float | str | None = None
    note: str = ""
    mark: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """What stands at the head of a column, and how its values are shown.

    Attributes:
        words: the heading in full.
        small: below it: the unit, or what the values mean.
        show: the kind of its values.
        head: a short heading, where all must stand in one line.
        rank: where room is short, columns of the highest rank go to another block first.
        text: its values are words: they begin at the left, and may be broken at blanks.
        dim: of less weight than its neighbours.
    """

    words: str
    small: str = ""
    show: Show = exact
    head: str = ""
    rank: int = 0
    text: bool = False
    dim: bool = False

    def told(self, cell: Cell, nothing: str = NOTHING) -> str:
        """The cell's value in words."""
        if cell.value is None:
            return nothing
        return cell.value if isinstance(cell.value, str) else self.show(cell.value)

    def printed(self, cell: Cell) -> str:
        """The same on a terminal, where a star stands for its mark."""
        return self.told(cell) + ("*" if cell.mark and cell.value is not None else "")


@dataclass(frozen=True, slots=True)
class Row:
    """What one transport (or trial, or offer) has in each column.

    Attributes:
        names: its value for each of the table's leading columns.
        problem: why there is nothing to show; there are no cells then.
        marks: of which the remarks below the table speak.
        colour: of the same thing in the charts.
        text, dim: as for columns, where rows are columns that were turned.
    """

    names: Sequence[float | str]
    cells: Sequence[Cell] = ()
    problem: str = ""
    marks: Sequence[str] = ()
    colour: str = ""
    text: bool = False
    dim: bool = False

    @property
    def name(self) -> str:
        """The names as one."""
        return ", ".join(str(name) for name in self.names)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below columns.

    Attributes:
        leading: the columns that say which row it is; where columns are parted, each part has them.
        turned: in a terminal the columns read better one below the other, the rows side by side.
        caption: what the table shows; a terminal has it in its own sentences.
    """

    leading: Sequence[Column]
    columns: Sequence[Column]
    rows: Sequence[Row] = field(default_factory=list)
    caption: str = ""
    turned: bool = False
