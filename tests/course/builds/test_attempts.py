"""Every build: its solution, what it is as it was given, and what people write instead."""

import subprocess
import sys
import time
from importlib import import_module

import pytest

from pushlab.course.builds import MODULES
from pushlab.course.builds.attempts import Attempt, but, cell, replies
from pushlab.course.builds.base import Build
from pushlab.course.exercises import all_exercises
from tests.patience import PATIENCE_S

NAMES = [name for names in MODULES.values() for name in names]
BUILDS = {each.id: each for each in all_exercises().values() if isinstance(each, Build)}


def tries():
    """Each build with what is tried of it: (build, attempt)."""
    for name in NAMES:
        attempts = import_module(f"tests.course.builds.attempts.{name}").ATTEMPTS
        for build in import_module(f"pushlab.course.builds.{name}").BUILDS:
            mine = attempts[build.name] if isinstance(attempts, dict) else attempts
            yield pytest.param(build, mine, id=f"{name}-{build.name}")


@pytest.mark.parametrize(("build", "attempts"), list(tries()))
def test_every_attempt_gets_the_reply_that_fits(build, attempts):
    wrong = {each.mistake for each in attempts if each.verdict == "wrong"}
    assert len(wrong - {"raises", "endless loop", ""}) >= 4
    assert "raises" in wrong, "broken code is shown as the student's own traceback"
    for attempt, told in replies(build, attempts):
        assert (told.verdict, told.mistake) == (attempt.verdict, attempt.mistake), (
            f"{attempt.name}: {told}"
        )
        assert " ".join(attempt.says.split()) in " ".join(f"{told.text} {told.code}".split())
        if told.mistake == "raises":
            assert "Traceback (most recent call last):\n  your cell" in told.code
            assert "pushlab" not in told.code


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_a_build_helps_in_steps(build):
    assert len(build.hints) >= 2
    steps = [build.hint() for _ in range(len(build.hints) + 2)]
    assert [step.text for step in steps[:-2]] == list(build.hints)
    assert steps[-1] == steps[-2]
    assert steps[-1].code == build.gaps.strip("\n")
    assert "..." in build.gaps
    assert build.solution().code == build.code.strip("\n")
    assert not build.check(cell(build.gaps, build.name)), "the gaps are to be filled"
    shortest, longest = 8, 40
    lines = [line for line in build.code.split("\n") if line.strip()]
    assert shortest <= len(lines) <= longest
    assert all(len(line) <= 88 for line in lines), "a cell is read on a projector"


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_judging_takes_a_moment(build):
    right = cell(build.code, build.name)
    build.check(right)
    began = time.process_time()
    assert build.check(right)
    assert time.process_time() - began < PATIENCE_S / 4


def test_no_replaced_text_is_forgotten():
    assert but("a b", ("b", "c")) == "a c"
    with pytest.raises(ValueError, match="has no 'x'"):
        but("a b", ("x", "c"))
    assert Attempt(name="a", code="b").verdict == "wrong"


ALONE = """
import sys
for name in "numpy scipy matplotlib uvicorn uvloop httptools psutil resource asyncio".split():
    sys.modules[name] = None
from pushlab.course.builds.attempts import cell
from pushlab.course.exercises import all_exercises
for id, each in all_exercises().items():
    if hasattr(each, "skeleton"):
        assert each.check(cell(each.code, each.name)), id
        print(id)
"""


def test_judging_needs_no_server_no_loop_and_no_other_package():
    ran = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == list(BUILDS)
