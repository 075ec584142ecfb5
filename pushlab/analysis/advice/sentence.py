"""A sentence that cannot speak without its figures, nor have a number that is none of them.

Its words are a pattern with a place for each figure, so what is read and what a program gets are
the same value. A digit that stands in the pattern itself is refused: nobody could say what it rests
on.
"""

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from pushlab.quantities import number, span

__all__ = ["Basis", "Figure", "Sentence", "said", "sentence"]

#: What a figure rests on, from the firmest to the weakest.
Basis = Literal[
    "asked",  # said on the command line, or set
    "measured",  # by the run that was named
    "closed form",  # follows from what was asked, by a formula
    "document",  # a vendor's or a program's documents
    "list price",  # and the measured costs and guesses that make its units
    "reference",  # measured by pushlab's reference run, on another machine
    "guess",
]
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number, or a range where `low` and `high` differ.

    Attributes:
        unit: in words, such as ``USD a month``.
        basis: what it rests on.
        show: makes words of one end.
        source: the run, the page or the formula, where there is one.
    """

    low: float
    high: float
    unit: str
    basis: Basis
    show: Callable[[float], str] = number
    source: str = ""

    @classmethod
    def of(cls, value: float, unit: str, basis: Basis, **other: Any) -> Self:
        """One value."""
        return cls(low=value, high=value, unit=unit, basis=basis, **other)

    @property
    def text(self) -> str:
        """As it stands in a sentence."""
        return span((self.low, self.high), self.show) or self.show(self.low)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        told = {"low": self.low, "high": self.high, "unit": self.unit, "text": self.text}
        return {**told, "basis": self.basis, **({"source": self.source} if self.source else {})}


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words around figures.

    Attributes:
        pattern: with ``{name}`` for each figure and each of the `words`.
        figures: one or more.
        words: names that are no figures, such as a transport's title.

    Raises:
        ValueError: there is no figure, one has no place or a place no figure, or a digit stands in
            the pattern.
    """

    pattern: str
    figures: Mapping[str, Figure]
    words: Mapping[str, str]

    def __post_init__(self) -> None:
        parts = list(string.Formatter().parse(self.pattern))
        places = {name for _, name, _, _ in parts if name is not None}
        if not self.figures:
            raise ValueError(f"no figure stands in {self.pattern!r}")
        if places != {*self.figures, *self.words} or set(self.figures) & set(self.words):
            raise ValueError(f"places and figures differ in {self.pattern!r}")
        if any(_DIGIT.search(text) for text, *_ in parts):
            raise ValueError(f"a digit that is no figure stands in {self.pattern!r}")

    @property
    def text(self) -> str:
        """All of it in words."""
        told = {name: figure.text for name, figure in self.figures.items()}
        text = self.pattern.format(**self.words, **told)
        return f"{text[0].upper()}{text[1:]}"

    @property
    def bases(self) -> Sequence[Basis]:
        """What its figures rest on, each once; what was asked needs no saying."""
        return list(dict.fromkeys(f.basis for f in self.figures.values() if f.basis != "asked"))

    def to_json(self) -> dict[str, Any]:
        """The text, and each figure by its name."""
        figures = {name: figure.to_json() for name, figure in self.figures.items()}
        return {"text": self.text, "figures": figures}


def sentence(pattern: str, **parts: Figure | str) -> Sentence:
    """A sentence; parts that are texts are its words."""
    return Sentence(
        pattern,
        {name: part for name, part in parts.items() if isinstance(part, Figure)},
        {name: part for name, part in parts.items() if isinstance(part, str)},
    )


def said(value: float, unit: str, show: Callable[[float], str]) -> Figure:
    """What was asked."""
    return Figure.of(value, unit, "asked", show=show)
