"""Student's code under watch: loops are stopped, and tracebacks have its lines alone."""

import sys
import time

import pytest

from pushlab.course.builds.attempts import cell
from pushlab.course.watching import (
    EndlessLoop,
    Watch,
    catches_everything,
    own_traceback,
    watched,
)


def test_an_endless_loop_is_stopped_at_its_line_and_tracing_goes_back():
    loops = cell("def loops():\n    n = 0\n    while True:\n        n += 1", "loops")
    before = sys.gettrace()
    with pytest.raises(EndlessLoop, match="ran 1,000 lines") as caught:
        watched(loops, most_lines=1000)
    assert caught.value.line in (3, 4)
    assert sys.gettrace() is before
    tight = cell("def tight():\n    while True: pass", "tight")
    with pytest.raises(EndlessLoop):
        watched(tight, most_lines=1000)


def test_except_exception_does_not_keep_it_going():
    code = """
def f():
    while True:
        try:
            1 / 0
        except Exception:
            pass
"""
    with pytest.raises(EndlessLoop):
        watched(cell(code, "f"), most_lines=1000)


@pytest.mark.parametrize("most_lines", range(9, 15))
def test_what_was_being_handled_when_it_was_stopped_is_not_of_what_comes_later(most_lines):
    code = """
def f():
    while True:
        try:
            1 / 0
        except ZeroDivisionError:
            pass
"""
    with pytest.raises(EndlessLoop):
        watched(cell(code, "f"), most_lines=most_lines)
    with pytest.raises(ValueError, match="mine") as later:
        raise ValueError("mine")
    assert later.value.__context__ is None


def test_an_iterator_at_its_end_is_told_as_it_is():
    with pytest.raises(StopIteration):
        watched(cell("def f():\n    return next(iter([]))", "f"))


def test_who_sleeps_for_real_is_stopped_too():
    sleeps = cell("import time\ndef f():\n    while True:\n        time.sleep(0.01)", "f")
    with pytest.raises(EndlessLoop, match=r"more than 0\.05 seconds"):
        watched(sleeps, most_s=0.05)


def test_lines_of_others_are_not_counted():
    code = "import json\ndef f(n):\n    return json.loads(json.dumps(list(range(n)), indent=1))"
    watch = Watch()
    watched(cell(code, "f"), 5000, watch=watch, most_lines=1000)
    assert watch.lines < 10


def test_a_traceback_has_the_lines_of_the_cell_alone():
    code = "def f(n):\n    return g(n)\n\ndef g(n):\n    return sorted([n, 'a'])"
    with pytest.raises(TypeError) as caught:
        cell(code, "f")(1)
    shown = own_traceback(caught.value)
    first, *middle, last = shown.split("\n")
    assert first == "Traceback (most recent call last):"
    assert [line.strip() for line in middle if "line" not in line][-2:] == [
        "return g(n)",
        "return sorted([n, 'a'])",
    ]
    assert last.startswith("TypeError: '<' not supported")


def test_a_recursion_without_end_is_told_shortly():
    with pytest.raises(RecursionError) as caught:
        cell("def f(n):\n    return f(n + 1)", "f")(0)
    shown = own_traceback(caught.value)
    assert "more calls" in shown
    assert shown.count("\n") < 20


def test_an_error_that_was_not_the_students_has_no_traceback_of_theirs():
    try:
        time.sleep("a")
    except TypeError as error:
        theirs = error.with_traceback(None)
    assert own_traceback(theirs) == ""


@pytest.mark.parametrize(
    ("caught", "line"),
    [("except:", 4), ("except BaseException:", 4), ("except ValueError:", None)],
)
def test_a_bare_except_is_found(caught, line):
    code = f"def f():\n    try:\n        pass\n    {caught}\n        pass"
    assert catches_everything(cell(code, "f")) == line
    assert catches_everything(len) is None
