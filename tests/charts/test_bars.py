"""A bar's words stand at the bar's own end, whatever the closed form says."""

from types import SimpleNamespace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pushlab.charts.bars import _bar
from pushlab.charts.style import CellStyle
from tests.runs.simulated import STANDARD


class Summary(dict):
    @property
    def hits(self):
        return {"poll-empty": 22, "poll-useful": 30}

    def count(self, name):
        return 100


@pytest.mark.parametrize("expected", [0.3, 0.62, 0.93])
def test_the_words_stand_at_the_end_of_their_bar(expected):
    cell = STANDARD[0].label
    view = SimpleNamespace(
        summaries={
            cell: Summary(
                hits_per_delivery=0.52, predicted_hits_per_delivery=expected, hits_total=52
            )
        },
        problem=lambda cell: None,
        cell_styles={cell: CellStyle("Short polling", "#D55E00", "-")},
        beside=lambda cell, figure: "",
    )
    figure = Figure(figsize=(16, 3))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlim(0, 1.3)
    _bar(axes, view, cell, 0.0, 20.0, 0.4)
    (words,) = axes.texts
    assert words.get_text().startswith("0.52")
    end = axes.transData.transform((0.52, 0))[0]
    assert 0 < words.get_window_extent().x0 - end < 30
