"""A sweep as lines: for each transport setting, its summary at every point of the grid.

Figures are those of the points' summaries, brought to a form that compares across points: rates
per second, shares of a core.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.analysis.summary.summarise import summarise
from pushlab.runs import Sweep, write_summary

__all__ = [
    "FIGURES",
    "Figure",
    "SweepSeries",
    "cpu_share",
    "hits_per_s",
    "lines_of",
    "predicted_hits_per_s",
    "summarise_points",
]

Summary = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SweepSeries:
    """One transport setting along the grid.

    Attributes:
        name: its label; where the label changes with the point, what stays the same of it.
        transport: the transport's name; None if no trial of it has begun.
        at: its summary at each point; None where the point has none.
    """

    name: str
    transport: str | None
    floor: bool
    at: Sequence[Summary | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is drawn along a grid.

    Attributes:
        of: from a cell's summary; None where it was not measured.
        predicted: the same by closed form.
        interval: its interval over trials, where there is one.
        stability: its name in a summary's ``unstable``.
    """

    of: Callable[[Summary], float | None]
    predicted: Callable[[Summary], float | None] = lambda summary: None
    interval: Callable[[Summary], Sequence[float] | None] = lambda summary: None
    stability: str = ""


def hits_per_s(summary: Summary) -> float | None:
    """Requests per second in the measured windows."""
    return summary["hits_total"] / summary["duration_s"] if summary["duration_s"] else None


def predicted_hits_per_s(summary: Summary) -> float | None:
    """Requests per second by closed form."""
    hits = (summary["predicted"] or {}).get("hits")
    return None if hits is None or not summary["duration_s"] else hits / summary["duration_s"]


def cpu_share(summary: Summary) -> float | None:
    """CPU time of the hub and its broker over the time measured: 1 is one core."""
    if summary["server_cpu_s"] is None or not summary["duration_s"]:
        return None
    used: float = summary["server_cpu_s"] + (summary["broker_cpu_s"] or 0.0)
    return used / float(summary["duration_s"])


def _predicted_latency_s(summary: Summary) -> float | None:
    return (summary["predicted"] or {}).get("mean_latency_s")


#: What is drawn along a grid, by the name of the chart.
FIGURES: Mapping[str, Figure] = {
    "latency": Figure(
        lambda summary: summary["latency_s"]["mean"],
        _predicted_latency_s,
        lambda summary: summary["latency_s"]["mean_ci"],
        "latency_s",
    ),
    "latency-p99": Figure(
        lambda summary: summary["latency_s"]["p99"],
        interval=lambda summary: summary["latency_s"]["p99_ci"],
        stability="latency_s",
    ),
    "hits": Figure(hits_per_s, predicted_hits_per_s, stability="hits_per_delivery"),
    "cpu": Figure(cpu_share, stability="cpu_s_per_delivery"),
}


def summarise_points(sweep: Sweep) -> None:
    """Give every point that has none its summary, in its own ``run.json``.

    Raises:
        RunError: a point is damaged.
    """
    for number in range(len(sweep.points)):
        run = sweep.run_of(number)
        if run is not None and run.summary is None:
            write_summary(run.path, summarise(run))


def lines_of(sweep: Sweep) -> list[SweepSeries]:
    """The lines of a sweep whose points have summaries, in the order of its transport settings.

    Raises:
        RunError: a point is damaged.
    """
    if not sweep.points:
        return []
    runs = [sweep.run_of(number) for number in range(len(sweep.points))]
    lines = []
    for cell in range(len(sweep.points[0].cells)):
        labels = [point.cells[cell] for point in sweep.points]
        at: list[Summary | None] = []
        for label, run in zip(labels, runs, strict=True):
            summary = None if run is None else run.summary
            at.append(None if summary is None else summary["transports"].get(label))
        known: Summary = next((one for one in at if one is not None and one["transport"]), {})
        name = labels[0] if len(set(labels)) == 1 else _common(labels)
        lines.append(SweepSeries(name, known.get("transport"), bool(known.get("floor")), at))
    return lines


def _common(labels: Sequence[str]) -> str:
    """The words that all labels have, in the order of the first."""
    others = [label.split(" ") for label in labels[1:]]
    words = labels[0].split(" ")
    return " ".join(word for word in words if all(word in other for other in others)) or labels[0]
