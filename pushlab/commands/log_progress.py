"""How far a log is read: a bar on a terminal, nothing elsewhere. On stderr."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pushlab.analysis.log.reader import Watch
from pushlab.quantities import size
from pushlab.tables.terminal import is_live

__all__ = ["watching"]

_EVERY_S = 0.1


@contextmanager
def watching() -> Iterator[Watch]:
    """Shows a bar meanwhile; what it gives is told how far the reading is."""
    console = Console(stderr=True, highlight=False, emoji=False)
    bar = Progress(
        TextColumn("reading"),
        BarColumn(bar_width=min(30, max(8, console.width // 5))),
        TextColumn("{task.fields[note]}", markup=False),
        TimeRemainingColumn(compact=True),
        console=console,
        disable=not is_live(console),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, note="")
        shown_s = 0.0

        def watch(read: int, total: int, lines: int) -> None:
            nonlocal shown_s
            if (now_s := time.monotonic()) - shown_s < _EVERY_S:
                return
            shown_s = now_s
            note = f"{size(read)} of {size(total)}, {lines:,} lines"
            bar.update(task, completed=read, total=total, note=note)

        yield watch
