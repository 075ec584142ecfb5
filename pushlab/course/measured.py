"""What was measured, as plain data: rows of numbers with their intervals, and a sentence.

Pure Python: a recording is this as JSON, and charts draw from this alone, in a browser tab too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from pushlab.course.trouble import CourseError

__all__ = ["Figures", "Measurement", "Month", "Row", "Watched", "Work", "rate_in_words"]

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of one transport with one setting, over all its trials.

    Attributes:
        waiting_s: how long a message was on its way, on average; `worst_s`: the longest.
        requests_per_s: what the server had to handle, for all clients together.
        requests_per_message: the same for each message that arrived.
        wasted: the share of polls that brought nothing; None where nobody polls.
        bytes_per_message: both ways, for each message that arrived.
        cpu_ms_per_message: of the server, and of its broker where it has one.
        deliveries: messages that arrived, each counted at each client that it reached.
        lost: messages that never arrived.
        median_s, p95_s, p99_s: half, 95 and 99 of 100 arrived sooner; None where fewer than ten
            of what was published took longer.
    """

    name: str
    waiting_s: float
    worst_s: float
    requests_per_s: float
    requests_per_message: float
    wasted: float | None
    bytes_per_message: float
    cpu_ms_per_message: float
    deliveries: int
    lost: int
    median_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """One client along the time, in seconds since the measuring began: a typical one.

    Attributes:
        client: its number, from 1; of `of` that were watched, and of these one of those that got
            the most messages: the one in the middle, by how long its messages waited on average.
        messages: of each, when it was written and when it arrived.
        asks: of each question, when it was asked, when answered, and whether it brought something;
            none where nobody asks.
        span_s: for how long.
    """

    client: int
    of: int
    messages: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float, bool], ...]
    span_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """One transport with one setting.

    Attributes:
        cell: its label, by which it is found.
        name: how a chart calls it; `short`: how a title does, inside a sentence.
        transport, colour, options, pushes: what it is.
        figures: what was measured; `intervals`: 95 % intervals over trials, of those that have
            one, by the figure's name; `formulas`: what a closed form says, by the figure's name.
        samples_s: how long messages were on their way, one number for each that arrived (thinned
            evenly where there are very many), sorted.
        watched: a typical client along the time; None where nobody was watched.
        by_trial: a few figures of each trial, in the order of the trials, which all rows share.
    """

    cell: str
    name: str
    short: str
    transport: str
    colour: str
    options: Mapping[str, Any]
    pushes: bool
    figures: Figures
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    formulas: Mapping[str, float] = field(default_factory=dict)
    samples_s: tuple[float, ...] = ()
    watched: Watched | None = None
    by_trial: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """What all rows had to do, and where.

    Attributes:
        rooms, per_room: how many rooms there were, and how many clients in each.
        rate_per_s: messages per second in each room; `arrivals`: evenly, at random or in bursts.
        duration_s: of each trial; `trials`: how many of each row.
        one_way_ms: how far away the server was.
        machine, cores: on which it was measured.
        recorded: the day on which it was, such as ``2026-11-30``; None: just now.
    """

    clients: int
    rooms: int
    per_room: int
    rate_per_s: float
    duration_s: float
    trials: int
    arrivals: str = "poisson"
    one_way_ms: float = 0.0
    machine: str = ""
    cores: int | None = None
    recorded: str | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """What a month of the traffic costs, all in one architecture.

    Attributes:
        title: what that shows; `place`: the architecture, in words.
        usd: of each row that has a price, what is likely and what it is at most.
    """

    title: str
    place: str
    usd: Mapping[str, tuple[float, float]]


class Measurement:
    """A measurement, made here or recorded before.

    ``measured["short-polling"]`` has the numbers of one transport; where only one was measured,
    they are attributes of the measurement too: ``measured.waiting_s``.

    Args:
        month: makes the `month` when it is asked for.
    """

    def __init__(
        self,
        work: Work,
        rows: Sequence[Row],
        *,
        here: bool,
        month: Callable[[], Month | None] = lambda: None,
    ) -> None:
        self.work = work
        self.rows = tuple(rows)
        self.here = here
        self.make_month = month

    # ---- numbers ----------------------------------------------------------------------------

    @property
    def cells(self) -> list[str]:
        """The labels of the rows."""
        return [row.cell for row in self.rows]

    @property
    def month(self) -> Month | None:
        """What a month of it costs; None where there is no price."""
        return self.make_month()

    def __getitem__(self, name: str) -> Figures:
        return self.row(name).figures

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in {one.name for one in fields(Figures)}:
            raise AttributeError(name)
        if len(self.rows) > 1:
            first = self.cells[0]
            raise CourseError(
                f"{len(self.rows)} rows were measured: say which, as in"
                f" measured[{first!r}].{name} (rows: {', '.join(self.cells)})"
            )
        return getattr(self.rows[0].figures, name)

    def row(self, name: str) -> Row:
        """The row that `name` means: its label, or a transport's name. Raises CourseError."""
        found = [row for row in self.rows if row.cell == name]
        found = found or [row for row in self.rows if row.transport == name]
        if not found:
            raise CourseError(f"{name!r} was not measured (rows: {', '.join(self.cells)})")
        return found[0]

    def cell(self, name: str) -> str:
        """The label of the row that `name` means. Raises CourseError."""
        return self.row(name).cell

    def figures(self, cell: str) -> Figures:
        """The numbers of a row."""
        return self.row(cell).figures

    def samples_s(self, cell: str) -> tuple[float, ...]:
        """How long each message was on its way."""
        return self.row(cell).samples_s

    def formula(self, cell: str, figure: str) -> float | None:
        """What a formula says of a figure, without having measured it; None where there is none."""
        return self.row(cell).formulas.get(figure)

    # ---- words ------------------------------------------------------------------------------

    def sentence(self) -> str:
        """What was measured, in one sentence."""
        work, count = self.work, sum(row.figures.deliveries for row in self.rows)
        rows = f"{len(self.rows)} settings, " if len(self.rows) > 1 else ""
        trials = f"{work.trials} times {work.duration_s:g} s" if work.trials > 1 else ""
        each = (trials or f"{work.duration_s:g} s") + (" each" if rows else "")
        told = f"{rows}{work.clients:,} clients, {each}, {count:,} messages delivered."
        if self.here:
            return f"Measured just now on this machine: {told}"
        return f"A recording with exactly these settings, of {work.recorded}: {told}"

    def __str__(self) -> str:
        lines = [self.sentence()]
        for row in self.rows:
            lines.append(f"  {row.name}: {row.figures.deliveries:,} messages delivered")
        return "\n".join(lines)


def rate_in_words(work: Work) -> str:
    """How often messages come: ``a message every 2 s in each room of 10``."""
    rate = work.rate_per_s
    often = f"a message every {1 / rate:g} s" if rate < 1 else f"{rate:g} messages a second"
    if rate == 1:
        often = "a message every second"
    return often if work.rooms == 1 else f"{often} in each room of {work.per_room}"
