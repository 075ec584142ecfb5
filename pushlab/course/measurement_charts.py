"""A measurement with its charts: what a cell of a notebook gets."""

from collections.abc import Mapping, Sequence

from pushlab.charts.view import view_of
from pushlab.course.bars import figure_chart
from pushlab.course.guesses import Guess
from pushlab.course.measured import Measurement
from pushlab.course.pictures import Picture
from pushlab.course.timeline import timeline_chart
from pushlab.runs import Run

__all__ = ["Measured", "measured_from"]


class Measured(Measurement):
    """A measurement, or the reference run in its place, that can be looked at."""

    def chart(
        self,
        figure: str,
        guess: Guess | Mapping[str, Guess] | None = None,
        *,
        title: str | None = None,
    ) -> Picture:
        """One figure of every row, with the formula and the student's guess beside it.

        Args:
            figure: ``waiting_s``, ``requests_per_s``, ``requests_per_message``, ``wasted``,
                ``bytes_per_message`` or ``cpu_ms_per_message``.
            guess: what the student wrote down; for several rows, by row or transport.
            title: what the chart shows, if another sentence says it better than ours.
        """
        return figure_chart(self, figure, guess, title=title)

    def timeline(self, name: str | None = None, *, seconds: float = 4.0) -> Picture:
        """One client's requests and messages along the time."""
        return timeline_chart(self, self.cell(name or self.cells[0]), seconds)


def measured_from(
    run: Run, *, measured_here: bool, transports: Sequence[str] | None = None
) -> Measured:
    """Read everything that charts need out of a run's folder.

    Args:
        transports: keep the rows of these alone, as far as the run has them; None keeps all.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    view = view_of(run)
    cells = [cell for cell in view.rivals if view.analysis.good[cell]]
    if transports is not None:
        known = [c for c in cells if view.analysis.good[c][0].record.transport in transports]
        cells = known or cells
    traffic = {}
    for cell in cells:
        rows = run.traffic(view.analysis.good[cell][0].record)
        if rows is not None:
            traffic[cell] = rows
    return Measured(view, cells, traffic, here=measured_here)
