"""No terminal is too narrow for a number: it is found whole, and so is every heading."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from pushlab import quantities
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import lines, plain_lines

KINDS = [
    quantities.number,
    quantities.exact,
    quantities.duration,
    quantities.size,
    quantities.share,
    quantities.amount,
    quantities.interval,
]
WORD = st.text("abcdefghijklmnopqrstuvwxyz/", min_size=1, max_size=14)
WORDS = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
VALUE = st.one_of(st.none(), st.floats(0, 1e15), st.integers(0, 10**15))


@st.composite
def tables(draw):
    leading = [Column(draw(WORDS), text=True)]
    if draw(st.booleans()):
        leading.insert(0, Column(draw(WORDS), show=quantities.exact))
    columns = draw(
        st.lists(
            st.builds(
                Column,
                words=WORDS,
                small=st.one_of(st.just(""), WORDS),
                show=st.sampled_from(KINDS),
                rank=st.integers(0, 4),
            ),
            min_size=1,
            max_size=9,
        )
    )
    rows = []
    for number in range(draw(st.integers(1, 6))):
        names = [f"{draw(WORDS)} {number}", *([number] if len(leading) > 1 else [])][::-1]
        if draw(st.integers(0, 5)) == 0:
            rows.append(Row(names, problem=draw(WORDS)))
            continue
        cells = [
            Cell(draw(VALUE), note=draw(st.sampled_from(["", "(12,345)", "1.20 to 3.40 ms"])))
            for _ in columns
        ]
        rows.append(Row(names, cells, marks=draw(st.sampled_from([(), ("busy",)]))))
    return Table(leading, columns, rows, turned=draw(st.booleans()))


def told(table):
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=False):
            yield column.told(cell)
            if cell.note:
                yield cell.note


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(40, 200))
def test_every_number_and_every_heading_is_there(table, width):
    found = [line.plain for line in lines(table, width)]
    assert max(map(cell_len, found)) <= width
    text = "\n".join(found)
    assert "…" not in text
    words = {word.rstrip(":,") for word in text.split()}
    loose = " ".join(text.split())
    shown = any(row.cells for row in table.rows)
    for number in told(table):
        assert re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d.,])", loose), number
    for column in (*(table.columns if shown else ()), *(() if table.turned else table.leading)):
        assert set(f"{column.words} {column.small}".split()) <= words, column
    for row in table.rows:
        assert set(f"{row.names[-1]} {row.problem}".split()) <= words


@settings(max_examples=50, deadline=None)
@given(tables())
def test_a_pipe_has_a_line_for_each_row_and_a_field_for_each_value(table):
    head, *rest = plain_lines(table)
    if table.turned:
        assert len(rest) == len(table.columns)
        wanted = [1 + len(table.rows)] * len(rest)
    else:
        assert len(rest) == len(table.rows)
        every = len(table.leading) + len(table.columns)
        wanted = [len(table.leading) + 1 if row.problem else every for row in table.rows]
    assert [len(re.split(" {2,}", line)) for line in rest] == wanted
    assert not any(line.startswith(" ") for line in [head, *rest])


def test_the_columns_that_matter_least_go_to_another_block():
    columns = [Column(f"figure {rank}", rank=rank) for rank in (3, 0, 2, 1)]
    rows = [Row([name], [Cell(1234567.0)] * 4) for name in ("sse", "websocket")]
    table = Table([Column("transport", text=True)], columns, rows)
    first, second = "\n".join(line.plain for line in lines(table, 44)).split("\n\n")
    assert first.split()[:7] == ["transport", "figure", "0", "figure", "2", "figure", "1"]
    assert second.split()[:3] == ["transport", "figure", "3"]
    assert second.count("1,234,567") == 2


def test_transports_side_by_side_are_parted_evenly():
    rows = [Row([name], [Cell(10_000_000)]) for name in ("a", "b", "c", "d", "e")]
    table = Table([Column("transport", text=True)], [Column("hits")], rows, turned=True)
    blocks = "\n".join(line.plain for line in lines(table, 50)).split("\n\n")
    assert [block.split("\n")[0].split() for block in blocks] == [["a", "b", "c"], ["d", "e"]]


def test_words_of_a_cell_are_broken_where_numbers_are_not():
    table = Table(
        [Column("transport", text=True)],
        [Column("offer", text=True), Column("USD a month")],
        [Row(["sse"], [Cell("a load balancer paid by the hour, and two servers"), Cell(123456)])],
    )
    assert [line.plain for line in lines(table, 40)] == [
        "                                   USD a",
        "transport  offer                   month",
        "sse        a load balancer paid  123,456",
        "           by the hour, and two",
        "           servers",
    ]
    assert len(lines(table, 100)) == 3


def test_a_value_that_repeats_is_said_once_on_a_terminal_and_always_in_a_pipe():
    rows = [Row([load, name], [Cell(1.0)]) for load in (10, 20) for name in ("sse", "mqtt")]
    leading = [Column("clients"), Column("transport", text=True)]
    table = Table(leading, [Column("hits")], rows)
    assert [line.plain.split()[0] for line in lines(table, 80)][1:] == ["10", "mqtt", "20", "mqtt"]
    assert [line.split()[0] for line in plain_lines(table)][1:] == ["10", "10", "20", "20"]


def test_a_table_without_rows_has_its_heads():
    table = Table([Column("transport", text=True)], [Column("hits")])
    assert [line.plain.split() for line in lines(table, 80)] == [["transport", "hits"]]
    assert [line.split() for line in plain_lines(table)] == [["transport", "hits"]]
