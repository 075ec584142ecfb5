"""The one table of guesses."""

import pytest

from pushlab.analysis.cost.guesses import ENDS, GUESSES, said
from pushlab.errors import UsageError


@pytest.mark.parametrize("guess", GUESSES.values(), ids=GUESSES)
def test_a_guess_says_what_it_is_and_why(guess):
    assert guess.words
    assert len(guess.source) > 20
    low, likely, high = (guess.at(end) for end in ENDS)
    assert low <= likely <= high or low >= likely >= high
    assert not guess.is_known


def test_what_somebody_says_is_known():
    found = said(headroom=0.4, least_servers=None)
    assert [found["headroom"].at(end) for end in ENDS] == [0.4] * 3
    assert found["headroom"].is_known
    assert found["least_servers"] == GUESSES["least_servers"]


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"headroom": 1.0}, "headroom: 1 is out of range"),
        ({"call_s": -1}, "call_s: -1"),
        ({"luck": 1}, "no guess 'luck'.*headroom"),
    ],
)
def test_what_makes_no_sense_is_refused(values, wrong):
    with pytest.raises(UsageError, match=wrong):
        said(**values)
