"""What a student holds of an exercise: it asks, judges and helps, and has no answer in it."""

import os
from typing import Any
from weakref import WeakKeyDictionary

from pushlab.course.cards import Card, Shown
from pushlab.course.exercises.base import Exercise, Feedback

__all__ = ["SOLUTIONS", "Question", "solutions_closed"]

#: Set to ``closed``: no solutions, for homework that counts.
SOLUTIONS = "PUSHLAB_COURSE_SOLUTIONS"

#: The exercise of each question, kept outside of it: neither `vars`, `dir` nor `repr` finds it.
_ASKED: "WeakKeyDictionary[Question, Exercise]" = WeakKeyDictionary()


def solutions_closed() -> bool:
    """Whether the teacher keeps the solutions back."""
    return os.environ.get(SOLUTIONS, "").strip().lower() == "closed"


class Question(Shown):
    """A question to a student.

    Attributes:
        id: the exercise's.
        variant: of the student's own numbers; empty for the course's.
    """

    __slots__ = ("__weakref__", "id", "variant")

    def __init__(self, exercise: Exercise, variant: str = "") -> None:
        self.id = exercise.id
        self.variant = variant
        _ASKED[self] = exercise

    def check(self, *answer: object) -> Feedback:
        """Judge an answer. Raises AssertionError if it is not right, and nbgrader is grading."""
        return _ASKED[self].check(*answer)

    def hint(self) -> Card:
        """The next step."""
        return _ASKED[self].hint()

    def solution(self) -> Card:
        """The answer and the way to it, unless the teacher keeps it back."""
        if solutions_closed():
            told = f"Your teacher opens them later. `{_ASKED[self].called}.hint()` helps you on."
            return Card("The solutions are closed for now.", told, "waiting")
        return _ASKED[self].solution()

    def __repr__(self) -> str:
        return f"<Question {self.id}{f' of {self.variant}' if self.variant else ''}>"

    def __reduce__(self) -> Any:
        from pushlab.course.exercises import exercise

        return exercise, (self.id, self.variant)

    def _card(self) -> Card:
        return _ASKED[self]._card()
