"""Guesses: a student predicts a number before measuring it, and the charts show it afterwards."""

from dataclasses import dataclass

from pushlab.course.cards import Card, Shown
from pushlab.course.mode import slides
from pushlab.course.quantities import with_unit
from pushlab.course.typed import Unclear, read, untouched

__all__ = ["Guess", "predict"]


@dataclass(frozen=True, slots=True)
class Guess(Shown):
    """A number that somebody wrote down before it was measured.

    Attributes:
        own: whether the student made it; else it is ours, so that charts have something to show.
        problem: why what was written down is no number; empty if nothing was.
    """

    question: str
    value: float
    unit: str
    own: bool
    problem: str = ""

    @property
    def name(self) -> str:
        """How a chart calls it."""
        return "your guess" if self.own else "no guess yet"

    @property
    def drawn(self) -> bool:
        """Whether charts show it: on slides nobody has guessed, and nobody's guess is not drawn."""
        return self.own or not slides()

    def __float__(self) -> float:
        return self.value

    def _card(self) -> Card:
        shown = with_unit(self.value, self.unit)
        if self.own:
            return Card(self.question, f"You wrote down: {shown}. Let us see.", "plain")
        if slides():
            return Card(self.question, "Write your guess down before the next slide.", "waiting")
        why = self.problem or "You have not guessed yet."
        return Card(
            self.question,
            f"{why} Put a number in place of the `...` and run this cell again. A wrong guess"
            " teaches more than none.",
            "waiting",
            f"Until then the charts show {shown}, which is nobody's guess.",
        )


def predict(question: str, *value: object, unit: str = "", gentle: float) -> Guess:
    """Write a guess down.

    Args:
        value: the student's number, as people write them (``0,5`` comes as two); ``...``, None or
            nothing: not guessed yet.
        unit: in which it is given, such as ``s``.
        gentle: what to go on with until there is a guess. Not the right number.
    """
    typed = value[0] if len(value) == 1 else value
    if untouched(typed):
        return Guess(question, gentle, unit, own=False)
    try:
        number = read(typed, unit).value
    except Unclear as error:
        return Guess(question, gentle, unit, own=False, problem=str(error))
    if number < 0:
        problem = "That number is below zero, which this one cannot be."
        return Guess(question, gentle, unit, own=False, problem=problem)
    return Guess(question, number, unit, own=True)
