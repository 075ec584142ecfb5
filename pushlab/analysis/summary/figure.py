"""What is declared of a figure; `pushlab.analysis.summary.catalogue` has all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypedDict, Unpack

from pushlab.analysis.summary.estimators import Derived, Estimator

__all__ = ["Figure", "More", "Table", "Unit"]

Unit = Literal["s", "bytes", "usd", "share", ""]
#: ``run``: the terminal's table of a run; ``sweep``: that of a sweep; ``report``: the main table of
#: the page; then the page's tables of the publisher's lateness, of order, of connecting, of trials.
Table = Literal["run", "sweep", "report", "lateness", "order", "connecting", "trials"]
_UNITS: Mapping[str, Unit] = {"s": "s", "bytes": "bytes", "usd": "usd", "share": "share"}
#: The samples that are counted.
_COUNTED = ("latency_s", "latency_from_send_s", "publish_delay_s")


class More(TypedDict, total=False):
    """What a figure may have beside its name, words, making and meaning; see `Figure`."""

    head: str
    small: str
    shown: Mapping[Table, int]
    interval: bool
    compared: Literal["ratio", "exact"]
    ranked: int
    stability: str
    model: str
    whole: str
    bad: str
    per_trial: bool
    chart: str
    axis: str
    noun: str
    since: int


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
        ranked: its place, from 1, among the figures by which cells are ranked and which are looked
            at for their stability between trials; 0: it is none of them.
        stability: the `key` of the ranked figure whose stability speaks for it.
        model: the figure that a closed form predicts for it.
        whole: the count of which it may be given as a share (``lost<0.1%``).
        bad: in words, what has happened where it is not 0: ``deliveries were lost``.
        per_trial: whether ``per_trial`` has it.
        chart: the name of its chart along a sweep's grid, with its number.
        axis, noun: what that chart shows, and its name in a sentence.
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
    ranked: int = 0
    stability: str = ""
    model: str = ""
    whole: str = ""
    bad: str = ""
    per_trial: bool = False
    chart: str = ""
    axis: str = ""
    noun: str = ""
    since: int = 1

    def but(self, **more: Unpack[More]) -> "Figure":
        """The same with more to it."""
        return replace(self, **more)

    @property
    def unit(self) -> Unit:
        """The unit that stands in its name; empty for a number."""
        *above, last = self.name.split(".")
        if last in ("count", "nonpositive"):
            return ""
        for part in (last, *reversed(above)):
            words = part.split("_per_")[0].split("_")
            if "bytes" in words:
                return "bytes"
            if words[-1] in _UNITS and not part.endswith("_per_s"):
                return _UNITS[words[-1]]
        return ""

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
        return f"{group}.count" if group in _COUNTED else ""

    @property
    def title(self) -> str:
        """Its words at the beginning of a line."""
        return self.words[:1].upper() + self.words[1:]

    @property
    def short(self) -> str:
        """Its short name."""
        return self.head or self.words
