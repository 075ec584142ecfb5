"""How trials give a figure: sums, largest values, ratios, statistics of merged samples.

Where a figure can be made of any draw of trials, its estimate says how: intervals, differences
between runs and ratios between cells all rest on such draws.
"""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from pushlab.analysis.models.prediction import Prediction
from pushlab.analysis.stats.estimate import Estimate
from pushlab.runs import TrialRecord

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pushlab.analysis.cost.first_price import FirstPrice
    from pushlab.analysis.stats.percentiles import Samples
    from pushlab.analysis.trials.figures import TrialFigures

    Floats = npt.NDArray[np.float64]

__all__ = [
    "CellTrials",
    "Derived",
    "Estimator",
    "Largest",
    "Of",
    "Ratio",
    "Sampled",
    "Sum",
    "Value",
]

Value = Callable[["TrialFigures"], float | None]


class CellTrials:
    """One cell's trials, and what several figures need of them, each computed once.

    Attributes:
        all: every trial; `ended`: all but interrupted ones; `good`: those that went well.

    Args:
        whatever: take trials for good whatever became of them.
    """

    def __init__(self, trials: Sequence["TrialFigures"], *, whatever: bool = False) -> None:
        self.all = list(trials)
        self.ended = [t for t in trials if whatever or t.record.status != "interrupted"]
        self.good = [t for t in trials if whatever or t.record.status == "ok"]
        self.states = Counter(t.record.status for t in trials)
        self._samples: dict[str, Samples] = {}
        self._estimates: dict[str, Estimate] = {}

    @property
    def first(self) -> TrialRecord | None:
        """The first trial's record, for what all of them share."""
        return self.all[0].record if self.all else None

    @property
    def floor(self) -> bool:
        """Whether the cell is the harness's own floor."""
        return self.first is not None and self.first.floor

    def samples(self, name: str) -> "Samples":
        """The good trials' samples of that name, merged."""
        from pushlab.analysis.stats.percentiles import Samples

        if name not in self._samples:
            self._samples[name] = Samples([getattr(t, name) for t in self.good])
        return self._samples[name]

    def estimate(self, figure: "Declared") -> Estimate:
        """A figure of the catalogue, of these trials."""
        assert not isinstance(figure.made, Derived)  # which is made of a summary
        if figure.name not in self._estimates:
            self._estimates[figure.name] = figure.made(self)
        return self._estimates[figure.name]

    @functools.cached_property
    def price(self) -> "FirstPrice":
        """A month of the cell's traffic."""
        from pushlab.analysis.cost.first_price import usd_per_month
        from pushlab.analysis.cost.measured import traffic_of

        traffic = traffic_of(self.good) if self.good else None
        return usd_per_month(traffic)

    @functools.cached_property
    def predicted(self) -> Prediction | None:
        """What closed forms say of all windows together: hits summed, latencies averaged."""
        each = [t.predicted for t in self.good or self.all]
        if not each:
            return None

        def total(values: list[float | None]) -> float | None:
            known = [value for value in values if value is not None]
            return sum(known) if len(known) == len(values) else None

        latency_s = total([p.mean_latency_s for p in each])
        return replace(
            each[0],
            mean_latency_s=latency_s / len(each) if latency_s is not None else None,
            hits=total([p.hits for p in each]),
            hits_setup=total([p.hits_setup for p in each]),
        )


class Estimator(Protocol):
    """How trials give a figure."""

    def __call__(self, trials: CellTrials) -> Estimate:
        """The figure of these trials."""


class Declared(Protocol):
    """What a declaration of a figure says of how it is made."""

    @property
    def name(self) -> str:
        """Its path in a cell's summary."""

    @property
    def made(self) -> "Estimator | Derived":
        """How trials give it."""


def _known(of: Value, trials: Sequence["TrialFigures"]) -> list[float]:
    return [value for value in map(of, trials) if value is not None]


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum over the good trials that know it; `empty` where none does.

    Attributes:
        ended: over all but interrupted ones: a failed trial never makes a loss disappear.
    """

    each: Value
    empty: float | None = None
    ended: bool = False

    def __call__(self, trials: CellTrials) -> Estimate:
        """The sum, or `empty`."""
        known = _known(self.each, trials.ended if self.ended else trials.good)
        return Estimate(sum(known) if known else self.empty)


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest value of the good trials."""

    each: Value

    def __call__(self, trials: CellTrials) -> Estimate:
        """The largest, of all or of a draw."""
        known = _known(self.each, trials.good)
        if not known:
            return Estimate(None)
        return Estimate(max(known), len(known), lambda chosen: max(known[i] for i in chosen))


@dataclass(frozen=True, slots=True)
class Ratio:
    """A sum over a sum, of the good trials that know it; no draws where one has nothing below."""

    top: Value
    bottom: Value

    def __call__(self, trials: CellTrials) -> Estimate:
        """The quotient, of all or of a draw."""
        pairs = [
            (top, self.bottom(t) or 0.0) for t in trials.good if (top := self.top(t)) is not None
        ]

        def quotient(chosen: Sequence[int]) -> float:
            return sum(pairs[i][0] for i in chosen) / sum(pairs[i][1] for i in chosen)

        if not any(below for _, below in pairs):
            return Estimate(None)
        drawable = len(pairs) if all(below for _, below in pairs) else 0
        return Estimate(quotient(range(len(pairs))), drawable, quotient)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A statistic (``p99``, ``mean``, ``count``) of the good trials' samples, merged."""

    samples: str
    statistic: str

    def __call__(self, trials: CellTrials) -> Estimate:
        """The statistic."""
        return trials.samples(self.samples).estimate(self.statistic)


@dataclass(frozen=True, slots=True)
class Of:
    """Something that the cell's trials say only together."""

    all: Callable[[CellTrials], float | None]

    def __call__(self, trials: CellTrials) -> Estimate:
        """What they say."""
        return Estimate(self.all(trials))


@dataclass(frozen=True, slots=True)
class Derived:
    """A cell's figure over another, both by name; what is in `plus` is added on top if known."""

    top: str
    bottom: str
    plus: str = ""

    def of(self, figure: Callable[[str], float | None]) -> float | None:
        """Its value, given the others; None where one is missing or the lower is 0."""
        top, bottom = figure(self.top), figure(self.bottom)
        more = (figure(self.plus) or 0.0) if self.plus else 0.0
        return None if top is None or not bottom else (top + more) / bottom
