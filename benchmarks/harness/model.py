"""What a benchmark is: contenders that do the same work, and how one sample of one is taken.

To add a benchmark, subclass `Benchmark` in a module of its own and name the class in
`benchmarks.catalogue`. The harness does the rest: repetitions in random order, ratios, tables.
"""

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

__all__ = ["OWN", "Benchmark", "Contender", "Goal", "NotRun", "Sample"]

#: The name of pushlab's own contender; ratios are pushlab's figure over a peer's.
OWN = "pushlab"


class NotRun(Exception):
    """A contender cannot run here; the text is the reason, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One of those that do the work.

    Attributes:
        name: short and lower-case, such as ``aiohttp``; pushlab's own is `OWN`.
        title: for tables.
        packages: the distributions whose versions a result must name.
        bound: whether it is there to show what is possible, and is no goal (wrk).
        missing: why it cannot run here, or None.
    """

    name: str
    title: str
    packages: tuple[str, ...] = ()
    bound: bool = False
    missing: Callable[[], str | None] = lambda: None


@dataclass(frozen=True, slots=True)
class Sample:
    """What one contender did in one repetition.

    Attributes:
        value: the figure, in the benchmark's unit.
        facts: whatever else was seen: work, cpu_s, wall_s, the CPU of the other side.
    """

    value: float
    facts: Mapping[str, float | int | str] = field(default_factory=dict)

    @classmethod
    def rate(cls, work: float, cpu_s: float, wall_s: float, **facts: float | int | str) -> "Sample":
        """Work per CPU second over a window of `wall_s` seconds."""
        if work <= 0 or cpu_s <= 0:
            raise RuntimeError(f"nothing was measured: {work:g} done in {cpu_s:g} CPU seconds")
        told = {"work": work, "cpu_s": cpu_s, "wall_s": wall_s, "busy": cpu_s / wall_s}
        return cls(work / cpu_s, {**told, **facts})


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What pushlab's figure shall reach.

    Attributes:
        beside: the peer whose figure it is compared with; None compares with a number.
        least, most: the ratio to the peer (or the figure itself) shall be at least, at most this.
    """

    beside: str | None
    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        if (self.least is None) == (self.most is None):
            raise ValueError("a goal has either `least` or `most`")

    @property
    def wanted(self) -> float:
        """The number to reach."""
        wanted = self.least if self.least is not None else self.most
        assert wanted is not None
        return wanted

    def reached(self, value: float) -> float:
        """How far `value` comes: 1.0 is the goal itself, more is better."""
        return value / self.wanted if self.least is not None else self.wanted / value


class Benchmark(abc.ABC):
    """One kind of work, and everyone who does it.

    Attributes:
        name: for ``--only``, such as ``polls``.
        title: what the figure is, in words.
        unit: of the figure.
        better: whether a higher or a lower figure is better.
        setting: the load and the server, in one line; it stands under the table.
        contenders: who does the work; one of them is `OWN`.
        goals: what is wanted.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[str]
    better: ClassVar[Literal["higher", "lower"]] = "higher"
    setting: ClassVar[str] = ""
    contenders: ClassVar[Sequence[Contender]]
    goals: ClassVar[Sequence[Goal]] = ()

    @abc.abstractmethod
    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """Take one sample with fresh processes, and leave none behind.

        Args:
            seconds: how long the steady window should be.

        Raises:
            NotRun: this contender cannot run here after all.
            Exception: anything else is a failed sample, kept with its reason.
        """
