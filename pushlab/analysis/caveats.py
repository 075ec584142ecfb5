"""What a reader must know before believing the figures, in whole sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pushlab.analysis.statistics import percentile
from pushlab.analysis.trials import TrialFigures
from pushlab.runs import Run

__all__ = ["GENERATOR_SHARE", "caveats_of"]

#: A publish delay above this share of an effect spoils the effect.
GENERATOR_SHARE = 0.10


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
    for cell, trials in cells.items():
        found += _generator(cell, [t for t in trials if t.record.status == "ok"])
    for cell, summary in transports.items():
        if summary["unstable"]:
            names = ", ".join(summary["unstable"])
            found.append(f"{cell}: unstable between trials: {names}.")
    return found


def _failures(cell: str, trials: Sequence[TrialFigures]) -> list[str]:
    if not trials:
        return [f"{cell}: did not come to its turn."]
    return [
        f"{cell}, trial {t.record.index}: {t.record.status}"
        f" ({t.record.reason or 'no reason is known'})."
        for t in trials
        if t.record.status != "ok"
    ]


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


def _generator(cell: str, good: Sequence[TrialFigures]) -> list[str]:
    found = []
    marks = sorted({mark for t in good for mark in t.record.marks})
    if marks:
        found.append(f"{cell}: marked {', '.join(marks)}.")
    delays = [t.publish_delay_s for t in good if len(t.publish_delay_s)]
    latencies = [t.latency_s for t in good if len(t.latency_s)]
    if delays and latencies:
        delay = percentile(np.sort(np.concatenate(delays)), 990)
        mean = float(np.concatenate(latencies).mean())
        if delay is not None and delay > GENERATOR_SHARE * mean:
            found.append(
                f"{cell}: the publisher's own delay (p99 {delay * 1e3:.2f} ms) is above 10 % of the"
                f" mean latency ({mean * 1e3:.2f} ms); see latency_from_send_s."
            )
    return found
