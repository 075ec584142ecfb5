"""What a reader must know before believing the figures, in whole sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pushlab.analysis.summary.generator import GENERATOR_SHARE, tail_delay_s
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.runs import Run

__all__ = ["caveats_of"]

_FIGURES = {
    "latency_s": "latency",
    "hits_per_delivery": "hits",
    "bytes_per_delivery": "bytes",
    "cpu_s_per_delivery": "CPU",
}


def caveats_of(
    run: Run,
    cells: Mapping[str, Sequence[TrialFigures]],
    transports: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """The caveats of a run, the gravest first."""
    found: list[str] = []
    if run.status != "complete":
        found.append("The run is not complete: it was stopped before its last trial.")
    for cell, trials in cells.items():
        found += _failures(cell, trials)
    for cell, trials in cells.items():
        found += [
            f"Error: {cell}, trial {t.record.index}: hits do not agree; {t.mismatch}."
            for t in trials
            if t.mismatch and t.record.status == "ok"
        ]
    for cell, summary in transports.items():
        found += _accounting(cell, summary)
    found += _marked(transports)
    found += _delays(cells)
    found += _clocks(transports)
    unstable = [
        f"{cell} ({', '.join(_FIGURES.get(name, name) for name in summary['unstable'])})"
        for cell, summary in transports.items()
        if summary["unstable"]
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


def _marked(transports: Mapping[str, Mapping[str, Any]]) -> list[str]:
    which: dict[str, list[str]] = {}
    for cell, summary in transports.items():
        if summary["marks"]:
            which.setdefault(", ".join(summary["marks"]), []).append(cell)
    return [f"{', '.join(cells)}: marked {marks}." for marks, cells in which.items()]


def _accounting(cell: str, summary: Mapping[str, Any]) -> list[str]:
    found = []
    for name, text in (
        ("lost", "deliveries were lost"),
        ("duplicated", "deliveries came twice"),
        ("reordered", "deliveries came out of order"),
        ("unmatched", "deliveries belong to no publish of theirs"),
        ("skipped", "publishes were skipped"),
        ("rejected", "publishes were not accepted"),
    ):
        if summary[name]:
            found.append(f"{cell}: {summary[name]} {text}.")
    low = summary["latency_s"]["nonpositive"]
    if low:
        found.append(f"{cell}: {low} latencies are zero or negative; they are counted as they are.")
    return found


def _clocks(transports: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One sentence on the cells whose subscribers had clocks of their own."""
    known = [
        f"{cell} ± {summary['clock_bound_s'] * 1e3:.2f} ms"
        for cell, summary in transports.items()
        if summary["clock_bound_s"] is not None
    ]
    if not known:
        return []
    return [
        f"Latencies are known to within: {', '.join(known)}. Pages in a browser have clocks of"
        " their own, which were held against the machine's before and after each trial."
    ]


def _delays(cells: Mapping[str, Sequence[TrialFigures]]) -> list[str]:
    """One sentence on the cells whose latency is in part the publisher's own lateness."""
    spoilt = []
    for cell, trials in cells.items():
        good = [t for t in trials if t.record.status == "ok" and not t.record.floor]
        latencies = [t.latency_s for t in good if len(t.latency_s)]
        delay_s = tail_delay_s(good)
        if latencies and delay_s is not None:
            mean_s = float(np.concatenate(latencies).mean())
            if delay_s > GENERATOR_SHARE * mean_s:
                spoilt.append(f"{cell} ({delay_s * 1e3:.2f} of {mean_s * 1e3:.2f} ms)")
    if not spoilt:
        return []
    return [
        "The publisher's own delay, at its tail, is above 10 % of the mean latency of "
        f"{', '.join(spoilt)}; latency from the actual send leaves it out."
    ]
