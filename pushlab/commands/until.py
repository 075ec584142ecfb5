"""Goes on with a run's repetitions until its figures are known, or its time is up.

Looked at are the intervals after each repetition, but not before those that the scenario asks for.
Another one begins where it will probably end in time. Nothing is measured while this is decided.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pushlab.analysis.precision.wanted import parse_wanted
from pushlab.analysis.slo.subject import no_cell
from pushlab.errors import UsageError
from pushlab.lab.planned import RunFolder
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.trial.events import LabEvent, TrialStarted
from pushlab.quantities import counted, interval
from pushlab.runs import Run, write_until

if TYPE_CHECKING:
    from pushlab.analysis.summary.figure import CellTrials
    from pushlab.analysis.trials.figures import TrialFigures

__all__ = ["Until"]


class Until:
    """Whether there shall be more, by what the trials so far say; see `trials_in_turn`.

    Args:
        scenario: with `until`.
        tell: gets, before each repetition that is decided here, what is waited for.
        clock: in seconds.

    Raises:
        UsageError: `until` holds no conditions, or asks about what is not measured.
    """

    def __init__(
        self,
        scenario: Scenario,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wanted = parse_wanted(scenario.until)
        self._at_most_s = scenario.at_most_s
        self._tell = tell
        self._clock = clock
        self._began_s: float | None = None
        self._looks = 0
        self._figures: dict[tuple[str, int], TrialFigures] = {}
        labels = [cell.label for cell in scenario.cells]
        for one in self._wanted:
            if not any(one.subject.asks(label) for label in labels):
                raise UsageError(f"until {one.text!r}: {no_cell(one.subject.cell, labels)}")
            if one.of_ratio and len(labels) < 2:
                raise UsageError(f"until {one.text!r}: a ratio needs two transports")

    def watch(self, event: LabEvent) -> None:
        """Note when the first trial begins."""
        if isinstance(event, TrialStarted) and self._began_s is None:
            self._began_s = self._clock()

    def __call__(self, run: RunFolder, done: int) -> bool:
        """Whether a run that has `done` repetitions wants another; written down with the run."""
        from pushlab.analysis.precision.reached import look, sentence

        found = look(self._wanted, self._cells(run.path))
        now_s = self._clock()
        took_s = now_s - (now_s if self._began_s is None else self._began_s)
        left_s = self._at_most_s - took_s
        if found and all(one.reach is not None for one in found):
            self._looks += 1  # at which it could have ended
        known = bool(found) and all(one.known for one in found)
        more = bool(found) and not known and took_s / done <= left_s
        so_far = counted(done, "repetition")
        if not found:
            said = f"nothing is known after {so_far}: no trial went well"
        elif known:
            said = f"known after {so_far}: {sentence(found)}"
        elif more:
            said = f"stopped after {so_far}: {sentence(found)}"  # if nothing comes of the next
            worst = max((one for one in found if not one.known), key=lambda one: one.share)
            self._tell(
                f"repetition {done + 1}: {worst.words}, wanted {worst.wanted.limit};"
                f" at most {interval(round(left_s))} more"
            )
        else:
            said = f"time is up after {interval(round(took_s))}, {so_far}: {sentence(found)}"
        told = {"known": known, "repetitions": done, "looks": self._looks, "said": said}
        write_until(run.path, told)
        return more

    def _cells(self, path: Path) -> dict[str, "CellTrials"]:
        """The trials of each cell; each is read once, since they add up."""
        from pushlab.analysis.summary.figure import CellTrials
        from pushlab.analysis.trials.figures import figures_of

        run = Run.load(path)
        for trial in run.trials:
            key = (trial.cell, trial.index)
            if key not in self._figures:
                self._figures[key] = figures_of(run, trial)
        return {
            cell: CellTrials(
                [self._figures[cell, trial.index] for trial in run.trials_of(cell)],
                looks=self._looks + 1,
            )
            for cell in run.cells
        }
