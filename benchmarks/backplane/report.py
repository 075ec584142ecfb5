"""The table, as Markdown."""

import os
import platform
from collections.abc import Sequence

from benchmarks.backplane.turns import Row

__all__ = ["markdown"]


def markdown(rows: Sequence[Row], *, reps: int, took_s: float) -> str:
    """All rows, with what they were measured on."""
    lines = [
        f"{reps} repetitions (memory: {2 * reps}), contenders by turns; medians with 95 % intervals"
        f" over repetitions. {os.cpu_count()} cores, Linux {platform.release()},"
        f" Python {platform.python_version()}, {took_s / 60:.0f} minutes.",
        "",
        "| what | seen | 95 % interval | goal | | the figures themselves |",
        "|---|--:|---|---|---|---|",
    ]
    for row in rows:
        seen = row.seen
        if seen is None:
            lines.append(f"| {row.what} | - | | {row.goal} | | {row.note} |")
            continue
        met = "met" if row.met else "missed"
        if not row.met and row.most is not None and seen.low <= row.most <= seen.high:
            met = "in doubt"
        own = ", ".join(f"{name} {value:,.4g}" for name, value in row.beside.items())
        lines.append(
            f"| {row.what} | {_said(seen.median, row.unit)} | {_said(seen.low, row.unit)} to"
            f" {_said(seen.high, row.unit)} | {row.goal} | {met} |"
            f" {'; '.join(filter(None, (own, row.note)))} |"
        )
    return "\n".join(lines) + "\n"


def _said(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:.3f}" if unit == "x" else f"{value:,.2f} {unit}"
