"""The tables of several servers."""

import re

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.summary.claims import Pair
from pushlab.runs import Run
from pushlab.tables.servers import beside, explained, figure_tables, notes_on, servers_table
from pushlab.tables.terminal import lines
from tests.runs.simulated import STANDARD, at, simulate

TWO = STANDARD[2:4]


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    folder = simulate(
        tmp_path_factory.mktemp("runs"),
        *TWO,
        *at("nchan", *TWO, effort=0.4),
        *at("staging", TWO[0], effort=None),
        trials=5,
        clients=20,
        duration_s=5,
    )
    return analyse(Run.load(folder)).summary


def shown(table, width):
    return "\n".join(line.plain for line in lines(table, width))


def test_each_figure_has_a_row_for_each_transport_and_a_column_for_each_server(summary):
    found = {table.leading[0].words: table for table in figure_tables(summary)}
    assert list(found) == [
        "latency p50",
        "latency p95",
        "hits per delivery",
        "CPU per delivery",
        "server's memory",
        "bytes per delivery",
    ]
    assert "lost" not in found  # where nothing was
    cpu = found["CPU per delivery"]
    assert [column.words for column in cpu.columns] == ["hub", "nchan", "staging"]
    assert [row.name for row in cpu.rows] == ["sse", "websocket"]
    for row in cpu.rows:
        hub, nchan, _ = row.cells
        assert nchan.value == pytest.approx(0.4 * hub.value, rel=0.1)
        assert re.fullmatch(r"0\.4\d? × \(0\.\d+ to 0\.\d+\)|0\.3\d × \(.*\)", nchan.note)
        assert " to " in hub.note  # its own interval
        assert "×" not in hub.note


def test_what_nobody_could_watch_is_blank_with_its_reason_below(summary):
    found = {table.leading[0].words: table for table in figure_tables(summary)}
    for words in ("CPU per delivery", "server's memory"):
        assert found[words].rows[0].cells[2].value == ""
    assert found["latency p50"].rows[0].cells[2].value > 0
    assert found["latency p50"].rows[1].cells[2].value == ""  # was not asked for
    notes = " ".join(notes_on(summary.cells, {}))
    assert "CPU and memory of staging are blank: its process is not known" in notes
    assert "Attached to, not started: staging." in notes
    assert "No month of nchan and staging has a price" in notes


def test_each_server_says_who_counted_and_what_was_watched(summary):
    table = servers_table(summary.cells, {"nchan": "nginx 1.22.1"}, {})
    told = {row.name: [cell.value for cell in row.cells] for row in table.rows}
    assert told == {
        "hub": [None, "server", "yes", "yes"],
        "nchan": ["nginx 1.22.1", "clients", "yes", "yes"],
        "staging": [None, "clients", "no", "no"],
    }


def test_what_was_verified_says_who_resumes_and_what_breaks(summary):
    def seen(resume, said=""):
        told = {"verdict": resume, "said": said}
        return {"delivery": {"verdict": "holds", "said": ""}, "resume": told}

    verified = {
        "sse on nchan": seen("holds"),
        "websocket on nchan": seen("breaks", "5 of 5 were lost"),
        "sse on staging": seen("breaks", "2 of 5 were lost"),
    }
    table = servers_table(summary.cells, {}, verified)
    assert table.columns[-1].words == "resumes"
    assert [row.cells[-1].value for row in table.rows] == ["yes", "sse", "no"]
    assert notes_on(summary.cells, verified)[:2] == [
        "websocket on nchan: resume breaks: 5 of 5 were lost.",
        "sse on staging: resume breaks: 2 of 5 were lost.",
    ]
    whole = {label: seen("holds") for label in verified}
    assert servers_table(summary.cells, {}, whole).rows[1].cells[-1].value == "yes"
    unknown = {"sse on nchan": seen("does not apply")}
    assert servers_table(summary.cells, {}, unknown).rows[1].cells[-1].value is None


def test_a_run_of_the_hub_alone_has_none_of_it(tmp_path):
    cells = analyse(Run.load(simulate(tmp_path, TWO[0], trials=1, clients=10))).summary.cells
    assert servers_table(cells, {}, {}) is None
    assert notes_on(cells, {}) == []


@pytest.mark.parametrize("width", [80, 120])
def test_all_fits_a_terminal(summary, width):
    for table in [*figure_tables(summary), servers_table(summary.cells, {}, {})]:
        text = shown(table, width)
        assert max(len(line) for line in text.splitlines()) <= width
        assert "…" not in text
        assert "\n\n" not in text  # one block


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"answer": "changed", "ratio": 2.5, "ci": (2.0, 3.0)}, "0.40 × (0.33 to 0.50)"),
        ({"answer": "same", "ratio": 1.0, "ci": (0.95, 1.05)}, "alike (0.95 to 1.05)"),
        ({"answer": "unknown", "ratio": 2.0, "ci": (1e-9, 1e9)}, "0.50 ×\nno clear difference"),
        (
            {"answer": "changed", "ratio": 2.0, "ci": (1.9, 2.1), "withheld": {"marked": "busy"}},
            "0.50 × (0.48 to 0.53)\nmarked",
        ),
    ],
)
def test_a_figure_beside_the_first_servers(told, words):
    pair = Pair(low="there", high="first", **told)
    assert beside(pair, "first") == words


def test_it_is_explained(summary):
    assert "nchan and staging: how many times that of the hub" in explained(summary)
