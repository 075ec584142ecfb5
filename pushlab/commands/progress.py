"""Watches a run: live bars on a terminal, and a line per trial everywhere. All of it on stderr."""

import sys
from contextlib import suppress
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from pushlab.lab.trial.events import (
    LabEvent,
    MachineKnown,
    Phase,
    RunStarted,
    SystemVerified,
    TrialFinished,
    TrialStarted,
)
from pushlab.lab.trial.events import Progress as TrialProgress
from pushlab.quantities import duration, exact
from pushlab.runs import TrialRecord
from pushlab.tables.terminal import is_live

__all__ = ["Watcher", "shortened"]


class Watcher:
    """An observer for `pushlab.lab.runner.run_scenario`; use it as a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, emoji=False)
        self._live = is_live(self._console)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=min(30, max(8, self._console.width // 6))),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._live,
        )
        self._seen: TrialProgress | None = None
        self._warmed = False
        self._run = self._trial = TaskID(0)
        self._trials = self._cells = 0

    def __enter__(self) -> "Watcher":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._bars.stop()
            sys.stderr.flush()

    def __call__(self, event: LabEvent) -> None:
        """Take one event of a run; a terminal that is gone stops no trial."""
        with suppress(OSError):
            self._take(event)

    def wait_for(self, what: str) -> None:
        """Another repetition comes, for the sake of `what`."""
        self._trials += self._cells
        with suppress(OSError):
            self._bars.update(self._run, total=self._trials)
            self._console.print(what, markup=False, soft_wrap=True)

    def _take(self, event: LabEvent) -> None:
        if isinstance(event, MachineKnown):
            style = "yellow" if event.cannot else ""
            self._console.print(Text(event.line, style=style), soft_wrap=not self._live)
        elif isinstance(event, SystemVerified):
            style = "yellow" if event.breaks else ""
            self._console.print(Text(event.line, style=style), soft_wrap=not self._live)
        elif isinstance(event, RunStarted):
            self._trials, self._cells = event.trials, len(event.cells)
            self._run = self._bars.add_task("trials", total=event.trials, note="")
            self._trial = self._bars.add_task("", total=1, note="")
        elif isinstance(event, TrialStarted):
            self._begin(event)
        elif isinstance(event, TrialProgress):
            self._show(event)
        elif isinstance(event, TrialFinished):
            self._end(event.record)

    def _begin(self, event: TrialStarted) -> None:
        self._seen = None
        self._warmed = False
        room = max(12, self._console.width // 5)
        self._bars.update(self._run, note=f"{event.order + 1} of {self._trials}")
        self._bars.reset(
            self._trial,
            description=shortened(event.cell, room),
            total=None,
            note=str(Phase.STARTING),
        )

    def _show(self, event: TrialProgress) -> None:
        if event.deliveries:
            self._seen = event
        if event.phase is Phase.WARMUP and event.total_s:
            self._warmed = True
        note = ", ".join([str(event.phase), *_so_far(event)])
        self._bars.update(self._trial, completed=event.done_s, total=event.total_s, note=note)

    def _end(self, record: TrialRecord) -> None:
        self._bars.advance(self._run)
        text = f"trial {record.order + 1}/{self._trials}  {record.cell}: {record.status}"
        if record.reason:
            text += f" ({record.reason})"
        elif self._seen is not None:
            count, *rest = _so_far(self._seen)
            if self._warmed:  # the table counts the measured window alone
                count += " with warm-up"
            text += f" ({', '.join([count, *rest])})"
        style = {"ok": "", "interrupted": "yellow"}.get(record.status, "red")
        self._console.print(Text(text, style=style), soft_wrap=True)


def _so_far(event: TrialProgress) -> list[str]:
    """The figures of a trial until now, few enough for a line."""
    if not event.deliveries:
        return [f"{exact(event.connected)} connected"] if event.connected else []
    found = [f"{exact(event.deliveries)} deliveries"]
    if event.median_latency_s is not None:
        found.append(f"median {duration(event.median_latency_s)}")
    return found


def shortened(text: str, most: int) -> str:
    """`text` in at most so many letters; the middle goes, since labels often differ at the end."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 1].rstrip()}…{text[len(text) - end :]}"
