"""One progress bar for one measurement; when it has ended, one sentence stands in its place."""

from html import escape
from typing import Any

from pushlab.lab.trial.events import (
    LabEvent,
    Phase,
    Progress,
    RunStarted,
    TrialFinished,
    TrialStarted,
)

__all__ = ["Bar"]

_SHARES = {
    Phase.STARTING: (0.0, 0.1),
    Phase.CONNECTING: (0.1, 0.15),
    Phase.PROBING: (0.15, 0.25),
    Phase.WARMUP: (0.25, 0.35),
    Phase.MEASURING: (0.35, 0.9),
    Phase.DRAINING: (0.9, 0.93),
    Phase.PARTS: (0.93, 0.97),
    Phase.STOPPING: (0.97, 1.0),
}
_STEPS = 200


class Bar:
    """An observer of the laboratory that shows no more than how far it is."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._handle: Any = None
        self._trials = 1
        self._done = 0
        self._cell = ""
        self._shown = -1

    def __enter__(self) -> "Bar":
        self._show(0.0)
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            self.end("The measurement was stopped.")

    def __call__(self, event: LabEvent) -> None:
        """Take one event of a run."""
        if isinstance(event, RunStarted):
            self._trials = event.trials
        elif isinstance(event, TrialStarted):
            self._cell = event.cell
        elif isinstance(event, TrialFinished):
            self._done += 1
        elif isinstance(event, Progress):
            begin, end = _SHARES[event.phase]
            share = min(1.0, event.done_s / event.total_s) if event.total_s else 0.0
            if event.phase in (Phase.CONNECTING, Phase.PROBING, Phase.DRAINING):
                share = 0.0  # these have limits, not lengths
            self._show((self._done + begin + share * (end - begin)) / self._trials)

    def _show(self, part: float) -> None:
        step = int(part * _STEPS)
        if step == self._shown:
            return
        self._shown = step
        words = f"Measuring {self._what} ... {self._cell}".rstrip(" .") + " ..."
        html = (
            f'<div style="max-width:46em"><progress value="{part:.3f}" max="1"'
            f' style="width:16em;vertical-align:middle"></progress> {escape(words)}</div>'
        )
        self._put(html, f"{words} {part:.0%}")

    def end(self, sentence: str) -> None:
        """Put a sentence in the bar's place."""
        self._put(f'<div style="max-width:46em;opacity:.8">{escape(sentence)}</div>', sentence)

    def _put(self, html: str, text: str) -> None:
        display = _display()
        if display is None:
            return
        bundle = {"text/html": html, "text/plain": text}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def _display() -> Any:
    """IPython's `display`, where there is a notebook to show something in."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    return display if get_ipython() is not None else None
