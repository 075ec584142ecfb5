"""A sweep as lines: for each transport setting, its summary at every point of the grid."""

from collections.abc import Sequence
from dataclasses import dataclass

from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.stored import store, stored_summary, summary_of
from pushlab.analysis.summary.summarise import analyse
from pushlab.contract.profile import Profile
from pushlab.runs import HUB, Sweep

__all__ = ["SweepSeries", "lines_of", "summarise_points"]


@dataclass(frozen=True, slots=True)
class SweepSeries:
    """One transport setting along the grid.

    Attributes:
        name: its label; where the label changes with the point, what stays the same of it.
        profile: what its transport is.
        server: name and title of the server under test.
        at: its summary at each point; None where the point has none.
    """

    name: str
    profile: Profile
    floor: bool
    server: tuple[str, str]
    at: Sequence[CellSummary | None]


def summarise_points(sweep: Sweep) -> None:
    """Give every point whose stored summary does not fit its summary, in its own ``run.json``.

    Raises:
        RunError: a point is damaged.
    """
    for number in range(len(sweep.points)):
        run = sweep.run_of(number)
        if run is not None and stored_summary(run) is None:
            store(analyse(run))


def lines_of(sweep: Sweep) -> list[SweepSeries]:
    """The lines of a sweep whose points have summaries, in the order of its transport settings.

    Raises:
        RunError: a point is damaged.
    """
    if not sweep.points:
        return []
    runs = [sweep.run_of(number) for number in range(len(sweep.points))]
    cells = [{} if run is None else summary_of(run).cells for run in runs]
    lines = []
    for cell in range(len(sweep.points[0].cells)):
        labels = [point.cells[cell] for point in sweep.points]
        at = [found.get(label) for label, found in zip(labels, cells, strict=True)]
        known = next((one for one in at if one is not None and one.transport), None)
        name = labels[0] if len(set(labels)) == 1 else _common(labels)
        profile = next(
            (run.profiles[label] for label, run in zip(labels, runs, strict=True) if run),
            Profile(name=name, title=name),
        )
        server = (known.system, known.server) if known else (HUB, HUB)
        lines.append(SweepSeries(name, profile, bool(known and known.floor), server, at))
    return lines


def _common(labels: Sequence[str]) -> str:
    """The words that all labels have, in the order of the first."""
    others = [label.split(" ") for label in labels[1:]]
    words = labels[0].split(" ")
    return " ".join(word for word in words if all(word in other for other in others)) or labels[0]
