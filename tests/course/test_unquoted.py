"""Answers as on paper, without quotes, in a notebook."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

import pushlab.course
from pushlab.course.unquoted import quoted


@pytest.mark.parametrize(
    "typed",
    """500 ms|2s|82%|82 %|8 640 000|0,5|0,05|8,640,000|1,500|8'640'000|10^6|8.64*10^6|50/s
    |3000 / min|2 min 30 s|~2 s|$1,000|-1 s|c""".replace("\n    ", "").split("|"),
)
def test_what_is_no_python_gets_its_quotes(typed):
    assert quoted([f"answer1 = {typed}\n"]) == [f"answer1 = {typed!r}\n"]
    assert quoted([f"answer12 = {typed}  # mine"]) == [f"answer12 = {typed!r}  # mine"]
    guess = 'my_wait = predict("How long, on average?", {}, unit="s", gentle=1.0)\n'
    assert quoted([guess.format(typed)]) == [guess.format(repr(typed))]


@pytest.mark.parametrize(
    "line",
    [
        *("answer1 = ...", "answer1 = 0.5", "answer1 = 200 / 4", "answer1 = 2 * 3600"),
        *("answer1 = '0,5'", "answer1 = x", "answer3 = MyPolling", "answer1 = MyPolling("),
        *("answer1 = 500 * (5", "answer1 = [1, 2]", "answer1 = _", "answer1 = soon", "x = 500 ms"),
        *("answer1 == 500 ms", "answer1 = 1_000", "answer1 = -1", "answer1 = 2,", "answer1 = 1e6"),
        'p = predict("How long?", ..., unit="s", gentle=1)',
        'predict("a, b", 0.5, unit="s")',
    ],
)
def test_what_is_python_or_broken_python_is_left_alone(line):
    assert quoted([line], {"x", "_"}) == [line]


def test_a_notebook_reads_them_and_asks_once(monkeypatch):
    shell = InteractiveShell.instance()
    try:
        for name in ("exercise", "predict"):
            monkeypatch.delitem(vars(pushlab.course), name, raising=False)
        run = shell.run_cell
        run("from pushlab.course import exercise, predict; import pushlab.course as c; c.exercise")
        ours = [each for each in shell.input_transformers_cleanup if hasattr(each, "of_pushlab")]
        assert len(ours) == 1
        run("q = exercise('polling-cost-1')")
        for typed in ("8 640 000", "8,640,000", "8.64*10^6", "8640000 requests"):
            assert run(f"answer1 = {typed}").success
            assert run("q.check(answer1)").result, typed
        run('guess = predict("How long?", 500 ms, unit="s", gentle=1.0)')
        assert run("guess.value").result == 0.5
        run("answer2 = a")
        assert run("exercise('choose-2').check(answer2)").result
    finally:
        InteractiveShell.clear_instance()
