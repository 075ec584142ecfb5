"""What a reader must know before believing the figures, in whole sentences."""

from collections.abc import Mapping, Sequence
from math import inf, isfinite

from pushlab.analysis.summary.catalogue import FIGURES, ranked
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.mark import Mark
from pushlab.analysis.summary.model import CellSummary, void_words
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.quantities import duration, with_unit
from pushlab.runs import Run

__all__ = ["caveats_of"]


def caveats_of(
    run: Run,
    cells: Mapping[str, CellTrials],
    summaries: Mapping[str, CellSummary],
) -> list[str]:
    """The caveats of a run, the gravest first."""
    names = {one.key: one.words.split()[0] for one in ranked()}
    found: list[str] = []
    if run.status != "complete":
        found.append("The run is not complete: it was stopped before its last trial.")
    for cell, trials in cells.items():
        found += _failures(cell, trials.all)
    for cell, trials in cells.items():
        found += [
            f"Error: {cell}, trial {t.record.index}: server and clients do not agree; {t.mismatch}."
            for t in trials.all
            if t.mismatch and t.record.status == "ok"
        ]
        # Where the clients alone count, a table says so of the server.
        checked = [
            t for t in trials.good if t.record.server and t.record.server.counted_by != "clients"
        ]
        unknown = dict.fromkeys(t.unreconciled for t in checked if t.unreconciled)
        found += [f"{cell}: not all hits are reconciled: {why}." for why in unknown]
    for cell, summary in summaries.items():
        found += _accounting(cell, summary)
    found += _void(summaries)
    for cell, summary in summaries.items():
        found += _marked(cell, summary)
    found += [f"{cell}: {', '.join(s.remarks)}." for cell, s in summaries.items() if s.remarks]
    found += _clocks(summaries)
    for cell, trials in cells.items():
        found += _steps(cell, trials.ended)
    unstable = [
        f"{cell} ({', '.join(names[key] for key in summary.unstable)})"
        for cell, summary in summaries.items()
        if summary.unstable
    ]
    if unstable:
        found.append(f"Unstable between trials: {', '.join(unstable)}.")
    return found


def _failures(cell: str, trials: Sequence[TrialFigures]) -> list[str]:
    if not trials:
        return [f"{cell}: did not come to its turn."]
    which: dict[str, list[int]] = {}
    for trial in (t.record for t in trials if t.record.status != "ok"):
        text = f"{trial.status} ({trial.reason or 'no reason is known'})"
        which.setdefault(text, []).append(trial.index)
    return [
        f"{cell}, trial{'s' if len(indices) > 1 else ''} {', '.join(map(str, indices))}: {text}."
        for text, indices in which.items()
    ]


def _void(summaries: Mapping[str, CellSummary]) -> list[str]:
    """One sentence where no latency of the run is worth anything."""
    floors = (s["latency_s.mean"] for s in summaries.values() if s.floor)
    void = void_words(summaries, next(floors, None))
    return [f"Void: {void}. No latency of this run says anything."] if void else []


def _marked(cell: str, summary: CellSummary) -> list[str]:
    """Which of a cell's main figures are marked, and by what, each cause where it is worst."""
    worst: dict[tuple[str, str], tuple[float, str]] = {}
    names = []
    for name in summary.marked:
        figure, value = FIGURES[name], summary[name] or 0.0
        names.append(figure.short)
        for mark, size in summary.marks_against(name):
            share = size / abs(value) if value else inf
            words = mark.cause
            if isfinite(size):
                words += f", up to {with_unit(size, figure.unit)} of its {figure.short}"
            if share > worst.get(_key(mark), (-1.0, ""))[0]:
                worst[_key(mark)] = (share, words)
    if not names:
        return []
    by_kind: dict[str, list[str]] = {}
    for (kind, _), (_, words) in worst.items():
        by_kind.setdefault(kind, []).append(words)
    told = "; ".join(f"{kind} ({'; '.join(words)})" for kind, words in by_kind.items())
    return [f"{cell}: {', '.join(names)} marked {told}."]


def _key(mark: Mark) -> tuple[str, str]:
    return mark.kind, mark.cause


def _accounting(cell: str, summary: CellSummary) -> list[str]:
    return [
        f"{cell}: {summary.count(one.name)} {one.bad}."
        for one in FIGURES.values()
        if one.bad and summary[one.name]
    ]


def _clocks(summaries: Mapping[str, CellSummary]) -> list[str]:
    """One sentence on the cells whose stamps are of several clocks."""
    known = [
        f"{cell} ± {duration(bound_s)}"
        for cell, summary in summaries.items()
        if (bound_s := summary["clock_bound_s"]) is not None
    ]
    if not known:
        return []
    pages = any(summary.client == "browser" for summary in summaries.values())
    why = (
        "Pages in a browser have clocks of their own, which were held against the machine's before"
        " and after each trial"
        if pages
        else "The processes that stamp have clocks of their own, which were held against the"
        " publisher's before, during and after each trial"
    )
    return [f"Latencies are known to within: {', '.join(known)}. {why}."]


def _steps(cell: str, trials: Sequence[TrialFigures]) -> list[str]:
    """One sentence on each clock that jumped while a trial ran."""
    return [
        f"{cell}, trial {t.record.index}: the clock of the {one.process} jumped beside the"
        f" publisher's, by {', '.join(duration(abs(step) / 1e9) for step in one.steps_ns)}; no"
        " latency about that moment is known better."
        for t in trials
        for one in t.record.remote_clocks
        if one.steps_ns
    ]
