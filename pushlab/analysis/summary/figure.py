"""What is declared of a figure, and how trials give it: sums, ratios, statistics of samples.

Where a figure can be made of any draw of trials, its estimate says how: intervals, differences
between runs and ratios between cells all rest on such draws. `pushlab.analysis.summary.catalogue`
has all figures.
"""

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from pushlab.analysis.models.prediction import Prediction
from pushlab.analysis.stats.estimate import Estimate
from pushlab.runs import HUB, TrialRecord

if TYPE_CHECKING:
    from pushlab.analysis.cost.month_price import MonthPrice
    from pushlab.analysis.stats.percentiles import Samples
    from pushlab.analysis.trials.figures import TrialFigures

__all__ = [
    "CellTrials",
    "Derived",
    "Estimator",
    "Figure",
    "Table",
    "Value",
    "largest",
    "of_cell",
    "ratio",
    "sampled",
    "total",
]

Unit = Literal["s", "bytes", "usd", "share", ""]
#: ``run``: the terminal's table of a run; ``sweep``: that of a sweep; ``report``: the main table of
#: the page; then the page's tables of the publisher's lateness, of order, of connecting, of trials;
#: ``systems``: a table of each by transport and server.
Table = Literal["run", "sweep", "report", "lateness", "order", "connecting", "trials", "systems"]
_UNITS: Mapping[str, Unit] = {"s": "s", "bytes": "bytes", "usd": "usd", "share": "share"}
#: The samples that are counted.
_COUNTED = (
    "latency_s",
    "latency_from_send_s",
    "publish_delay_s",
    "stamp_error_s",
    "send_stamp_error_s",
)

Value = Callable[["TrialFigures"], float | None]
Estimator = Callable[["CellTrials"], Estimate]


class CellTrials:
    """One cell's trials, and what several figures need of them, each computed once.

    Attributes:
        all: every trial; `ended`: all but interrupted ones; `good`: those that went well.

    Args:
        whatever: take trials for good whatever became of them.
        looks: how often their intervals were looked at, to say whether there are enough.
    """

    def __init__(
        self, trials: Sequence["TrialFigures"], *, whatever: bool = False, looks: int = 0
    ) -> None:
        self._looks = looks
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
            self._samples[name] = Samples(
                [t.sample(name) for t in self.good],
                repetitions=[t.record.index for t in self.good],
            )
        return self._samples[name]

    def estimate(self, figure: "Figure") -> Estimate:
        """A figure of the catalogue, of these trials."""
        assert not isinstance(figure.made, Derived)  # which is made of a summary
        if figure.name not in self._estimates:
            made = figure.made(self)
            if self._looks > 1:
                from pushlab.analysis.stats.intervals import LOOKED_AGAIN

                made = replace(made, slack=LOOKED_AGAIN)
            self._estimates[figure.name] = made
        return self._estimates[figure.name]

    @functools.cached_property
    def price(self) -> "MonthPrice":
        """A month of the cell's traffic, in the architecture in which all transports can run."""
        from pushlab.analysis.cost.architectures import DEFAULT
        from pushlab.analysis.cost.book import load_book
        from pushlab.analysis.cost.measured import OF_HUB_ALONE, measured_sizes, traffic_of
        from pushlab.analysis.cost.month_price import MonthPrice
        from pushlab.analysis.cost.pricing import meter_for, price

        if self.first is not None and self.first.system != HUB:
            return MonthPrice(cannot=OF_HUB_ALONE)
        traffic = traffic_of(self.good) if self.good else None
        if traffic is None:
            return MonthPrice()
        meter = meter_for(traffic, load_book(), sizes=measured_sizes(self.good))
        return MonthPrice.of(price(DEFAULT, traffic, meter))

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


# ---- how trials give a figure --------------------------------------------------------------------


def _known(of: Value, trials: Sequence["TrialFigures"]) -> list[float]:
    return [value for value in map(of, trials) if value is not None]


def _repetitions(of: Value, trials: Sequence["TrialFigures"]) -> tuple[int, ...]:
    return tuple(t.record.index for t in trials if of(t) is not None)


def total(
    each: Value, empty: float | None = None, *, ended: bool = False, whole: bool = False
) -> Estimator:
    """The sum over the good trials that know it; `empty` where none does.

    Args:
        ended: over all but interrupted ones: a failed trial never makes a loss disappear.
        whole: `empty` too where one of them does not know it.
    """

    def estimate(trials: CellTrials) -> Estimate:
        among = trials.ended if ended else trials.good
        known = _known(each, among)
        told = len(known) == len(among) if whole else bool(known)
        return Estimate(sum(known) if known and told else empty)

    return estimate


def largest(each: Value) -> Estimator:
    """The largest value of the good trials, or of a draw of them."""

    def estimate(trials: CellTrials) -> Estimate:
        known = _known(each, trials.good)
        return Estimate(
            max(known, default=None),
            len(known),
            lambda drawn: max(known[i] for i in drawn),
            _repetitions(each, trials.good),
        )

    return estimate


def ratio(top: Value, bottom: Value) -> Estimator:
    """A sum over a sum, of the good trials that know it; no draws where one has nothing below."""

    def estimate(trials: CellTrials) -> Estimate:
        pairs = [(above, bottom(t) or 0.0) for t in trials.good if (above := top(t)) is not None]

        def quotient(drawn: Sequence[int]) -> float:
            return sum(pairs[i][0] for i in drawn) / sum(pairs[i][1] for i in drawn)

        if not any(below for _, below in pairs):
            return Estimate(None)
        drawable = len(pairs) if all(below for _, below in pairs) else 0
        repetitions = _repetitions(top, trials.good)
        return Estimate(quotient(range(len(pairs))), drawable, quotient, repetitions)

    return estimate


def sampled(samples: str, statistic: str) -> Estimator:
    """A statistic (``p99``, ``mean``, ``count``) of the good trials' samples, merged."""
    return lambda trials: trials.samples(samples).estimate(statistic)


def of_cell(all_trials: Callable[[CellTrials], float | None]) -> Estimator:
    """Something that the cell's trials say only together."""
    return lambda trials: Estimate(all_trials(trials))


@dataclass(frozen=True, slots=True)
class Derived:
    """A cell's figure over another, both by name; those in `plus` are added on top if known."""

    top: str
    bottom: str
    plus: tuple[str, ...] = ()

    def of(self, figure: Callable[[str], float | None]) -> float | None:
        """Its value, given the others; None where one is missing or the lower is 0."""
        top, bottom = figure(self.top), figure(self.bottom)
        more = sum(figure(name) or 0.0 for name in self.plus)
        return None if top is None or not bottom else (top + more) / bottom


# ---- what is declared ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a cell.

    Attributes:
        name: its path in a cell's summary, such as ``latency_s.p99``; its unit stands in it.
        words: its name at the head of a column or beside an axis, such as ``latency p99``.
        made: how trials give it.
        about: what it holds, in results/README.md; neighbours with the same words share a row.
        head: its short name, where one line must do.
        small: what stands in small print below `words`.
        shown: the tables that it is in, each with its rank: columns of the highest rank give way
            first where room is short, those of rank 0 stay.
        interval: whether it has a 95 % interval over trials.
        compared: how `pushlab diff` compares it: ``ratio``, by its trials' spread; ``exact``, any
            difference counts; None: not at all.
        claimed: whether titles speak of it, though cells are not ranked by it.
        instead: the figure that stands in its place in a table where no cell has samples enough
            for this one.
        ranked: its place, from 1, among the figures by which cells are ranked and which are looked
            at for their stability between trials; 0: it is none of them.
        stability: the `key` of the ranked figure whose stability speaks for it.
        model: the figure that a closed form predicts for it.
        whole: the count of which it may be given as a share (``lost<0.1%``).
        more_is_better: whether it is worse when it is smaller; of most figures less is better.
        bad: in words, what has happened where it is not 0: ``deliveries were lost``.
        marked: whether marks on it are marks of the cell.
        looked: whether it takes a look at the server's processes.
        per_trial: whether ``per_trial`` has it.
        chart: the name of its chart along a sweep's grid, with its number.
        axis, noun: what that chart shows, and its name in a sentence.
        where_known: whether tables leave it out where no cell has it.
        since: the format of stored summaries from which on they have it.
    """

    name: str
    words: str
    made: Estimator | Derived = field(repr=False)
    about: str = ""
    head: str = ""
    small: str = ""
    shown: Mapping[Table, int] = field(default_factory=dict)
    interval: bool = False
    compared: Literal["ratio", "exact"] | None = None
    claimed: bool = False
    instead: str = ""
    ranked: int = 0
    stability: str = ""
    model: str = ""
    whole: str = ""
    more_is_better: bool = False
    bad: str = ""
    marked: bool = False
    looked: bool = False
    per_trial: bool = False
    chart: str = ""
    axis: str = ""
    noun: str = ""
    where_known: bool = False
    since: int = 1

    def but(self, **more: Any) -> "Figure":
        """The same with more to it."""
        return replace(self, **more)

    @property
    def unit(self) -> Unit:
        """The unit that stands in its name; empty for a number."""
        *above, last = self.name.split(".")
        if last in ("count", "nonpositive", "publishes"):
            return ""
        for part in (last, *reversed(above)):
            words = part.split("_per_")[0].split("_")
            if "bytes" in words:
                return "bytes"
            if words[-1] in _UNITS and not part.endswith("_per_s"):
                return _UNITS[words[-1]]
        return ""

    @property
    def kind(self) -> str:
        """What it is shown as: its unit, or ``memory``, which counts in powers of 1024."""
        return "memory" if self.name.endswith("rss_bytes") else self.unit

    @property
    def stored(self) -> bool:
        """Whether it stands in a stored summary, or is made of figures that do."""
        return not isinstance(self.made, Derived)

    @property
    def key(self) -> str:
        """Its name among those that cells are ranked by: ``latency_s`` is its mean."""
        return self.name.removesuffix(".mean")

    @property
    def steady_as(self) -> str:
        """The key under which a summary's ``unstable`` would name it."""
        return self.stability or (self.key if self.ranked else "")

    @property
    def counted_by(self) -> str:
        """The figure that says how many samples it rests on; empty where none does."""
        group, _, last = self.name.rpartition(".")
        if last.endswith("_per_delivery"):
            return "latency_s.count"
        if group.startswith("latency"):
            return "latency_s.publishes"
        return f"{group}.count" if group in _COUNTED else ""

    @property
    def title(self) -> str:
        """Its words at the beginning of a line."""
        return self.words[:1].upper() + self.words[1:]

    @property
    def short(self) -> str:
        """Its short name."""
        return self.head or self.words
