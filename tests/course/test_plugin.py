"""A student's transport: held against the contract, caught when it breaks it, and raced."""

import importlib.util
import json

import pytest

from pushlab.course import check_transport, race
from pushlab.course import plugin as plugin_module
from pushlab.course.cells import installed, module_text
from pushlab.course.mode import FAST, READING
from pushlab.course.own_errors import ERRORS, watch
from pushlab.course.trouble import CourseError
from pushlab.transports.sse import ServerSentEvents
from tests.course.student_transports import (
    Adaptive,
    DropsEveryTenth,
    Hangs,
    Raises,
    ReturnsNothing,
    Untouched,
)


async def test_an_honest_transport_keeps_every_clause_that_is_judged():
    report = await check_transport(Adaptive)
    assert report, str(report)
    assert len(report.kept) == len(plugin_module.CLAUSES)
    assert "keeps all" in report.sentence


async def test_a_transport_that_drops_every_tenth_message_breaks_a_clause_that_is_named():
    report = await check_transport(DropsEveryTenth)
    assert not report
    assert (
        report.broken == "Messages arrive in order, each exactly once, and then nothing more comes"
    )
    assert report.sentence.startswith("drops-every-tenth breaks the clause")
    assert report.broken in report.sentence
    assert "'0:9'" in report.what, "the message that was dropped is named"
    assert "breaks the clause" in report._repr_mimebundle_()["text/html"]


async def test_a_transport_that_hangs_ends_with_a_sentence(monkeypatch):
    monkeypatch.setattr(plugin_module, "_LIMIT_S", 4.0)
    report = await check_transport(Hangs)
    assert not report
    assert "not done after 4 s" in report.what


@pytest.mark.parametrize(
    ("kind", "line", "told"),
    [
        (Raises, "return usual_s / (found - found)", "ZeroDivisionError: float division by zero"),
        (ReturnsNothing, "", "is no number of seconds. Is a `return` missing?"),
    ],
)
async def test_what_a_transport_raises_is_told_at_once_as_its_own_traceback(kind, line, told):
    report = await check_transport(kind)
    assert not report
    assert "raises an error of its own" in report.sentence
    assert told in report.raised
    assert line in report.raised
    assert "pushlab" not in report.raised
    shown = report._repr_mimebundle_()
    assert "Your code raises an error." in shown["text/plain"]
    assert told in shown["text/plain"]


def test_a_traceback_of_a_notebook_names_the_cell_and_its_line(tmp_path, monkeypatch):
    mine = "# mine\n\nclass Mine:\n    # a comment\n    def next(self):\n        return 1 / 0"
    cells = ["", mine]
    path = tmp_path / "from_cells.py"
    path.write_text(module_text(cells, "Mine"))
    monkeypatch.setenv(ERRORS, str(tmp_path / "errors.json"))
    spec = importlib.util.spec_from_file_location("from_cells", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    watch(module)
    with pytest.raises(ZeroDivisionError):
        module.Mine().next()
    (told,) = [json.loads((tmp_path / "errors.json").read_text())]
    assert told["trace"].split("\n")[1:3] == ["  Cell In[1], line 6, in next", "    return 1 / 0"]


async def test_a_race_measures_both(monkeypatch):
    monkeypatch.setenv(FAST, "1")
    run = await race(Adaptive, interval_s=0.5)
    assert run.cells == ["adaptive-polling", "short-polling"]
    assert run["adaptive-polling"].deliveries == run["short-polling"].deliveries > 0


async def test_several_classes_and_names_race_at_once(monkeypatch):
    monkeypatch.setenv(FAST, "1")
    run = await race(Adaptive, DropsEveryTenth, against=["sse"], interval_s=0.5)
    assert run.cells == ["adaptive-polling", "drops-every-tenth", "sse"]
    assert [row.name for row in run.rows] == ["adaptive-polling", "drops-every-tenth", "SSE"]
    assert run.winner is None, "one short trial tells nothing"


async def test_a_race_of_rules_runs_where_no_server_can_start(monkeypatch):
    monkeypatch.setenv(READING, "1")
    run = await race(Untouched, against=["short-polling", Adaptive], clients=10)
    assert "virtual time" in run.sentence()
    places = {one.row.cell: one.place for one in run.places}
    assert places["untouched"] == places["short-polling"]


async def test_without_a_server_what_needs_one_is_left_out_and_named(monkeypatch):
    monkeypatch.setenv(READING, "1")
    run = await race(Adaptive, against="sse", clients=10, trials=3)
    assert run.cells == ["adaptive-polling", "short-polling"]
    assert run.sentence().endswith("Left out, since it takes a server: sse.")
    with pytest.raises(CourseError, match="has no 'clints'; it knows clients, "):
        await race(Adaptive, clints=10)
    other = type("Other", (ServerSentEvents,), {"name": "other"})
    with pytest.raises(CourseError, match="only classes made of PollingTransport"):
        await race(other)


async def test_two_of_one_name_and_one_alone_are_told():
    other = type("Other", (Untouched,), {"name": "untouched"})
    with pytest.raises(CourseError, match="two of them have the name 'untouched'"):
        await race(Untouched, against=other)
    with pytest.raises(CourseError, match="a race needs two"):
        await race(Untouched, against=Untouched)
    with pytest.raises(CourseError, match="the class itself"):
        await race(Untouched())


async def test_what_is_no_transport_is_told():
    with pytest.raises(CourseError, match="the class itself"):
        await check_transport("adaptive")
    taken = type("Mine", (ServerSentEvents,), {})
    with pytest.raises(CourseError, match="the name 'sse' is taken"), installed(taken):
        pass


def test_a_notebook_becomes_a_module_with_the_latest_definitions_of_what_is_used():
    cells = [
        "import json, math as m\nfrom os import path, sep\nSHORT = 0.1\nprint('not kept')",
        "class Mine:\n    wait = 1",
        "this is no python",
        "def helper():\n    return m.floor(SHORT), sep",
        "class Mine:\n    wait = 2\n    def next(self):\n        return helper()",
    ]
    text = module_text(cells, "Mine")
    space: dict = {}
    exec(text, space)
    assert space["Mine"].wait == 2
    assert space["Mine"]().next() == (0, "/")
    for name in ("print", "json", "path", "wait = 1"):
        assert name not in text, "what nobody uses costs each process its time"
    with pytest.raises(CourseError, match="run the cell that defines Other"):
        module_text(cells, "Other")
