"""The chart: how far each goal was reached, with 1 for the goal itself."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.figures import Verdict

__all__ = ["draw_goals"]

_MET, _MISSED = "#0072B2", "#D55E00"


def draw_goals(verdicts: Sequence[Verdict], footer: str, folder: Path) -> None:
    """Write ``goals.png`` and ``goals.svg``; without a measured goal, nothing."""
    seen = [verdict for verdict in verdicts if verdict.seen is not None]
    if not seen:
        return
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "pushlab"
    figure, axes = pyplot.subplots(figsize=(10, 1.6 + 0.42 * len(seen)), layout="constrained")
    for place, verdict in enumerate(reversed(seen)):
        assert verdict.seen is not None
        reached = verdict.goal.reached(verdict.seen.median)
        ends = sorted(verdict.goal.reached(x) for x in (verdict.seen.low, verdict.seen.high))
        colour = _MET if verdict.met else _MISSED
        axes.plot([1, reached], [place, place], color=colour, linewidth=5, alpha=0.35)
        axes.plot(ends, [place, place], color=colour, linewidth=1.5)
        axes.plot([reached], [place], "o" if verdict.met else "X", color=colour, markersize=8)
        if verdict.goal.beside is None:
            label = f"{verdict.seen.median:,.0f}"
        else:
            label = f"{verdict.seen.median:.2f} x"
        axes.annotate(
            label,
            (max(reached, 1.0, *ends), place),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log", base=2)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.5), max(high * 1.5, 2.5))
    axes.xaxis.set_major_formatter(lambda x, position: f"{x:g}")
    axes.set_yticks(range(len(seen)), [verdict.text for verdict in reversed(seen)], fontsize=9)
    axes.set_xlabel("times the goal (right of the line: met)")
    met = sum(verdict.met is True for verdict in seen)
    axes.set_title(f"{met} of {len(seen)} goals are met", loc="left", fontweight="bold")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.text(0.01, -0.01, footer, fontsize=7, color="#555555", va="top")
    for ending in ("png", "svg"):
        figure.savefig(
            folder / f"goals.{ending}",
            dpi=150,
            bbox_inches="tight",
            metadata={"Date": None} if ending == "svg" else None,
        )
    pyplot.close(figure)
