"""The exercises of the course, by their ids. Each chapter's are data in a module of their own."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module

from pushlab.course.exercises.base import Choice, Exercise, Feedback, Number
from pushlab.course.exercises.rule import Rule
from pushlab.course.trouble import CourseError

__all__ = [
    "CHAPTERS",
    "Choice",
    "Exercise",
    "Feedback",
    "Number",
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
    "all_five",
    "scale",
    "choose",
)


def all_exercises() -> dict[str, Exercise]:
    """Every exercise by its id."""
    found = {}
    for chapter in CHAPTERS:
        ours = import_module(f"pushlab.course.exercises.{chapter}").EXERCISES
        for number, each in enumerate([*ours, *_builds(chapter)], 1):
            id = f"{chapter.replace('_', '-')}-{number}"
            found[id] = replace(each, id=id)
    return found


def _builds(chapter: str) -> Iterator[Exercise]:
    """What the chapter's students build; these come after its questions."""
    for name in import_module("pushlab.course.builds").MODULES.get(chapter, ()):
        yield from import_module(f"pushlab.course.builds.{name}").BUILDS


def exercise(id: str) -> Exercise:
    """The exercise of that id; show it, then `check` an answer.

    Raises:
        CourseError: there is none.
    """
    known = all_exercises()
    if id not in known:
        close = get_close_matches(id, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f" (known: {', '.join(known)})"
        raise CourseError(f"there is no exercise {id!r}{hint}")
    return known[id]
