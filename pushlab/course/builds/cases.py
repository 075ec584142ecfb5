"""Hidden tests as data: what is tried, what is expected, and which mistakes look like what."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Case", "Slip", "StudentError", "Words"]


class Words(str):
    """Something described, and no value: it is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class StudentError(Exception):
    """A mistake that a case finds itself, while the student's code runs.

    Attributes:
        name: the mistake's.
        line: of the student's code, where it is known.
    """

    def __init__(self, name: str, reply: str, line: int | None = None) -> None:
        super().__init__(reply)
        self.name = name
        self.line = line


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake that is known by what comes of it.

    Attributes:
        looks: whether what came looks like this mistake.
        reply: what kind of mistake that is; it points the way and does not give the code away.
    """

    name: str
    looks: Callable[[Any], bool]
    reply: str


def _itself(came: Any) -> Any:
    return came


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One hidden test.

    Attributes:
        name: what it is about, as the student is told.
        given: the concrete input, in words or as it stands.
        tries: from what the student gave to what came of it; it may raise `StudentError`.
        expected: what should come.
        same: whether what came is what was expected, where `==` is not the question.
        shows: from what came to what the student is shown of it.
        slips: the mistakes that are known here; the first one that fits is told.
        raises: what to say where the student's code lets this error out, beside its traceback.
        otherwise: what to say where none fits.
    """

    name: str
    given: str
    tries: Callable[[Any], Any]
    expected: Any
    same: Callable[[Any, Any], bool] = operator.eq
    shows: Callable[[Any], Any] = _itself
    slips: Sequence[Slip] = ()
    raises: Mapping[type[BaseException], str] = field(default_factory=dict)
    otherwise: str = ""

    def slip(self, came: Any) -> Slip | None:
        """The first known mistake that looks like it."""
        return next((each for each in self.slips if _fits(each, came)), None)


def _fits(slip: Slip, came: Any) -> bool:
    try:
        return bool(slip.looks(came))
    except Exception:  # what came may be of any type, and then it does not look like this mistake
        return False
