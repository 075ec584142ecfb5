"""Chapter 7's build: an estimator of percentiles that keeps no list of what it has seen."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pushlab.course.builds.base import Build
from pushlab.course.builds.cases import Case, Slip, StudentError, Words

__all__ = ["BUILDS"]

_NEAR = 0.06
_MOST_KEPT = 2_000
_NINE_AND_ONE = (0.01,) * 9 + (2.0,)
_TEN = (0.7, 0.2, 1.0, 0.4, 0.1, 0.9, 0.3, 0.8, 0.5, 0.6)
_MANY = 12_000


def _near(came: Any, wanted: float | None) -> bool:
    """Whether a number is within 6 % of another one."""
    if came is None or wanted is None:
        return came is wanted
    if isinstance(came, bool) or not isinstance(came, int | float):
        return False
    return abs(came - wanted) <= max(_NEAR * wanted, 1e-4)


def _like(value: float) -> Callable[[Any], bool]:
    return lambda came: _near(came, value)


def _fed(kind: Any, waits: Sequence[float]) -> Any:
    one = kind()
    for wait in waits:
        one.add(wait)
    return one


def _percentile(kind: Any, *, waits: Sequence[float], p: float) -> Any:
    return _fed(kind, waits).percentile(p)


def _many(kind: Any) -> Any:
    """The 95th percentile of many waits, of which no list may be kept."""
    lot = random.Random(7)
    one = _fed(kind, [lot.uniform(0.001, 1.0) for _ in range(_MANY)])
    kept = max((len(part) for part in vars(one).values() if hasattr(part, "__len__")), default=0)
    if kept > _MOST_KEPT:
        raise StudentError(
            "keeps them all",
            f"After {_MANY:,} waits your estimator holds {kept:,} numbers. A million clients would"
            " fill the memory. Do not keep waits, count them: how many fell into each step, where a"
            " step is 5 % wide.",
        )
    return one.percentile(95)


def _merged(kind: Any, *, p: float) -> Any:
    one, other = _fed(kind, (0.01,) * 900), _fed(kind, (0.01,) * 10 + (1.0,) * 100)
    one.merge(other)
    return one.percentile(p)


def _about(value: float | None) -> Mapping[str, Any]:
    words = "None" if value is None else f"{value:g}, or not more than 5 % beside it"
    return {"expected": Words(words), "same": lambda came, _: _near(came, value)}


def _coarse(value: float) -> Slip:
    return Slip(
        "steps too coarse",
        lambda came: isinstance(came, int | float) and value / 2 < came < 2 * value,
        "Nearly, but more than 5 % beside it. Your steps are too wide: a factor of 1.05 from one to"
        " the next is enough, and `step + 0.5` is the middle of a step.",
    )


_NOTHING_TO_LOOK_AT = Slip(
    "no answer",
    lambda came: came is None,
    "`percentile` gives nothing back. What should come after `return`?",
)
_MEAN = Slip(
    "the mean",
    _like(0.209),
    "That is the mean. One wait of 2 s has pulled it up to 209 ms, and nobody waited 209 ms: nine"
    " waited 10 ms, and one 2 s. Half of the people is a matter of counting, not of adding up.",
)
_ALL_OF_TEN = "0.1, 0.2, ... 1.0 s in some order"
_NOT_A_RANGE = "A percentile counts people: it does not divide the way from the shortest to the"
_CASES = (
    Case(
        name="one wait",
        given="add(0.2), then percentile(50)",
        tries=partial(_percentile, waits=(0.2,), p=50),
        **_about(0.2),
        slips=(
            _NOTHING_TO_LOOK_AT,
            _coarse(0.2),
            Slip(
                "the step, not the wait",
                lambda came: isinstance(came, int | float) and (came < 0 or came >= 1),
                "That looks like the number of a step. Go back from the step to a wait in seconds:"
                " where `math.log(wait, 1.05)` led to the step, `1.05 ** step` leads back.",
            ),
        ),
    ),
    Case(
        name="nine short waits and a long one: the median",
        given="nine times add(0.01), once add(2.0), then percentile(50)",
        tries=partial(_percentile, waits=_NINE_AND_ONE, p=50),
        **_about(0.01),
        slips=(
            _MEAN,
            Slip("a part of the range", _like(1.005), f"{_NOT_A_RANGE} longest wait."),
            Slip(
                "each step once",
                _like(2.0),
                "The long wait counts as much as nine short ones here. Count how often each step"
                " occurs, and add up these counts.",
            ),
        ),
    ),
    Case(
        name="nine short waits and a long one: the 99th percentile",
        given="nine times add(0.01), once add(2.0), then percentile(99)",
        tries=partial(_percentile, waits=_NINE_AND_ONE, p=99),
        **_about(2.0),
        slips=(
            Slip(
                "rounded down",
                _like(0.01),
                "99 of 100 of ten waits are 9.9 waits, and nine are too few: go on until you have"
                " seen at least as many.",
            ),
            Slip("the mean", _like(0.209), _MEAN.reply),
        ),
    ),
    Case(
        name="ten different waits: the 90th percentile",
        given=f"add of {_ALL_OF_TEN}, then percentile(90)",
        tries=partial(_percentile, waits=_TEN, p=90),
        **_about(0.9),
        slips=(
            Slip(
                "one too far",
                _like(1.0),
                "That is one too far: nine of the ten took 0.9 s or less, so 0.9 is enough. As soon"
                " as you have seen *at least* so many, stop: `>=`.",
            ),
            Slip(
                "as they came",
                lambda came: any(_near(came, wait) for wait in _TEN),
                "You go through the waits as they came. The shortest has to be first: `sorted`.",
            ),
        ),
    ),
    Case(
        name="a wait of nothing",
        given="add(0.0) twice, add(1.0) once, then percentile(50)",
        tries=partial(_percentile, waits=(0.0, 0.0, 1.0), p=50),
        expected=Words("0, or less than 1 ms"),
        same=lambda came, _: isinstance(came, int | float) and 0 <= came < 1e-3,
        raises={
            ValueError: "0 has no logarithm. Clocks have ticks, so a wait of 0 does come: take the"
            " smallest step for it, such as that of a microsecond."
        },
        slips=(
            Slip(
                "leaves noughts out",
                _like(1.0),
                "Waits of 0 are left out, so the slow ones weigh more than they should. Each wait"
                " has to be counted.",
            ),
        ),
    ),
    Case(
        name="very many waits",
        given=f"{_MANY:,} waits, anywhere between 1 ms and 1 s, then percentile(95)",
        tries=_many,
        **_about(0.95),
        slips=(_coarse(0.95),),
    ),
    Case(
        name="two of them merged",
        given="one with 900 waits of 0.01 s, the other with 10 of 0.01 s and 100 of 1 s;"
        " one.merge(other), percentile(95)",
        tries=partial(_merged, p=95),
        **_about(1.0),
        slips=(
            Slip(
                "averaged percentiles",
                lambda came: _near(came, 0.505) or _near(came, 0.1),
                "Percentiles cannot be averaged: the two have not equally many waits, and not"
                " equally long ones. Add up the counts, step by step.",
            ),
            Slip(
                "forgets the other",
                _like(0.01),
                "What the other one has counted is not in it. Add its counts to your own.",
            ),
            Slip(
                "overwrites",
                lambda came: came is None,
                "After `merge` counts are missing. Where both have waits in one step, add the two"
                " counts: `update` of a dict keeps only the other's.",
            ),
        ),
    ),
    Case(
        name="two of them merged: the median",
        given="the same two, merged, then percentile(50)",
        tries=partial(_merged, p=50),
        **_about(0.01),
        slips=(
            Slip(
                "forgets its own",
                _like(1.0),
                "After `merge` only the other one's waits are left, at least in the steps that both"
                " have. Add its counts to your own, step by step.",
            ),
        ),
    ),
    Case(
        name="nothing yet",
        given="percentile(50), and nothing was added",
        tries=partial(_percentile, waits=(), p=50),
        **_about(None),
        raises=dict.fromkeys(
            (ValueError, IndexError, ZeroDivisionError, KeyError),
            "Of nothing there is no percentile: give None.",
        ),
        slips=(
            Slip(
                "nought for nothing",
                lambda came: came == 0,
                "0 would say that nobody waited. Nothing is known: give None.",
            ),
        ),
    ),
)

_SKELETON = '''
class Estimator:
    def __init__(self): ...

    def add(self, wait_s):
        """Take one wait, in seconds."""

    def percentile(self, p):
        """The wait that p of 100 waits do not exceed."""

    def merge(self, other):
        """Take in what another Estimator has counted."""
'''
_CODE = """
import math


class Estimator:
    def __init__(self):
        self.counts = {}

    def add(self, wait_s):
        step = math.floor(math.log(max(wait_s, 1e-6), 1.05))
        self.counts[step] = self.counts.get(step, 0) + 1

    def percentile(self, p):
        total = sum(self.counts.values())
        seen = 0
        for step in sorted(self.counts):
            seen += self.counts[step]
            if seen >= total * p / 100:
                return 1.05 ** (step + 0.5)
        return None

    def merge(self, other):
        for step, count in other.counts.items():
            self.counts[step] = self.counts.get(step, 0) + count
"""
_GAPS = """
import math


class Estimator:
    def __init__(self):
        self.counts = {}

    def add(self, wait_s):
        step = math.floor(math.log(max(wait_s, 1e-6), 1.05))
        ...  # one more in this step

    def percentile(self, p):
        total = sum(self.counts.values())
        seen = 0
        for step in sorted(self.counts):
            ...  # add up, and stop at p of 100: give 1.05 ** (step + 0.5)
        return None

    def merge(self, other):
        for step, count in other.counts.items():
            ...
"""

BUILDS = (
    Build(
        name="Estimator",
        question=(
            "A server answers a million clients. Write a class that says what half of them, or"
            " 99 of 100, do not exceed, without keeping a million numbers. `add(wait_s)` takes one"
            " wait. `percentile(p)` gives the wait that `p` of 100 waits do not exceed, 5 % off at"
            " most, or None while nothing was added. `merge(other)` takes in what another"
            " Estimator has counted, as on a second computer."
        ),
        skeleton=_SKELETON,
        hints=(
            "Do not keep waits, count them. Divide all possible waits into steps, each 5 % wider"
            " than the one before, and keep a dict: step -> how many.",
            "`math.floor(math.log(wait_s, 1.05))` is the number of the step (write `import math`"
            " above the class). 0 has no logarithm: take `max(wait_s, 1e-6)`.",
            "For `percentile`, go through the steps from the smallest, and add up the counts until"
            " you have seen at least `p` of 100 of all. The wait is `1.05 ** (step + 0.5)`, the"
            " middle of that step.",
        ),
        gaps=_GAPS,
        code=_CODE,
        cases=_CASES,
        why=(
            "A percentile is a matter of counting: it asks how many, not how much, so one wait of"
            " an hour moves it no further than one of a minute. The mean adds up, and so one single"
            " wait can make it a number that nobody has waited. With counts in steps, memory stays"
            " small, and two estimators are merged by adding counts, where percentiles could not be"
            " averaged. Real load testers do it like this (look up HdrHistogram)."
        ),
    ),
)
