"""A measurement with its charts: what a cell of a notebook gets."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pushlab.course.cards import Card
from pushlab.course.figure_charts import comparison_card, figure_chart
from pushlab.course.from_run import measurement_of
from pushlab.course.guesses import Guess
from pushlab.course.measured import Measurement
from pushlab.course.pictures import Picture
from pushlab.course.staleness import staleness_chart
from pushlab.course.timeline import timeline_chart

if TYPE_CHECKING:
    from pushlab.runs import Run

__all__ = ["Measured", "measured_from"]


class Measured(Measurement):
    """A measurement, made here or recorded before, that can be looked at."""

    def chart(
        self,
        figure: str,
        guess: Guess | Mapping[str, Guess] | None = None,
        *,
        title: str | None = None,
    ) -> Picture:
        """One figure of every row, with the formula and the student's guess beside it.

        Args:
            figure: ``waiting_s``, ``median_s``, ``p95_s``, ``p99_s``, ``worst_s``,
                ``requests_per_s``, ``requests_per_message``, ``wasted``, ``bytes_per_message`` or
                ``cpu_ms_per_message``.
            guess: what the student wrote down; for several rows, by row or transport.
            title: what the chart shows, if another sentence says it better than ours.
        """
        return figure_chart(self, figure, guess, title=title)

    def compare(self, figure: str, *names: str) -> Card:
        """What the intervals allow to say of these rows: who stands apart, and who does not.

        Args:
            names: rows or transports; none: all.
        """
        return comparison_card(self, figure, names)

    def timeline(self, name: str | None = None, *, seconds: float = 4.0) -> Picture:
        """One client's requests and messages along the time."""
        return timeline_chart(self, self.cell(name or self.cells[0]), seconds)

    def staleness(self, *, seconds: float | None = None) -> Picture:
        """How far a typical client of each row is behind, along the time."""
        return staleness_chart(self, seconds)


def measured_from(run: "Run", *, here: bool, transports: Sequence[str] | None = None) -> Measured:
    """What charts need out of a run's folder; see `measurement_of`. Raises RunError."""
    found = measurement_of(run, here=here, transports=transports)
    return Measured(found.work, found.rows, here=here, month=found.make_month)
