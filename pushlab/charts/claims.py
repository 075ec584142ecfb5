"""A slide of a reproduction: published, predicted and measured side by side, and what passed."""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes

from pushlab.analysis.papers.claims import Outcome
from pushlab.analysis.papers.reproductions import Reproduction
from pushlab.charts.frame import Chart, describe_axis, frame, say, scale_below, styled
from pushlab.charts.style import ACCENT, GREY, INK, legend_key, mark

__all__ = ["claims_chart"]

_PREDICTED = mark("D", 11, "#7F5AA8", face="none")
_MEASURED = mark("o", 8, "#0072B2")
_PLACES = (1.24, 1.48, 1.72, 1.9)  # of the columns, in parts of the drawing's width
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def claims_chart(reproduction: Reproduction, outcomes: Sequence[Outcome]) -> Chart:
    """A row for each claim: what is predicted and measured, over what was published."""
    checked = [each for each in outcomes if each.passed is not None]
    passed = sum(bool(each.passed) for each in checked)
    verdict = (
        f"{passed} of {len(checked)} claims hold" if passed < len(checked) else "all claims hold"
    )
    finding = f"{reproduction.title}: {verdict}"
    rows = len(outcomes)
    size = min(15.0, 190 / rows)
    with styled():
        figure, bottom, top = frame(
            f"published: {reproduction.source}",
            finding,
            "Each figure over the published one; without one, over the prediction",
            rows=rows,
        )
        axes = figure.add_axes((0.37, bottom, 0.31, top - bottom - 0.03))
        axes.set_xscale("log")
        axes.axvline(1.0, color=GREY, linewidth=1.5)
        ratios = [1.0]
        for row, each in enumerate(outcomes):
            base = each.claim.published or each.predicted
            for value, look in ((each.predicted, _PREDICTED), (each.measured, _MEASURED)):
                if value and base:
                    ratios.append(value / base)
                    axes.plot(value / base, row, **look)
            colour = ACCENT if each.passed is False else INK
            _label(axes, f"{each.claim.says} [{each.claim.unit}]", row, size, colour)
            _beside(axes, row, _words(each), size, colour)
        _beside(axes, -0.85, ("published", "predicted", "measured", ""), size, GREY)
        axes.set_ylim(rows - 0.4, -0.6)
        axes.set_yticks([])
        low, high = min(*ratios, 0.7), max(*ratios, 1.4)
        axes.set_xlim(low / 1.25, high * 1.25)
        scale_below(axes)
        ticks = [tick for tick in _TICKS if low / 1.25 <= tick <= high * 1.25]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        marks = [
            legend_key("published", color=GREY, linewidth=1.5),
            legend_key("predicted", **{**_PREDICTED, "markersize": 10}),
            legend_key("measured", **{**_MEASURED, "markersize": 10}),
        ]
        describe_axis(axes, "", marks)
        return Chart(reproduction.name, finding, figure)


def _label(axes: Axes, text: str, row: int, size: float, colour: str) -> None:
    """What a claim says, left of its row, in one line or two."""
    lines = textwrap.wrap(text, int(620 / size), max_lines=2, placeholder=" …")
    say(
        axes,
        "\n".join(lines),
        (0, row),
        (-14, 0),
        size if len(lines) == 1 else size * 0.9,
        colour,
        linespacing=1.05,
        within="rows",
    )


def _beside(axes: Axes, row: float, words: Sequence[str], size: float, colour: str) -> None:
    """Texts right of the drawing, each at its share of its width."""
    for place, text in zip(_PLACES, words, strict=True):
        say(axes, text, (place, row), (0, 0), size, colour, ha="right", within="rows")


def _words(each: Outcome) -> tuple[str, str, str, str]:
    """The three figures, and what came of the check."""
    verdict = {True: "✓", False: "fails", None: ""}[each.passed]
    published, predicted, measured = (
        "" if value is None else f"{value:,.3g}" if value < 1e3 else f"{value:,.0f}"
        for value in (each.claim.published, each.predicted, each.measured)
    )
    return published, predicted, measured, verdict
