"""Names of lines that do not touch."""

import itertools

import pytest

from pushlab.course.svg.plot import spread


@pytest.mark.parametrize("wanted", [[50, 50, 50], [0, 1, 99], [98, 99, 100], [10, 40, 80]])
def test_names_keep_their_distance_and_stay_inside(wanted):
    heights = [20, 20, 20]
    places = spread(wanted, heights, 0, 110)
    assert all(b - a >= 20 - 1e-9 for a, b in itertools.pairwise(places))
    assert places[0] >= 0
    assert places[-1] <= 110
    if wanted == [10, 40, 80]:
        assert places == wanted
