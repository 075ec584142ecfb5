"""The answers of a chapter's exercises, for whoever teaches it; from the exercises themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.course.builds.base import Build
from pushlab.course.cards import Card
from pushlab.course.exercises import CHAPTERS, Choice, Exercise, all_exercises
from pushlab.course.exercises.question import solutions_closed
from pushlab.course.trouble import CourseError

__all__ = ["Answers", "answers"]


@dataclass(frozen=True, slots=True)
class Answers:
    """A chapter's exercises with their answers, and the mistakes that each of them knows."""

    exercises: Sequence[Exercise]

    def cards(self) -> list[Card]:
        """One for each exercise."""
        return [
            Card(
                f"{each.id}: {each.shown_answer()}",
                f"{each.question}\n\n{each.why}",
                "right",
                f"Knows these mistakes: {', '.join(_mistakes(each))}.",
                each.code.strip("\n") if isinstance(each, Build) else "",
            )
            for each in self.exercises
        ]

    def __str__(self) -> str:
        return "\n\n".join(str(card) for card in self.cards())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        html = "".join(card.html() for card in self.cards())
        return {"text/html": html, "text/plain": str(self)}


def _mistakes(each: Exercise) -> list[str]:
    if isinstance(each, Choice):
        return [key for key in each.options if key != each.answer]
    if isinstance(each, Build):
        return list(dict.fromkeys(slip.name for case in each.hidden_tests() for slip in case.slips))
    return [mistake.name for mistake in getattr(each, "mistakes", ())]


def answers(chapter: str, variant: str = "") -> Answers:
    """The answers of one chapter.

    Args:
        chapter: as in the exercises' ids, such as ``polling-cost``.
        variant: whose numbers; the course's own if empty.

    Raises:
        CourseError: there is no such chapter, or the teacher keeps the solutions back.
    """
    if solutions_closed():
        raise CourseError("the solutions are closed for now")
    found = [
        each for id, each in all_exercises(variant).items() if id.rpartition("-")[0] == chapter
    ]
    if not found:
        known = ", ".join(name.replace("_", "-") for name in CHAPTERS)
        raise CourseError(f"no chapter has exercises called {chapter!r} (known: {known})")
    return Answers(found)
