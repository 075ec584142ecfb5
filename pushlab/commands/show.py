"""`pushlab show`: the table of a run or a sweep; of a run that has been analysed, without numpy."""

from pathlib import Path

from pushlab.analysis.summary.stored import stored_summary, summary_of
from pushlab.commands.terminal import json_text, print_run
from pushlab.runs.head import RunHead
from pushlab.runs.layout import is_sweep
from pushlab.runs.reader import Run

__all__ = ["show"]


def show(folder: Path, *, as_json: bool = False) -> int:
    """Print the table, or the summary as JSON; the exit status, 0.

    Raises:
        RunError: the folder cannot be read.
    """
    if is_sweep(folder):
        return _show_sweep(folder, as_json=as_json)
    head = RunHead.load(folder)
    summary = stored_summary(head) or summary_of(Run.load(folder))
    if as_json:
        print(json_text(summary.to_json()))
    else:
        print_run(head, summary)
    return 0


def _show_sweep(folder: Path, *, as_json: bool) -> int:
    from pushlab.commands.capacity import print_capacity
    from pushlab.commands.grid_table import grid_json, print_sweep
    from pushlab.runs import Sweep

    sweep = Sweep.load(folder)
    if as_json:
        print(json_text(grid_json(sweep)))
    elif sweep.kind == "capacity":
        print_capacity(sweep)
    else:
        print_sweep(sweep)
    return 0
