"""Tables for a terminal of any width, and for a pipe. No number is ever cut.

On a terminal headings and labels are broken at blanks; columns that do not fit together stand in
blocks one below the other, each with the rows' names. Where not even one column fits beside a name,
every row becomes a list. In a pipe each row is one line, with two blanks or more between columns: a
value has a blank before its unit.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

from pushlab.tables.model import NOTHING, Cell, Column, Row, Table

__all__ = ["is_live", "legend", "lines", "plain_lines", "print_table", "say"]

_LEAST_LABEL = 14  # letters that a label is left before columns are parted
_MOST_LABEL = 32
_LEAST_WORDS = 20  # the same for a column of words


def is_live(console: Console) -> bool:
    """Whether the console is a terminal that can move its cursor."""
    return console.is_terminal and not console.is_dumb_terminal


def say(console: Console, text: str, style: str = "") -> None:
    """Print a sentence: broken at blanks on a terminal, in one line elsewhere, however long."""
    console.print(Text(text, style=style), soft_wrap=not is_live(console))


def print_table(console: Console, table: Table, *, explained: bool = False) -> None:
    """Print the table as its place needs it; and, if it is to be `explained`, its legend.

    In a pipe a blank line keeps the two apart: the table is a paragraph of its own, for awk.
    """
    live = is_live(console)
    found = lines(table, console.width) if live else [Text(line) for line in plain_lines(table)]
    if explained:
        told = legend(table, short=not live)
        if live:
            told = [part for text in told for part in _wrapped(text, console.width)]
        found += [*([] if live else [Text()]), *(Text(line, "dim") for line in told)]
    for line in found:
        console.print(line, soft_wrap=True)


def plain_lines(table: Table) -> list[str]:
    """A line for each row, however long, below the short heads. None begins with a blank."""
    grid = _grid(table, short=True)
    left = len(grid.leading)
    heads = [*grid.leading, *grid.columns]
    rows = [[head.words for head in heads]]
    for line in grid.lines:
        rows.append([*line.names, *([line.problem] if line.problem else line.texts)])
    widths = [
        max((cell_len(row[i]) for row in rows if i < left or len(row) == len(heads)), default=0)
        for i in range(len(heads))
    ]
    found = []
    for row in rows:
        parts = []
        for i, (text, width) in enumerate(zip(row, widths, strict=False)):
            at_left = i < left or heads[i].text or len(row) < len(heads)
            parts.append(_padded(text, width, right=not at_left))
        found.append("  ".join(parts).rstrip())
    return found


def lines(table: Table, width: int) -> list[Text]:
    """The table in lines of at most so many letters, unless a single number is longer."""
    grid = _grid(table, short=False)
    for gap, rows in ((2, 2), (1, 2), (1, 3)):
        whole = _Block(grid, grid.columns, gap, rows)
        if whole.least <= width:
            return list(whole.lines(width))
    blocks = list(_blocks(grid, width))
    if any(block.least > width for block in blocks):
        return list(_as_list(grid, width))
    found: list[Text] = []
    for block in blocks:
        found += [Text(), *block.lines(width, problems=False)] if found else block.lines(width)
    return found


def legend(table: Table, *, short: bool) -> list[str]:
    """What must be said below a table: of short heads, brackets, dashes and stars, if it has any.

    Args:
        short: the heads are the short ones, and there is nothing below a value.
    """
    found = []
    if short:
        heads: dict[str, list[str]] = {}
        for column in (*table.leading, *table.columns):
            rest = column.words.replace(column.head, "", 1).strip() if column.head else ""
            if rest:
                heads.setdefault(rest, []).append(column.head)
        found.append("; ".join(f"{', '.join(names)}: {rest}" for rest, names in heads.items()))
    told = {
        text
        for row in table.rows
        for column, cell in zip(table.columns, row.cells, strict=False)
        for text in (column.told(cell), "" if short else cell.note)
    }
    if any(text.startswith("(") for text in told):
        found.append("In brackets: what a closed form predicts")
    if NOTHING in told:
        found.append("-: not measured, or too few deliveries to say")
    if any(row.marks for row in table.rows):
        found.append("*: see the remarks below")
    return [f"{text}." for text in found if text]


# ---- what stands where --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Head:
    words: str
    text: bool
    rank: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    names: Sequence[str]
    cells: Sequence[Cell] = ()
    texts: Sequence[str] = ()
    problem: str = ""
    words: bool = False  # its cells may be broken, at hyphens too
    dim: bool = False


@dataclass(frozen=True, slots=True)
class _Grid:
    """What a table says, in the direction in which it is printed."""

    leading: Sequence[_Head]
    columns: Sequence[_Head]
    lines: Sequence[_Line]


def _grid(table: Table, *, short: bool) -> _Grid:
    def words(column: Column) -> str:
        if short:
            return column.head or ", ".join(filter(None, (column.words, column.small)))
        return " ".join(filter(None, (column.words, column.small)))

    if table.turned:
        return _turned(table, words_of=words, short=short)
    rows = [
        _Line(
            _names(table, row),
            row.cells,
            [column.told(cell) for column, cell in zip(table.columns, row.cells, strict=False)],
            row.problem,
        )
        for row in table.rows
    ]
    leading = [_Head(words(column), column.text) for column in table.leading]
    columns = [
        _Head(words(column), column.text, column.rank, place)
        for place, column in enumerate(table.columns)
    ]
    return _Grid(leading, columns, rows if short else _without_repeats(rows))


def _names(table: Table, row: Row) -> list[str]:
    names = [column.told(Cell(name)) for column, name in zip(table.leading, row.names, strict=True)]
    return [*names[:-1], names[-1] + (" *" if row.marks else "")]


def _without_repeats(rows: Sequence[_Line]) -> list[_Line]:
    """All leading names but the last are left out where they are those of the row above."""
    found: list[_Line] = []
    before: Sequence[str] = ()
    for row in rows:
        above, (*upper, last) = before, row.names
        before = upper
        names = [*([""] * len(upper) if above and upper == above else upper), last]
        found.append(replace(row, names=names))
    return found


def _turned(table: Table, *, words_of: Callable[[Column], str], short: bool) -> _Grid:
    heads = [
        _Head(", ".join(_names(table, row)), text=False, place=place)
        for place, row in enumerate(table.rows)
    ]
    rows, above = [], ""
    for i, column in enumerate(table.columns):
        name = f"  {column.small}" if column.words == above and not short else words_of(column)
        above = column.words
        cells = [row.cells[i] if row.cells else Cell(row.problem) for row in table.rows]
        texts = [column.told(cell) for cell in cells]
        rows.append(_Line([name], cells, texts, words=column.text, dim=column.dim))
    return _Grid([_Head("figure" if short else "", text=True)], heads, rows)


# ---- a block of columns on a terminal -----------------------------------------------------------


class _Block:
    """Some columns of a grid beside its rows' names.

    Attributes:
        least: the fewest letters that it needs across.
    """

    def __init__(self, grid: _Grid, columns: Sequence[_Head], gap: int, rows: int) -> None:
        self._grid = grid
        self._columns = columns
        self._gap = gap
        self._names = [
            max(
                cell_len(head.words) if head.text else _narrowest(head.words, rows),
                *(cell_len(line.names[i]) for line in grid.lines),
                0,
            )
            for i, head in enumerate(grid.leading)
        ]
        self._least_names = [
            min(wide, max(_LEAST_LABEL, _longest_word(head.words))) if head.text else wide
            for head, wide in zip(grid.leading, self._names, strict=True)
        ]
        self._wide = [self._width(head, rows, least=False) for head in columns]
        self._least = [self._width(head, rows, least=True) for head in columns]
        said = max((_longest_word(line.problem) for line in grid.lines), default=0)
        room = max(sum(self._least) + gap * (len(columns) - 1), min(said, _LEAST_WORDS))
        self.least = sum(self._least_names) + gap * len(grid.leading) + room

    def _width(self, head: _Head, rows: int, *, least: bool) -> int:
        """What the column needs; at `least`, if its words are broken. A number never is."""
        needs = [_narrowest(head.words, rows)]
        for line in self._grid.lines:
            if line.problem:
                continue
            cell, text = line.cells[head.place], line.texts[head.place]
            if not least or not (head.text or line.words):
                needs += [cell_len(text), cell_len(cell.note)]
            elif line.words:
                needs.append(_longest_word(text.replace("-", "- ")))
            else:  # words are given some room, and the longest is kept whole unless it is a freak
                longest = min(_MOST_LABEL, max(_longest_word(text), _LEAST_WORDS))
                needs.append(min(longest, cell_len(text)))
        return max(needs)

    def lines(self, width: int, *, problems: bool = True) -> Iterator[Text]:
        """The heads and the rows; those with nothing but a problem, unless they were told."""
        names, widths = self._shares(width)
        heads = [*self._grid.leading, *self._columns]
        rights = [not head.text for head in heads]
        wide = [*names, *widths]
        tops = [_wrapped(head.words, room) for head, room in zip(heads, wide, strict=True)]
        height = max(map(len, tops))
        tops = [[""] * (height - len(top)) + top for top in tops]
        yield from self._across([[(t, "bold") for t in top] for top in tops], wide, rights)
        for line in self._grid.lines:
            style = "dim" if line.dim else ""
            parts = [
                [(text, style) for text in _wrapped(name, room)]
                for name, room in zip(line.names, names, strict=True)
            ]
            if line.problem and not problems:
                continue
            if line.problem:
                room = max(width - sum(names) - self._gap * len(names), _LEAST_LABEL)
                parts.append([(text, "red") for text in _wrapped(line.problem, room)])
                yield from self._across(parts, [*names, room], [*rights[: len(names)], False])
                continue
            for head, room in zip(self._columns, widths, strict=True):
                cell, text = line.cells[head.place], line.texts[head.place]
                wraps = head.text or line.words
                told = _wrapped(text, room, hyphens=line.words) if wraps else [text]
                part = [(each, "bold red" if cell.bad else style) for each in told]
                notes = _wrapped(cell.note, room) if cell.note else []
                parts.append(part + [(note, "dim") for note in notes])
            yield from self._across(parts, wide, rights)

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
        for i in range(max(map(len, parts))):
            line = Text()
            for part, width, right in zip(parts, widths, rights, strict=True):
                text, style = part[i] if i < len(part) else ("", "")
                if line:
                    line.append(" " * self._gap)
                line.append(_padded(text, width, right=right), style)
            line.rstrip()
            yield line


def _blocks(grid: _Grid, width: int) -> Iterator[_Block]:
    """The columns parted, those of the lowest rank first; evenly, if all have one rank."""
    rest = list(grid.columns)
    while rest:
        chosen = list(rest)
        while len(chosen) > 1 and _Block(grid, chosen, 2, 2).least > width:
            last = max(chosen, key=lambda head: (head.rank, head.place))
            chosen.remove(last)
        if len({head.rank for head in rest}) == 1:
            parts = -(-len(rest) // len(chosen))
            chosen = chosen[: -(-len(rest) // parts)]
        rest = [head for head in rest if head not in chosen]
        yield _Block(grid, chosen, 2, 2)


def _as_list(grid: _Grid, width: int) -> Iterator[Text]:
    """Each row as a list of its figures."""
    for text in _wrapped(", ".join(head.words for head in grid.leading), width):
        yield Text(text, style="dim")
    before: list[str] = []
    for line in grid.lines:
        before = [name or old for name, old in zip(line.names, before or line.names, strict=True)]
        for text in _wrapped(", ".join(name.strip() for name in before), width):
            yield Text(text, style="bold")
        if line.problem:
            yield from (Text(f"  {text}", "red") for text in _wrapped(line.problem, width - 2))
            continue
        for head in grid.columns:
            cell, told = line.cells[head.place], line.texts[head.place]
            *upper, last = _wrapped(f"{head.words}:", width - 2)
            yield from (Text(f"  {text}") for text in upper)
            style = "bold red" if cell.bad else ""
            if 3 + cell_len(last) + cell_len(told) <= width:
                yield Text(f"  {last} ").append(told, style)
            else:
                yield Text(f"  {last}")
                wraps = head.text or line.words
                parts = _wrapped(told, width - 4) if wraps else [told]
                yield from (Text(f"    {text}", style) for text in parts)
            if cell.note:
                yield Text(f"    {cell.note}", "dim")


# ---- letters ------------------------------------------------------------------------------------


def _padded(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _narrowest(words: str, rows: int) -> int:
    """How wide a heading must be to stand in so many lines without a torn word."""
    least = max(_longest_word(words), 1)
    return next(
        width for width in range(least, cell_len(words) + 2) if len(_wrapped(words, width)) <= rows
    )


def _wrapped(text: str, width: int, *, hyphens: bool = False) -> list[str]:
    """The text in lines that are no wider; a word is broken only where it alone is too long."""
    if cell_len(text) <= width:
        return [text]
    hyphens = hyphens or _longest_word(text) > width
    found = []
    for line in wrap(text, width, break_long_words=False, break_on_hyphens=hyphens):
        found += [line] if cell_len(line) <= width else chop_cells(line, width)
    return found
