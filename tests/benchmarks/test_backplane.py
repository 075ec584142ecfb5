"""The table of what a backplane costs: by turns, with goals that can be missed."""

import itertools
import subprocess
import sys

import pytest

from benchmarks.backplane.hubs import BEFORE, copy_of
from benchmarks.backplane.report import markdown
from benchmarks.backplane.turns import Row, by_turns
from benchmarks.harness.model import NotRun


async def test_contenders_take_turns_and_a_sample_that_fails_is_taken_again():
    order, trouble = [], itertools.chain([True], itertools.repeat(False))

    def contender(name, value):
        async def sample():
            order.append(name)
            if name == "b" and next(trouble):
                raise RuntimeError("not this time")
            return value

        return sample

    found = await by_turns({"a": contender("a", 1.0), "b": contender("b", 2.0)}, 8)
    assert found == [{"a": 1.0, "b": 2.0}] * 8
    assert (order.count("a"), order.count("b")) == (8, 9)
    assert order != ["a", "b"] * 4 + ["b", *["a", "b"] * 4]


async def test_a_repetition_with_a_hole_does_not_count():
    async def fails():
        raise RuntimeError("never")

    async def works():
        return 1.0

    assert await by_turns({"a": works, "b": fails}, 2) == []


@pytest.mark.parametrize(
    ("values", "strict", "met"),
    [
        ([1.01] * 9, True, True),
        ([1.01] * 6 + [1.10] * 5, True, False),  # the median alone would do
        ([1.01] * 6 + [1.10] * 5, False, True),
        ([1.2] * 9, False, False),
        ([], False, None),
    ],
)
def test_a_goal_is_met_by_the_median_or_where_that_is_asked_by_all_of_the_interval(
    values, strict, met
):
    row = Row("what", "below 1.03", most=1.03, strict=strict, values=values)
    assert row.met is met


def test_the_table_says_what_was_seen_and_what_was_not_run():
    rows = [
        Row("a / b", "at most 1.1", most=1.1, values=[1.2, 1.3, 1.25], beside={"a": 12.0}),
        Row("share", "at most 60 %", unit="share", most=0.6, values=[0.53]),
        Row("swarm", "", note="not run: no Dask"),
    ]
    table = markdown(rows, reps=3, took_s=61)
    assert "| a / b | 1.250 | 1.200 to 1.300 | at most 1.1 | missed | a 12 |" in table
    assert "| share | 53.0% | 53.0% to 53.0% | at most 60 % | met |" in table
    assert "not run: no Dask" in table


def test_a_hub_of_before_is_the_code_of_before(tmp_path):
    try:
        copy_of(BEFORE, tmp_path)
    except NotRun as why:
        pytest.skip(str(why))
    assert (tmp_path / "pushlab/hub/core.py").exists()
    assert not (tmp_path / "pushlab/hub/backplane").exists()
    asked = [sys.executable, "-c", "import pushlab; print(pushlab.__file__)"]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(tmp_path))


def test_a_commit_that_git_has_not_is_not_run(tmp_path):
    with pytest.raises(NotRun, match="no commit 0000000"):
        copy_of("0000000", tmp_path)
