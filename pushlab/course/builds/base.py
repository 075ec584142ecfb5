"""Something to build: a skeleton, help in steps, and a judge made of hidden tests.

The student writes a function or a class in the answer cell and gives it to `check`. The first
hidden test that fails is told by its name, with its input, what was expected, what came, and the
kind of mistake where it is a known one.
"""

import contextlib
import io
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from pushlab.course.builds.cases import Case, StudentError
from pushlab.course.builds.shape import check_shape, is_untouched
from pushlab.course.cards import Card
from pushlab.course.exercises.base import Exercise, Feedback
from pushlab.course.watching import (
    EndlessLoop,
    Watch,
    catches_everything,
    own_traceback,
    watched,
)

__all__ = ["Build", "short"]

_LONGEST, _WIDTH, _MOST_PRINTED = 300, 78, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Build(Exercise):
    """A question whose answer is code.

    Attributes:
        name: of the function or class that is to be written.
        skeleton: what the answer cell holds at first: the signature, and what it is given.
        hints: one step each.
        gaps: the last hint: the whole, with the lines that matter left out.
        code: a whole solution.
        cases: the hidden tests, in the order in which they are tried; or what makes them, where
            that takes a while.
    """

    clue: str = ""
    name: str
    skeleton: str
    hints: Sequence[str]
    gaps: str
    code: str
    cases: Sequence[Case] | Callable[[], Sequence[Case]]
    _steps: Iterator[int] = field(
        default_factory=count, init=False, repr=False, compare=False, hash=False
    )

    def judge(self, answer: object) -> Feedback:
        """Try the hidden tests in turn, until one fails."""
        try:
            check_shape(answer, self.skeleton, self.name)
        except StudentError as error:
            verdict = "not an answer" if error.name in ("kind", "called") else "wrong"
            return Feedback(verdict, str(error), error.name)  # type: ignore[arg-type]
        if is_untouched(answer, self.skeleton, self.name):
            return Feedback(
                "not attempted",
                f"`{self.name}` is still as it was given. Write your lines into it, and run the"
                " cells again.",
            )
        if (line := catches_everything(answer)) is not None:
            told = (
                f"Line {line} of your cell catches every error, your own slips of the pen too, so"
                " nobody can see them. Say which error you mean, as in `except ConnectionError:`."
            )
            return Feedback("wrong", told, "catches everything")
        cases = self.hidden_tests()
        for number, case in enumerate(cases, 1):
            failed = self._try(case, answer, f"Hidden test {number} of {len(cases)}")
            if failed is not None:
                return failed
        return Feedback("right", self.why)

    def hidden_tests(self) -> Sequence[Case]:
        """The hidden tests, made if they have to be."""
        return self.cases() if callable(self.cases) else self.cases

    def _try(self, case: Case, answer: object, place: str) -> Feedback | None:
        """What is told of a hidden test; None where it passes."""
        head = f'{place}, "{case.name}"'
        printed, watch = io.StringIO(), Watch()
        asked = [("given", case.given), ("expected", short(case.expected))]
        try:
            with contextlib.redirect_stdout(printed):
                came = watched(case.tries, answer, watch=watch)
        except StudentError as error:
            where = f" (Line {error.line} of your cell.)" if error.line else ""
            return Feedback("wrong", f"{head}: {error}{where}", error.name, _table(asked[:1]))
        except EndlessLoop as error:
            where = f", at line {error.line} of your cell" if error.line else ""
            told = (
                f"{head}: your code was stopped{where}: {error}. Which line should end the loop, or"
                " let time pass?"
            )
            return Feedback("wrong", told, "endless loop", _table(asked[:1]))
        except (Exception, SystemExit) as error:
            trace = own_traceback(error)
            if not trace and not isinstance(error, SystemExit | RecursionError):
                raise  # a fault of the judge's own
            told = f"{head}: your code raises {type(error).__name__}."
            known = (reply for kind, reply in case.raises.items() if isinstance(error, kind))
            told = f"{told} {next(known, '')}".strip()
            code = "\n\n".join(filter(None, [_table(asked[:1]), trace]))
            return Feedback("wrong", told, "raises", code)
        if case.same(came, case.expected):
            return None
        asked.append(("came", short(case.shows(came))))
        slip = case.slip(came)
        reply = slip.reply if slip else case.otherwise
        shown = [_table(asked), _printed(printed.getvalue())]
        if slip is None and watch.swallowed is not None:
            reply = "On the way this was raised in your code, and caught:"
            shown.append(own_traceback(watch.swallowed[0]))
        text = f"{head}, fails. {reply}".strip()
        return Feedback("wrong", text, slip.name if slip else "", "\n\n".join(filter(None, shown)))

    def shown_answer(self) -> str:
        """What was to be written, and how long the solution is."""
        lines = [line for line in self.code.strip().split("\n") if line.strip()]
        return f"{self.name}, {len(lines)} lines of code"

    def hint(self) -> Card:
        """The next step, at each call; at last the whole with gaps."""
        step = next(self._steps)
        last = len(self.hints) + 1
        if step < len(self.hints):
            more = "Run it again for the next one."
            return Card(f"Hint {step + 1} of {last}", self.hints[step], small=more)
        told = f"The whole, with gaps to be filled. `{self.called}.solution()` shows it without."
        return Card(f"Hint {last} of {last}", told, code=self.gaps.strip("\n"))

    def solution(self) -> Card:
        """The whole code, and why it is so."""
        return Card(f"A solution: {self.shown_answer()}", self.why, code=self.code.strip("\n"))


def short(value: Any) -> str:
    """A value on a line or two."""
    text = value if isinstance(value, str) and "\n" in value else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 20]} ... {text[-15:]}"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    lines = []
    for label, text in rows:
        for number, line in enumerate(_wrapped(text)):
            lines.append(f"{'' if number else label:<9} {line}".rstrip())
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    return [
        piece
        for line in text.split("\n")
        for piece in textwrap.wrap(line, _WIDTH, break_on_hyphens=False) or [""]
    ]


def _printed(text: str) -> str:
    lines = text.rstrip("\n").split("\n")[-_MOST_PRINTED:]
    return "" if not text.strip() else "your code printed\n" + "\n".join(f"  {x}" for x in lines)
