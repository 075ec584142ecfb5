"""What an attack did: its figures, the bounds that they have to keep, and how they are shown."""

import json
import math
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.attack.crowd import Phase
from benchmarks.harness.report import Report
from pushlab.lab.host.machine import describe_machine

__all__ = ["MOST_GROWN_BYTES", "Found", "percentile", "save", "table"]

_RESULTS = Path(__file__).parents[1] / "results"
_MIB = 1024 * 1024
_MOST_RATIO = 2.0
_MOST_GROWN_MIB = 50.0
MOST_GROWN_BYTES = int(_MOST_GROWN_MIB * _MIB)
_HEADINGS = (
    "attack",
    "quiet p99, ms",
    "attacked p99, ms",
    "ratio",
    "lost of",
    "hub grew, MiB",
    "connections",
    "answers",
    "refused",
)


def percentile(values: Sequence[int], share: float) -> float:
    """The nearest-rank percentile; NaN of nothing."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def p99_ns(phases: Sequence[Phase]) -> float:
    """The p99 of such a stretch: the median of theirs, so that a hiccup of the machine is none."""
    return statistics.median(percentile(phase.latencies_ns, 0.99) for phase in phases)


@dataclass(slots=True)
class Found:
    """What one attack did.

    Attributes:
        quiet, attacked: the good readers' messages before it and under it, round by round.
        answers: what the attacker was answered, by status.
        refusals: what the hub counted meanwhile.
        grown_bytes: the hub's memory at its most, above what it was when the attack began.
    """

    words: str
    quiet: list[Phase] = field(default_factory=list)
    attacked: list[Phase] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    sent_bytes: int = 0
    grown_bytes: int = 0

    def ratio(self, all_quiet_ns: float) -> float:
        """The attacked p99 beside that of every quiet stretch of the run."""
        return p99_ns(self.attacked) / all_quiet_ns

    def broken(self, found: Mapping[str, "Found"]) -> list[str]:
        """The bounds that it broke, in words."""
        lines = []
        ratio = self.ratio(all_quiet_p99_ns(found))
        if not ratio < _MOST_RATIO:
            lines.append(f"the good readers' p99 is {ratio:.2f} times the quiet one")
        for name, phases in (("before", self.quiet), ("during", self.attacked)):
            lost, refused = sum(p.lost for p in phases), sum(p.refused for p in phases)
            if lost or refused:
                lines.append(f"{lost} messages lost, {refused} refused {name} it")
        if self.grown_bytes > MOST_GROWN_BYTES:
            lines.append(f"the hub grew by {self.grown_bytes / _MIB:.0f} MiB")
        return lines


def all_quiet_p99_ns(found: Mapping[str, Found]) -> float:
    """The p99 of a quiet stretch, of all that the run has had."""
    return p99_ns([phase for one in found.values() for phase in one.quiet])


def _cells(name: str, one: Found, all_quiet_ns: float) -> list[str]:
    phases = [*one.quiet, *one.attacked]
    return [
        f"{name}: {one.words}",
        f"{p99_ns(one.quiet) / 1e6:.2f}",
        f"{p99_ns(one.attacked) / 1e6:.2f}",
        f"{one.ratio(all_quiet_ns):.2f}",
        f"{sum(p.lost for p in phases)} of {sum(p.owed for p in phases):,}",
        f"{one.grown_bytes / _MIB:.1f}",
        f"{one.connections:,}",
        _counts(one.answers),
        _counts(one.refusals),
    ]


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts.most_common(4)) or "nothing"


def table(found: Mapping[str, Found]) -> Table:
    """The table for a terminal."""
    made = Table(title="A hub and its good readers under attack", title_justify="left")
    for number, heading in enumerate(_HEADINGS):
        made.add_column(heading, justify="right" if 0 < number < 7 else "left")
    all_quiet_ns = all_quiet_p99_ns(found)
    for name, one in found.items():
        made.add_row(
            *_cells(name, one, all_quiet_ns), style="red" if one.broken(found) else "green"
        )
    return made


def _figures(phase: Phase) -> dict[str, Any]:
    return {
        "deliveries": len(phase.latencies_ns),
        "owed": phase.owed,
        "refused": phase.refused,
        "latency_s": {
            f"p{100 * share:g}": percentile(phase.latencies_ns, share) / 1e9
            for share in (0.5, 0.9, 0.99, 1)
        },
        "publish_delay_p99_s": percentile(phase.late_ns, 0.99) / 1e9,
    }


def save(
    found: Mapping[str, Found], whole: Mapping[str, Any], broken: Sequence[str], folder: Path | None
) -> Path:
    """Write ``attack.json`` and ``ATTACK.md``; the folder."""
    folder = folder or Report.folder(_RESULTS)
    folder.mkdir(parents=True, exist_ok=True)
    machine = describe_machine()
    all_quiet_ns = all_quiet_p99_ns(found)
    told = {
        "created_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **whole,
        "environment": machine,
        "bounds": {"p99_ratio": _MOST_RATIO, "grown_mib": _MOST_GROWN_MIB, "lost": 0},
        "all_quiet_p99_s": all_quiet_ns / 1e9,
        "broken": list(broken),
        "attacks": {
            name: {
                "words": one.words,
                "quiet": [_figures(phase) for phase in one.quiet],
                "attacked": [_figures(phase) for phase in one.attacked],
                "p99_ratio": one.ratio(all_quiet_ns),
                "hub_grown_bytes": one.grown_bytes,
                "connections": one.connections,
                "sent_bytes": one.sent_bytes,
                "answers": dict(one.answers),
                "refusals": dict(one.refusals),
            }
            for name, one in found.items()
        },
    }
    (folder / "attack.json").write_text(json.dumps(told, indent=1) + "\n")
    lines = [
        "# A hub and its good readers under attack",
        "",
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {machine['processor']},"
        f" {machine['cores']} cores, {machine['python']}, commit {machine['commit']}."
        f" {whole['readers']:,} readers by SSE, WebSocket and long polling,"
        f" {whole['messages_per_s']} messages a second to 10 readers each; {whole['rounds']} times"
        f" {whole['seconds']:g} s of each attack, a quiet stretch before each. A p99 is the"
        f" median of the rounds'; of all quiet stretches it is {all_quiet_ns / 1e6:.2f} ms, of"
        " which the ratios are taken.",
        "",
        "Bounds: the p99 below twice the quiet one, the hub within 50 MiB, no message lost.",
        "",
        "| " + " | ".join(_HEADINGS) + " |",
        "|---|--:|--:|--:|--:|--:|--:|---|---|",
        *("| " + " | ".join(_cells(name, one, all_quiet_ns)) + " |" for name, one in found.items()),
        "",
        f"The hub's memory grew by {whole['hub_grown_bytes'] / _MIB:.1f} MiB over the whole run.",
        *(f"\nBroken: {line}" for line in broken),
    ]
    (folder / "ATTACK.md").write_text("\n".join([*lines, ""]))
    return folder
