"""Scales and their lines."""

import math

import pytest

from pushlab.course.svg.scales import Linear, Log, fitted, rounded_up


def test_a_linear_scale_has_round_lines():
    scale = Linear(0, 1.3, 100, 500)
    assert scale(0) == 100
    assert scale(0.65) == 300
    assert scale.ticks() == [0, 0.5, 1.0]
    assert Linear(0, 1.0, 0, 1).ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_a_logarithmic_scale_has_powers_of_ten_and_a_place_for_nought():
    scale = Log(1e-3, 10, 100, 500, zero=60)
    assert scale.ticks() == [0.001, 0.01, 0.1, 1, 10]
    assert scale(0.1) == pytest.approx(300)
    assert scale(0) == 60
    assert Log(1e-3, 10, 100, 500)(0) == 100
    assert Log(0.2, 1.1, 0, 1).ticks() == [0.2, 0.5, 1.0]


def test_labels_end_before_the_end():
    factor = fitted([(10, 50), (5, 300)], 100, 500, 0)
    assert 10 * factor + 100 + 50 <= 500 + 1e-9
    assert 5 * factor + 100 + 300 <= 500 + 1e-9
    assert math.isclose(factor, 20)


@pytest.mark.parametrize(("value", "up"), [(0.0021, 0.005), (1.0, 1.0), (7, 10), (0, 1)])
def test_rounded_up(value, up):
    assert rounded_up(value) == pytest.approx(up)
