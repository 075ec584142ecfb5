"""What a reader must know before believing the figures, in whole sentences."""

from collections.abc import Mapping, Sequence

from pushlab.analysis.summary.catalogue import FIGURES, ranked
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.generator import GENERATOR_SHARE, tail_delay_s
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.quantities import duration
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
            f"Error: {cell}, trial {t.record.index}: hits do not agree; {t.mismatch}."
            for t in trials.all
            if t.mismatch and t.record.status == "ok"
        ]
        unknown = dict.fromkeys(t.unreconciled for t in trials.good if t.unreconciled)
        found += [f"{cell}: not all hits are reconciled: {why}." for why in unknown]
    for cell, summary in summaries.items():
        found += _accounting(cell, summary)
    found += _marked(summaries)
    found += _delays(cells)
    found += _clocks(summaries)
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


def _marked(summaries: Mapping[str, CellSummary]) -> list[str]:
    which: dict[str, list[str]] = {}
    for cell, summary in summaries.items():
        if summary.marks:
            which.setdefault(", ".join(summary.marks), []).append(cell)
    return [f"{', '.join(cells)}: marked {marks}." for marks, cells in which.items()]


def _accounting(cell: str, summary: CellSummary) -> list[str]:
    return [
        f"{cell}: {summary.count(one.name)} {one.bad}."
        for one in FIGURES.values()
        if one.bad and summary[one.name]
    ]


def _clocks(summaries: Mapping[str, CellSummary]) -> list[str]:
    """One sentence on the cells whose subscribers had clocks of their own."""
    known = [
        f"{cell} ± {duration(bound_s)}"
        for cell, summary in summaries.items()
        if (bound_s := summary["clock_bound_s"]) is not None
    ]
    if not known:
        return []
    return [
        f"Latencies are known to within: {', '.join(known)}. Pages in a browser have clocks of"
        " their own, which were held against the machine's before and after each trial."
    ]


def _delays(cells: Mapping[str, CellTrials]) -> list[str]:
    """One sentence on the cells whose latency is in part the publisher's own lateness."""
    spoilt = []
    for cell, trials in cells.items():
        mean_s = None if trials.floor else trials.samples("latency_s").value("mean")
        delay_s = tail_delay_s(trials)
        if mean_s is None or delay_s is None or delay_s <= GENERATOR_SHARE * mean_s:
            continue
        spoilt.append(f"{cell} ({duration(delay_s)} of {duration(mean_s)})")
    if not spoilt:
        return []
    return [
        "The publisher's own delay, at its tail, is above 10 % of the mean latency of "
        f"{', '.join(spoilt)}; latency from the actual send leaves it out."
    ]
