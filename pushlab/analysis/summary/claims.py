"""What may be said of two cells by one figure: that they differ, that they are alike, or neither.

Every title, headline and verdict that names two cells asks here. It needs nothing large, so that a
stored summary says what a fresh one says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any, Literal

from pushlab.quantities import counted

__all__ = ["Pair", "Ranking"]

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two cells by one figure.

    Attributes:
        low, high: their labels; the figure of `low` is not above that of `high`.
        answer: what their trials say: ``changed``, ``same`` or ``unknown``; corrected for the
            number of all comparisons of the run.
        ratio: of the higher to the lower; None where the lower is zero.
        ci: the interval of the ratio on which the answer rests: 95 % for all comparisons of the run
            together; None: too few trials, or no ratio.
        at_most: in the figure's unit, what the difference is not larger than; None: not known.
        more_trials: about how many more would tell, where the answer is unknown.
        withheld: why nothing is claimed whatever the answer says, the gravest first: kinds, such as
            ``marked``, each with its words.
    """

    low: str
    high: str
    answer: Literal["changed", "same", "unknown"]
    ratio: float | None = None
    ci: Interval | None = None
    at_most: float | None = None
    more_trials: int | None = None
    withheld: Mapping[str, str] = field(default_factory=dict)

    @property
    def claimed(self) -> bool:
        """Whether a title may say that the two differ."""
        return self.answer == "changed" and not self.withheld

    @property
    def alike(self) -> bool:
        """Whether a title may say that the two do not differ."""
        return self.answer == "same" and not self.withheld

    @property
    def missing(self) -> str:
        """What stands between these trials and a claim, in words; empty for a claim."""
        if self.claimed:
            return ""
        if self.withheld:
            return next(iter(self.withheld.values()))
        if self.alike:
            return "alike"
        if self.more_trials:
            return f"needs about {counted(self.more_trials, 'more trial')}"
        return "these trials cannot tell"

    @property
    def kind(self) -> str:
        """The same in a word or two, for a table: a kind of `withheld`, ``alike``, or not known."""
        if self.claimed:
            return ""
        return next(iter(self.withheld), "alike" if self.alike else "no clear difference")

    def over(self, base: str) -> tuple[float | None, Interval | None]:
        """The other cell's figure over that of `base`, and its interval; None: `base` has zero."""
        if base == self.low:
            return self.ratio, self.ci
        if not self.ratio:
            return 0.0, None
        return 1 / self.ratio, self.ci and (1 / self.ci[1], 1 / self.ci[0])

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Pair":
        """What `asdict` gave."""
        ci = told.get("ci")
        return cls(**{**told, "ci": (float(ci[0]), float(ci[1])) if ci else None})


@dataclass(frozen=True, slots=True)
class Ranking:
    """The cells by one figure.

    Attributes:
        order: those that have the figure, from lowest to highest, as measured.
        pairs: each two of them.
    """

    order: Sequence[str] = ()
    pairs: Sequence[Pair] = ()
    _by_cells: dict[frozenset[str], Pair] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        self._by_cells.update({frozenset((pair.low, pair.high)): pair for pair in self.pairs})

    def of(self, one: str, other: str) -> Pair | None:
        """The pair of two cells, in either order; None where a figure is missing."""
        return self._by_cells.get(frozenset((one, other)))

    def less(self, low: str, high: str) -> bool:
        """Whether a title may say that `low` has less than `high`."""
        pair = self.of(low, high)
        return pair is not None and pair.claimed and pair.low == low

    def among(self, cells: Sequence[str]) -> list[Pair]:
        """The pairs of these cells."""
        each = (self.of(one, other) for one, other in combinations(cells, 2))
        return [pair for pair in each if pair is not None]

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists."""
        return {"order": list(self.order), "pairs": [asdict(pair) for pair in self.pairs]}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Ranking":
        """What `to_json` gave; an older pushlab stored no pairs."""
        pairs = [Pair.from_json(pair) for pair in told.get("pairs", ())]
        return cls(list(told["order"]), pairs)
