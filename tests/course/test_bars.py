"""The chart of bars: labels at their ends, points where there is no nought, intervals, guesses."""

from xml.etree import ElementTree

import pytest

from pushlab.course.bars import Bar, Bars, bars_chart
from tests.course.drawn import SVG, check_layout


def chart(*bars, unit="requests", **more):
    told = {"axis": "requests", "title": "What it costs", "subtitle": "100 clients", **more}
    return bars_chart([Bars("Short polling", "#D55E00", bars)], unit=unit, **told)


def rects(picture, colour):
    root = ElementTree.fromstring(picture.svg)
    return [each.attrib for each in root.iter(f"{SVG}rect") if each.attrib["fill"] == colour]


def test_a_label_stands_at_the_end_of_its_own_bar():
    picture = chart(Bar("formula", 0.93, "the formula"), Bar("measured", 0.52, "measured"))
    texts = check_layout(picture)
    (bar,) = rects(picture, "#D55E00")
    end = float(bar["x"]) + float(bar["width"])
    assert 0 < texts["measured: 0.52 requests"].left - end < 25
    assert texts["the formula: 0.93 requests"].left > texts["measured: 0.52 requests"].left


def test_a_logarithmic_axis_has_points_and_a_place_for_a_guess_of_nought():
    bars = (
        Bar("guess", 0.0, "your guess"),
        Bar("measured", 0.5, "measured"),
        Bar("other", 0.001, "b"),
    )
    picture = chart(*bars, unit="s", decades=True)
    texts = check_layout(picture)
    assert rects(picture, "#D55E00") == []
    assert "your guess: 0 s" in texts
    assert texts["0"].left < texts["your guess: 0 s"].left
    assert texts["0"].right < texts["1 ms"].left, "nought stands left of the axis"


def test_an_interval_is_drawn_and_told():
    picture = chart(Bar("measured", 2.0, "measured", (1.5, 2.5)))
    texts = check_layout(picture)
    assert "(1.50 to 2.50)" in texts
    assert "95 % interval over trials" in texts
    assert "2 requests (1.50 to 2.50)" in str(picture)
    assert "95 % interval over trials" not in check_layout(chart(Bar("measured", 2.0, "measured")))


def test_an_interval_without_end_leaves_the_chart_readable():
    bars = (Bar("measured", 0.5, "measured"), Bar("measured", 0.012, "wide", (1.44e-6, 101.0)))
    texts = check_layout(chart(*bars, unit="s", decades=True))
    assert "(1.44 µs to 101 s)" in texts
    assert "100 s" not in texts
    assert "10 µs" not in texts


def test_a_row_without_numbers_says_why():
    rows = [
        Bars("SSE", "#56B4E9", (), "nobody asks"),
        Bars("B", "#000000", [Bar("measured", 1, "m")]),
    ]
    texts = check_layout(bars_chart(rows, unit="%", axis="", title="t", subtitle="s"))
    assert "nobody asks" in texts


@pytest.mark.parametrize("value", [0.0, 1e-9, 12_345_678.0])
def test_any_number_fits_on_the_sheet(value):
    for unit in ("s", "bytes", "%"):
        check_layout(chart(Bar("measured", value, "measured", (value, value)), unit=unit))
