"""How far a client is behind, moment by moment."""

import pytest

from pushlab.course.staleness import behind


def test_the_age_of_the_oldest_that_is_missing():
    corners = behind([(1.0, 3.0), (2.0, 3.0), (4.0, 4.5)], 5.0)
    assert corners[0] == (0.0, 0.0)
    assert (3.0, 2.0) in corners
    assert (3.0, 0.0) in corners
    assert (4.5, pytest.approx(0.5)) in corners
    assert corners[-1] == (5.0, 0.0)


def test_one_that_is_still_missing_counts_to_the_end():
    assert behind([(1.0, 9.0)], 5.0)[-1] == (5.0, 4.0)
