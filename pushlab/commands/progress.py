"""Watches a run: live bars on a terminal, a line per trial elsewhere. All of it on stderr."""

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from pushlab.commands.terminal import quantity
from pushlab.lab.events import (
    LabEvent,
    Phase,
    RunStarted,
    TrialFinished,
    TrialStarted,
)
from pushlab.lab.events import Progress as TrialProgress
from pushlab.runs import TrialRecord

__all__ = ["Watcher"]


class Watcher:
    """An observer for `pushlab.lab.runner.run_scenario`; use it as a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live = self._console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._live,
        )
        self._run: TaskID | None = None
        self._trial: TaskID | None = None
        self._trials = 0

    def __enter__(self) -> "Watcher":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
        sys.stderr.flush()

    def __call__(self, event: LabEvent) -> None:
        """Take one event of a run."""
        if isinstance(event, RunStarted):
            self._trials = event.trials
            self._run = self._bars.add_task("trials", total=event.trials, note="")
            self._trial = self._bars.add_task("", total=1, note="")
        elif isinstance(event, TrialStarted):
            self._begin(event)
        elif isinstance(event, TrialProgress):
            self._show(event)
        elif isinstance(event, TrialFinished):
            self._end(event.record)

    def _begin(self, event: TrialStarted) -> None:
        assert self._run is not None
        assert self._trial is not None
        self._bars.update(self._run, note=f"{event.order + 1} of {self._trials}")
        self._bars.reset(self._trial, description=event.cell, total=None, note=str(Phase.STARTING))

    def _show(self, event: TrialProgress) -> None:
        assert self._trial is not None
        note = str(event.phase)
        if event.deliveries:
            note += f", {quantity(event.deliveries)} deliveries"
        elif event.connected:
            note += f", {quantity(event.connected)} connected"
        self._bars.update(self._trial, completed=event.done_s, total=event.total_s, note=note)

    def _end(self, record: TrialRecord) -> None:
        assert self._run is not None
        self._bars.advance(self._run)
        if record.status == "ok" and self._live:
            return
        text = f"trial {record.order + 1}/{self._trials}  {record.cell}: {record.status}"
        if record.reason:
            text += f" ({record.reason})"
        self._console.print(text, style=None if record.status == "ok" else "red", soft_wrap=True)
