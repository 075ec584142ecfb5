from dataclasses import replace

import pytest

from pushlab.course.agreement import disagreements
from pushlab.course.measured import Measurement
from tests.course.test_tape import FIGURES, ROW, WORK


def measured(figures=None, **formulas):
    row = replace(ROW, figures=replace(FIGURES, **(figures or {})), formulas=formulas)
    return Measurement(WORK, [row], here=True)


@pytest.mark.parametrize(
    ("figures", "formulas"),
    [
        ({"waiting_s": 0.52}, {"waiting_s": 0.5}),
        ({"waiting_s": 0.157}, {"waiting_s": 0.15}),
        ({"waiting_s": 0.004}, {"waiting_s": 0.0}),
        ({"requests_per_s": 104.0}, {"requests_per_s": 100.0}),
        ({"wasted": None}, {"wasted": 0.5}),
    ],
)
def test_what_lies_near_its_formula_agrees(figures, formulas):
    assert disagreements(measured(figures, **formulas)) == []


@pytest.mark.parametrize(
    ("figures", "formulas", "words"),
    [
        ({"waiting_s": 0.65}, {"waiting_s": 0.5}, "waiting_s is 0.65, and its formula says 0.5"),
        ({"waiting_s": 0.0005}, {"waiting_s": 0.15}, "waiting_s is 0.0005"),
        ({"waiting_s": 0.05}, {"waiting_s": 0.0}, "its formula says 0"),
        ({"requests_per_s": 60.0}, {"requests_per_s": 500.0}, "requests_per_s is 60"),
        ({"lost": 3}, {}, "3 messages were lost"),
    ],
)
def test_what_lies_far_from_it_is_said(figures, formulas, words):
    (line,) = disagreements(measured(figures, **formulas))
    assert words in line
