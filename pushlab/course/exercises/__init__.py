"""The exercises of the course, by their ids. Each chapter's are data in a module of their own."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module

from pushlab.course.exercises.base import Choice, Exercise, Feedback, Number
from pushlab.course.exercises.question import Question
from pushlab.course.exercises.rule import Rule
from pushlab.course.exercises.student import own_variant
from pushlab.course.exercises.varied import Varied
from pushlab.course.trouble import CourseError

__all__ = [
    "CHAPTERS",
    "Choice",
    "Exercise",
    "Feedback",
    "Number",
    "Question",
    "Rule",
    "all_exercises",
    "exercise",
]

#: The modules that hold exercises, in the order of the chapters; each has a tuple `EXERCISES`.
CHAPTERS = (
    "short_polling",
    "polling_cost",
    "long_polling",
    "sse",
    "websocket",
    "mqtt",
    "measuring",
    "all_five",
    "scale",
    "choose",
)


def all_exercises(variant: str = "") -> dict[str, Exercise]:
    """Every exercise by its id, with the answers.

    Args:
        variant: whose numbers, such as ``2026/anna``; the course's own if empty.
    """
    found = {}
    for chapter in CHAPTERS:
        ours = import_module(f"pushlab.course.exercises.{chapter}").EXERCISES
        for number, each in enumerate([*ours, *_builds(chapter)], 1):
            id = f"{chapter.replace('_', '-')}-{number}"
            if isinstance(each, Varied):
                each = each.of(f"{id}/{variant}" if variant else "")
            found[id] = replace(each, id=id)
    return found


def _builds(chapter: str) -> Iterator[Exercise]:
    """What the chapter's students build; these come after its questions."""
    for name in import_module("pushlab.course.builds").MODULES.get(chapter, ()):
        yield from import_module(f"pushlab.course.builds.{name}").BUILDS


def exercise(id: str, variant: str | None = None) -> Question:
    """The question of that id; show it, then `check` an answer.

    Args:
        variant: whose numbers; what the surroundings say if None, the course's own if empty.

    Raises:
        CourseError: there is none.
    """
    whose = own_variant() if variant is None else variant
    known = all_exercises(whose)
    if id not in known:
        close = get_close_matches(id, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f" (known: {', '.join(known)})"
        raise CourseError(f"there is no exercise {id!r}{hint}")
    return Question(known[id], whose)
