"""What people may write into an answer cell, as data, and what they are told.

The tests hold these against the judge, and a teacher's list of replies is made of them.
"""

import linecache
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from pushlab.course.builds.base import Build
from pushlab.course.exercises.base import Feedback, Verdict

__all__ = ["Attempt", "but", "cell", "replies"]

_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way to answer.

    Attributes:
        name: what somebody was thinking.
        code: the answer cell as he left it.
        verdict: what the judge should say.
        mistake: the name of the mistake that should be recognised; empty for none.
        says: words that the reply should have.
    """

    name: str
    code: str
    verdict: Verdict = "wrong"
    mistake: str = ""
    says: str = ""


def but(code: str, *changes: tuple[str, str]) -> str:
    """The code with some of its text replaced, each at its first place.

    Raises:
        ValueError: it has no such text.
    """
    for old, new in changes:
        if old not in code:
            raise ValueError(f"the code has no {old!r}")
        code = code.replace(old, new, 1)
    return code


def cell(code: str, name: str) -> Any:
    """What a cell with this code calls by that name, as a notebook would run it."""
    text = code.strip("\n") + "\n"
    filename = f"<your cell {next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, filename, "exec", dont_inherit=True), space)
    return space[name]


def replies(build: Build, attempts: Sequence[Attempt]) -> Iterator[tuple[Attempt, Feedback]]:
    """What the build says to each attempt, after the right one, the untouched one and no code."""
    usual = (
        Attempt(name="the solution", code=build.code, verdict="right", says=build.why),
        Attempt(name="untouched", code=build.skeleton, verdict="not attempted", says="as it was"),
        Attempt(
            name="a number", code=f"{build.name} = 42", verdict="not an answer", mistake="kind"
        ),
    )
    for each in (*usual, *attempts):
        yield each, build.check(cell(each.code, build.name))
