"""The sawtooth: several teeth, of a client that is named, the same in every row."""

import numpy as np

from pushlab.charts.frame import SLIDE
from pushlab.charts.staleness import staleness_chart
from pushlab.charts.view import view_of
from pushlab.runs import Run
from tests.runs.simulated import STANDARD, simulate


def lines_of(chart):
    """Of each row the curve that is drawn, as (moments, ages)."""
    for axes in chart.figure.axes:
        curve = max(axes.lines, key=lambda line: line.get_linewidth(), default=None)
        if curve is not None and curve.get_linewidth() > 2:
            yield np.asarray(curve.get_xdata(), float), np.asarray(curve.get_ydata(), float)


def test_short_trials_stand_side_by_side_until_there_are_teeth(tmp_path):
    run = Run.load(simulate(tmp_path, *STANDARD, trials=6, duration_s=3.0, rate=0.5))
    chart = staleness_chart(view_of(run), SLIDE)
    moments, ages = next(lines_of(chart))
    teeth = np.sum((ages[:-1] > 0.01) & (ages[1:] == 0))
    assert teeth >= 3
    assert moments[-1] > 9, "more than one trial"
    words = [text.get_text() for text in chart.figure.texts]
    assert any("shown: client " in text.replace("\n", " ") for text in words)


def test_a_long_trial_is_enough(tmp_path):
    run = Run.load(simulate(tmp_path, *STANDARD[:2], trials=2, duration_s=30.0, rate=0.5))
    moments, _ = next(lines_of(staleness_chart(view_of(run), SLIDE)))
    assert 29 < moments[-1] <= 30.1
