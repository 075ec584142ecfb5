"""What a measurement says: a few plain numbers for each transport, and a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pushlab.analysis.models.formulas import messages_per_useful_poll, wasted_fraction
from pushlab.analysis.stats.values import Values
from pushlab.charts.view import RunView
from pushlab.course.trouble import CourseError
from pushlab.runs import TrafficRows, TrialRecord

__all__ = ["Figures", "Measurement", "rate_in_words"]

_EMPTY, _USEFUL = "poll-empty", "poll-useful"


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of one transport with one setting.

    Attributes:
        waiting_s: how long a message was on its way, on average; `worst_s`: the longest.
        requests_per_s: what the server had to handle, for all clients together.
        requests_per_message: the same for each message that arrived.
        wasted: the share of polls that brought nothing; None where nobody polls.
        bytes_per_message: both ways, for each message that arrived.
        cpu_ms_per_message: of the server, and of its broker where it has one.
        deliveries: messages that arrived, each counted at each client that it reached.
        lost: messages that never arrived.
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


class Measurement:
    """A measurement, or the reference run in its place.

    ``measured["short-polling"]`` has the numbers of one transport; where only one was measured,
    they are attributes of the measurement too: ``measured.waiting_s``.
    """

    def __init__(
        self, view: RunView, cells: Sequence[str], traffic: Mapping[str, TrafficRows], *, here: bool
    ) -> None:
        self.view = view
        self.cells = list(cells)
        self.traffic = traffic
        self.here = here

    # ---- numbers ----------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Figures:
        return self.figures(self.cell(name))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in Figures.__dataclass_fields__:
            raise AttributeError(name)
        if len(self.cells) > 1:
            first = self.cells[0]
            raise CourseError(
                f"{len(self.cells)} rows were measured: say which, as in"
                f" measured[{first!r}].{name} (rows: {', '.join(self.cells)})"
            )
        return getattr(self.figures(self.cells[0]), name)

    def cell(self, name: str) -> str:
        """The row that `name` means: its label, or a transport's name that begins one."""
        found = [cell for cell in self.cells if cell == name]
        found = found or [cell for cell in self.cells if self.record(cell).transport == name]
        if not found:
            raise CourseError(f"{name!r} was not measured (rows: {', '.join(self.cells)})")
        return found[0]

    def record(self, cell: str) -> TrialRecord:
        """What was asked of a row."""
        return self.view.analysis.good[cell][0].record

    def figures(self, cell: str) -> Figures:
        """The numbers of a row."""
        told = self.view.summaries[cell]
        return Figures(
            name=self.view.cell_styles[cell].name,
            waiting_s=told["latency_s.mean"] or 0.0,
            worst_s=told["latency_s.max"] or 0.0,
            requests_per_s=told["hits_per_s"] or 0.0,
            requests_per_message=told["hits_per_delivery"] or 0.0,
            wasted=_wasted(told.hits),
            bytes_per_message=told["bytes_per_delivery"] or 0.0,
            cpu_ms_per_message=(told["cpu_s_per_delivery"] or 0.0) * 1000,
            deliveries=told.count("delivered"),
            lost=told.count("lost"),
        )

    def samples_s(self, cell: str) -> npt.NDArray[np.float64]:
        """How long each message was on its way; all of a cell's, as one array."""
        good = self.view.analysis.good[cell]
        return Values.chained([trial.latency_s for trial in good]).whole()

    def formula(self, cell: str, figure: str) -> float | None:
        """What a formula says of a figure, without having measured it; None where there is none."""
        told, record = self.view.summaries[cell], self.record(cell)
        if figure == "waiting_s":
            return told["predicted.mean_latency_s"]
        if figure == "requests_per_s":
            return told["predicted_hits_per_s"]
        interval_s = float(record.options.get("interval_s", 0.0))
        rate = record.rate_per_channel
        if figure == "requests_per_message":
            if interval_s:  # one poll for the messages that are there, and the polls in vain
                useful = 1 - wasted_fraction(rate_per_s=rate, interval_s=interval_s)
                each = messages_per_useful_poll(rate_per_s=rate, interval_s=interval_s)
                return 1 / (useful * each)
            # Both are of the very schedule that was drawn.
            return told.over("predicted.hits", "expected")
        if figure == "wasted" and interval_s and record.arrivals == "poisson":
            return wasted_fraction(rate_per_s=rate, interval_s=interval_s)
        return None

    # ---- words ------------------------------------------------------------------------------

    def sentence(self) -> str:
        """What was measured, in one sentence."""
        record = self.record(self.cells[0])
        count = sum(self.figures(cell).deliveries for cell in self.cells)
        if self.here:
            rows = f"{len(self.cells)} settings, " if len(self.cells) > 1 else ""
            each = " each" if rows else ""
            return (
                f"Measured just now on this machine: {rows}{record.clients:,} clients,"
                f" {record.duration_s:g} s{each}, {count:,} messages delivered."
            )
        return (
            "These numbers are from the reference run that comes with pushlab:"
            f" {record.clients:,} clients, {rate_in_words(record)}. They need not fit"
            " the settings in this cell."
        )

    def __str__(self) -> str:
        lines = [self.sentence()]
        for cell in self.cells:
            figures = self.figures(cell)
            lines.append(f"  {figures.name}: {figures.deliveries:,} messages delivered")
        return "\n".join(lines)


def rate_in_words(record: TrialRecord) -> str:
    """How often messages come: ``a message every 2 s in each room of 10``."""
    rate = record.rate_per_channel
    often = f"a message every {1 / rate:g} s" if rate < 1 else f"{rate:g} messages a second"
    if rate == 1:
        often = "a message every second"
    return often if record.channels == 1 else f"{often} in each room of {record.per_channel}"


def _wasted(hits: Mapping[str, int]) -> float | None:
    polls = hits.get(_EMPTY, 0) + hits.get(_USEFUL, 0)
    return hits.get(_EMPTY, 0) / polls if polls else None
