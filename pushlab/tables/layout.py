"""How a table's columns share the width of a terminal, in blocks or as a list.

Headings and labels are broken at blanks, and words where there is no room for them; no number is.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap

from rich.cells import cell_len, chop_cells
from rich.text import Text

from pushlab.tables.model import Row, Table

__all__ = ["Block", "as_list", "blocks_of", "padded", "wrapped"]

_LEAST_LABEL = 14  # letters that a label is left before columns are parted
_MOST_LABEL = 32
_LEAST_WORDS = 20  # the same for a column of words


class Block:
    """Some columns of a table beside its rows' names.

    Attributes:
        least: the fewest letters that it needs across.
    """

    def __init__(self, table: Table, chosen: Sequence[int], gap: int, height: int) -> None:
        self._table = table
        self._chosen = chosen
        self._gap = gap
        heads = [
            cell_len(column.words) if column.text else _narrowest(column.words, height)
            for column in table.leading
        ]
        self._names = [
            max([head, *(cell_len(str(row.names[i])) for row in table.rows)])
            for i, head in enumerate(heads)
        ]
        self._least_names = [
            min(wide, max(_LEAST_LABEL, _longest_word(column.words))) if column.text else wide
            for column, wide in zip(table.leading, self._names, strict=True)
        ]
        self._wide = [self._width(i, height, least=False) for i in chosen]
        self._least = [self._width(i, height, least=True) for i in chosen]
        said = max((_longest_word(row.problem) for row in table.rows), default=0)
        room = max(sum(self._least) + gap * (len(chosen) - 1), min(said, _LEAST_WORDS))
        self.least = sum(self._least_names) + gap * len(table.leading) + room

    def _width(self, i: int, height: int, *, least: bool) -> int:
        """What the column needs; at `least`, if its words are broken. A number never is."""
        column = self._table.columns[i]
        needs = [_narrowest(column.words, height)]
        for row in self._table.rows:
            if row.problem:
                continue
            text = column.printed(row.cells[i])
            if not least or not (column.text or row.text):
                needs += [cell_len(text), *map(cell_len, row.cells[i].note.split("\n"))]
            elif row.text:
                needs.append(_longest_word(text.replace("-", "- ")))
            else:  # words are given some room, and the longest is kept whole unless it is a freak
                longest = min(_MOST_LABEL, max(_longest_word(text), _LEAST_WORDS))
                needs.append(min(longest, cell_len(text)))
        return max(needs)

    def lines(self, width: int, *, problems: bool = True) -> Iterator[Text]:
        """The heads and the rows; those with nothing but a problem, unless they were told."""
        names, widths = self._shares(width)
        columns = [*self._table.leading, *(self._table.columns[i] for i in self._chosen)]
        wide, rights = [*names, *widths], [not column.text for column in columns]
        tops = [wrapped(column.words, room) for column, room in zip(columns, wide, strict=True)]
        height = max(map(len, tops))
        heads = [[(text, "bold") for text in [""] * (height - len(top)) + top] for top in tops]
        yield from self._across(heads, wide, rights)
        for row in self._table.rows:
            style = "dim" if row.dim else ""
            parts = [
                [(text, style) for text in wrapped(str(name), room)]
                for name, room in zip(row.names, names, strict=True)
            ]
            if not row.problem:
                for i, room in zip(self._chosen, widths, strict=True):
                    parts.append(self._cell(row, i, room, style))
                yield from self._across(parts, wide, rights)
            elif problems:
                room = width - sum(names) - self._gap * len(names)
                parts.append([(text, "red") for text in wrapped(row.problem, room)])
                yield from self._across(parts, [*names, room], [*rights[: len(names)], False])

    def _cell(self, row: Row, i: int, room: int, style: str) -> list[tuple[str, str]]:
        column, cell = self._table.columns[i], row.cells[i]
        told = [column.printed(cell)]
        if column.text or row.text:
            told = wrapped(told[0], room, hyphens=row.text)
        lines = cell.note.split("\n") if cell.note else []
        notes = [part for line in lines for part in wrapped(line, room)]
        found = [(text, "bold red" if cell.bad else style) for text in told]
        return found + [(note, "dim") for note in notes]

    def _shares(self, width: int) -> tuple[list[int], list[int]]:
        """The least widths, and what is left over: to the labels first, then to words."""
        names, widths = list(self._least_names), list(self._least)
        left = width - self.least
        for having, wanting in ((names, self._names), (widths, self._wide)):
            for i, want in enumerate(wanting):
                most = min(want, _MOST_LABEL) if having is names else want
                more = max(0, min(left, most - having[i]))
                having[i] += more
                left -= more
        return names, widths

    def _across(
        self,
        parts: Sequence[Sequence[tuple[str, str]]],
        widths: Sequence[int],
        rights: Sequence[bool],
    ) -> Iterator[Text]:
        """Columns of a few lines each, side by side."""
        for line in zip_longest(*parts, fillvalue=("", "")):
            side_by_side = [
                Text(padded(text, width, right=right), style)
                for (text, style), width, right in zip(line, widths, rights, strict=True)
            ]
            whole = Text(" " * self._gap).join(side_by_side)
            whole.rstrip()
            yield whole


def blocks_of(table: Table, width: int) -> Iterator[Block]:
    """The columns parted, those of the lowest rank first; evenly, if all have one rank."""
    ranks = [column.rank for column in table.columns]
    rest = list(range(len(ranks)))
    while rest:
        chosen = list(rest)
        while len(chosen) > 1 and Block(table, chosen, 2, 2).least > width:
            chosen.remove(max(chosen, key=lambda i: (ranks[i], i)))
        if len({ranks[i] for i in rest}) == 1:
            parts = -(-len(rest) // len(chosen))
            chosen = chosen[: -(-len(rest) // parts)]
        rest = [i for i in rest if i not in chosen]
        yield Block(table, chosen, 2, 2)


def as_list(table: Table, width: int) -> Iterator[Text]:
    """Each row as a list of its figures."""
    for text in wrapped(", ".join(column.words for column in table.leading), width):
        yield Text(text, style="dim")
    names: Sequence[float | str] = ()
    for row in table.rows:
        names = [name or above for name, above in zip(row.names, names or row.names, strict=True)]
        for text in wrapped(", ".join(str(name).strip() for name in names), width):
            yield Text(text, style="bold")
        if row.problem:
            yield from (Text(f"  {text}", "red") for text in wrapped(row.problem, width - 2))
        for column, cell in zip(table.columns, row.cells, strict=False):
            *upper, last = wrapped(f"{column.words}:", width - 2)
            yield from (Text(f"  {text}") for text in upper)
            told = column.printed(cell)
            parts = wrapped(told, width - 4) if column.text or row.text else [told]
            style = "bold red" if cell.bad else ""
            if len(parts) == 1 and 3 + cell_len(last) + cell_len(told) <= width:
                yield Text(f"  {last} ").append(told, style)
            else:
                yield from (Text(f"  {last}"), *(Text(f"    {text}", style) for text in parts))
            for line in cell.note.split("\n") if cell.note else ():
                yield Text(f"    {line}", "dim")


def padded(text: str, width: int, *, right: bool) -> str:
    """The text among so many letters."""
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _narrowest(words: str, rows: int) -> int:
    """How wide a heading must be to stand in so many lines without a torn word."""
    least = max(_longest_word(words), 1)
    return next(
        width for width in range(least, cell_len(words) + 2) if len(wrapped(words, width)) <= rows
    )


def wrapped(text: str, width: int, *, hyphens: bool = False) -> list[str]:
    """The text in lines that are no wider; a word is broken only where it alone is too long."""
    if cell_len(text) <= width:
        return [text]
    hyphens = hyphens or _longest_word(text) > width
    found = []
    for line in wrap(text, width, break_long_words=False, break_on_hyphens=hyphens):
        found += [line] if cell_len(line) <= width else chop_cells(line, width)
    return found
