"""Exercises as data, and how an answer is judged: right, wrong in a known way, or not yet."""

import abc
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pushlab.course.cards import Card, Shown, Tone
from pushlab.course.exercises.mistakes import Mistake
from pushlab.course.quantities import with_unit
from pushlab.course.typed import Unclear, in_words, read, untouched

__all__ = ["Choice", "Exercise", "Feedback", "Number", "Verdict"]

Verdict = Literal["right", "wrong", "not attempted", "not an answer", "unclear"]

#: A card's heading and its tone.
_LOOKS: Mapping[Verdict, tuple[str, Tone]] = {
    "right": ("Right.", "right"),
    "wrong": ("Not yet.", "wrong"),
    "not attempted": ("Not attempted yet.", "waiting"),
    "not an answer": ("That is not an answer.", "wrong"),
    "unclear": ("How do you mean that?", "waiting"),
}


@dataclass(frozen=True, slots=True)
class Feedback(Shown):
    """What came of an answer.

    Attributes:
        mistake: the name of the mistake that was recognised, if one was.
        code: lines that are shown as they are: a test's input, a traceback.
    """

    verdict: Verdict
    text: str
    mistake: str = ""
    code: str = ""

    def __bool__(self) -> bool:
        return self.verdict == "right"

    def _card(self) -> Card:
        head, tone = _LOOKS[self.verdict]
        return Card(head, self.text, tone, code=self.code)

    def _ipython_display_(self) -> None:
        """As an output of its own: what a cell returns nbgrader takes for a number of points."""
        from IPython.display import display

        display(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise(Shown):
    """One question: `Number` and `Choice` are two kinds. It has the answer in it.

    Students hold a `Question`, which has not.

    Attributes:
        id: the chapter's name and a number, such as ``polling-cost-2``; its place gives it.
        question: with every number that is needed to answer it.
        clue: the next step, not the answer; `hint` shows it.
        why: the way to the answer, for `solution` and for who got it right.
    """

    id: str = ""
    question: str
    clue: str
    why: str

    @property
    def called(self) -> str:
        """How the notebooks call it: ``q2``."""
        return f"q{self.id.rpartition('-')[2]}"

    def check(self, *answer: object) -> Feedback:
        """Judge an answer; ``...``, None and nothing are no attempt.

        Args:
            answer: one; what is typed with a comma and no quotes comes as two.

        Raises:
            AssertionError: the answer is not right, and nbgrader is grading.
        """
        feedback = self._judge(answer[0] if len(answer) == 1 else answer)
        if os.environ.get("NBGRADER_EXECUTION") and not feedback:
            raise AssertionError(str(feedback))
        return feedback

    def _judge(self, answer: object) -> Feedback:
        if untouched(answer):
            return Feedback(
                "not attempted", "Put your answer in place of the `...` and run the cells again."
            )
        return self.judge(answer)

    @abc.abstractmethod
    def judge(self, answer: object) -> Feedback:
        """Judge an attempt."""

    @abc.abstractmethod
    def shown_answer(self) -> str:
        """The right answer in words."""

    def hint(self) -> Card:
        """The next step."""
        return Card("A hint", self.clue)

    def solution(self) -> Card:
        """The right answer and the way to it."""
        return Card(f"The answer: {self.shown_answer()}", self.why)

    def _help(self) -> str:
        hint, solution = f"`{self.called}.hint()`", f"`{self.called}.solution()`"
        return f"Stuck? Run {hint}. Given up, or done? Run {solution}."

    def _card(self) -> Card:
        return Card(f"Exercise {self.id}", self.question, small=self._help())


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Exercise):
    """A question whose answer is a number.

    Attributes:
        answer: the right one, computed from a formula where there is one.
        unit: in which it is asked for.
        tolerance: how far off an answer may be, as a part of it.
        mistakes: at least three; the first one that fits is told.
    """

    answer: float
    unit: str = ""
    tolerance: float = 0.02
    mistakes: Sequence[Mistake] = ()

    def near(self, given: float, wanted: float) -> bool:
        """Whether a number is another one, as far as anybody can tell."""
        return math.isclose(given, wanted, rel_tol=self.tolerance, abs_tol=1e-12)

    def judge(self, answer: object) -> Feedback:
        """Compare with the right answer, then with what each mistake would give."""
        try:
            given = read(answer, self.unit)
        except Unclear as error:
            kind: Verdict = "unclear" if isinstance(answer, str | tuple) else "not an answer"
            return Feedback(kind, str(error))
        feedback = self._compared(given.value)
        understood = in_words(given, self.unit)
        return replace(feedback, text=f"{feedback.text}\n\n{understood}".strip())

    def _compared(self, given: float) -> Feedback:
        if self.near(given, self.answer):
            return Feedback("right", self.why)
        for mistake in self.mistakes:
            if self.near(given, mistake.makes(self.answer)):
                return Feedback("wrong", mistake.reply, mistake.name)
        told = f"{self._direction(given)} Run `{self.called}.hint()` for the next step."
        return Feedback("wrong", told)

    def _direction(self, given: float) -> str:
        if given < 0 < self.answer:
            return "It cannot be less than nothing."
        if self.answer and given and not 0.1 <= given / self.answer <= 10:
            how = "small" if given < self.answer else "large"
            return f"That is far too {how}, more than ten times."
        return f"That is too {'small' if given < self.answer else 'large'}."

    def shown_answer(self) -> str:
        """The number with its unit."""
        return with_unit(self.answer, self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Exercise):
    """A question whose answer is one of a few words.

    Attributes:
        options: each possible answer in words, by its key (a letter or a word).
        answer: the key of the right one.
        replies: what to say to each wrong one.
    """

    options: Mapping[str, str]
    answer: str
    replies: Mapping[str, str] = field(default_factory=dict)

    def judge(self, answer: object) -> Feedback:
        """Compare with the keys and their words, as people write them."""
        chosen = self._chosen(answer)
        if len(chosen) != 1:
            listed = ", ".join(f'"{key}"' for key in self.options)
            if chosen:
                return Feedback("unclear", f"Choose one: {listed}.")
            return Feedback("not an answer", f"Answer with one of: {listed}.")
        (key,) = chosen
        if key == self.answer:
            return Feedback("right", self.why)
        return Feedback("wrong", self.replies[key], key)

    def _chosen(self, answer: object) -> list[str]:
        """The keys that are meant: ``b``, ``B)``, ``option b``, ``QoS 1``, or an option's words."""
        if isinstance(answer, tuple | list | set):
            found = [self._chosen(each) for each in answer]
            return list(dict.fromkeys(key for keys in found for key in keys)) if all(found) else []
        if isinstance(answer, bool) or not isinstance(answer, str | int | float):
            return []
        if isinstance(answer, float) and not answer.is_integer():
            return []
        said = _bare(answer if isinstance(answer, str) else str(int(answer)))
        for key, words in self.options.items():
            if said in (_bare(key), _bare(words), _bare(f"{key} {words}")):
                return [key]
        parts = re.split(r"\b(?:and|or)\b|[,;/&+]", said)
        if len(parts) > 1:
            return self._chosen(parts) if all(len(part.split()) == 1 for part in parts) else []
        by_name = {_bare(key): key for key in self.options}
        by_name |= {_bare(words.partition(":")[0]): key for key, words in self.options.items()}
        short = re.sub(r"^(?:option|answer|number|it is|its)\s+", "", said)
        return [by_name[short]] if short in by_name else []

    def shown_answer(self) -> str:
        """The key and its words."""
        return f"{self.answer} ({self.options[self.answer]})"

    def _card(self) -> Card:
        listed = "\n\n".join(f'`"{key}"`: {words}' for key, words in self.options.items())
        return Card(f"Exercise {self.id}", f"{self.question}\n\n{listed}", small=self._help())


def _bare(text: str) -> str:
    """Lower case, without quotes, brackets and dots, with single spaces."""
    return " ".join(re.sub(r"[\"'`()\[\].!:]", " ", text).lower().split())
