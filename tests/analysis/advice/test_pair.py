"""Differences of two sides that share their guesses, against every combination of ends."""

from itertools import product

import pytest

from pushlab.analysis.advice.pair import Side, difference, judged
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.cost.guesses import ENDS
from tests.analysis.advice.toys import GUESSES, toy


def brute(a, b, names):
    """The least and the most of ``a - b`` over all ends of all guesses, own CPU apart."""
    found = []
    for ends in product(ENDS, repeat=len(names)):
        at = dict(zip(names, ends, strict=True))
        ours, theirs = (
            {n.split()[0]: e for n, e in at.items() if n.split()[1:] in ([], [str(i)])}
            for i in (0, 1)
        )
        found.append(a.usd(ours) - b.usd(theirs))
    return min(found), max(found)


PAIRS = {
    "a sum": (lambda g: 10 * g("shared") + g("other"), lambda g: 9 * g("shared")),
    "a product": (lambda g: g("shared") * g("other"), lambda g: 15 * g("shared")),
    "own CPU": (lambda g: 5 * g("cpu") + g("shared"), lambda g: 4 * g("cpu") + g("shared")),
    "steps": (lambda g: 2 * (g("shared") > 1) + g("other"), lambda g: 3 * (g("other") > 10)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_extremes_are_those_of_all_combinations(name):
    a, b = (toy(units) for units in PAIRS[name])
    own = "cpu" in a.names
    names = [*({"shared", "other"} & {*a.names, *b.names}), *(["cpu 0", "cpu 1"] if own else [])]
    found = difference(a, b, Side.usd)
    assert (found.low, found.high) == pytest.approx(brute(a, b, names))
    assert found.likely == a.usd() - b.usd()


def test_what_both_rest_on_cancels_and_what_is_measured_does_not():
    a, b = toy(lambda g: 3 * g("shared")), toy(lambda g: 2 * g("shared"))
    assert difference(a, b, Side.usd) == Range(1, 2, 4)  # 3 to 12 less 2 to 8 would be -5 to 10
    a, b = toy(lambda g: g("cpu")), toy(lambda g: g("cpu"))
    assert difference(a, b, Side.usd) == Range(-2, 0, 2)


@pytest.mark.parametrize(
    ("mine", "theirs", "answer"),
    [
        (lambda g: g("shared"), lambda g: 2 * g("shared"), "lower"),
        (lambda g: 2 * g("shared"), lambda g: g("shared"), "higher"),
        (lambda g: 100 + g("shared"), lambda g: 101 + g("shared"), "same"),
        (lambda g: g("other"), lambda g: 10 * g("shared"), "unknown"),
    ],
)
def test_three_answers_and_one_that_is_not_known(mine, theirs, answer):
    assert judged(toy(mine), toy(theirs))[0] == answer


def test_a_side_knows_on_which_guesses_it_rests():
    side = toy(lambda g: g("shared"), hits_per_s=5, deliveries_per_s=1, payload_bytes=100)
    assert {"shared", "reconnects_a_day", "packet_bytes"} <= set(side.names)
    assert "other" not in side.names
    assert side.range_of(side.usd) == Range(1, 2, 4)
    connects = [10 * GUESSES["reconnects_a_day"].at(end) / 86_400 for end in ENDS]
    assert side.range_of(side.requests_per_s) == pytest.approx([5 + one for one in connects])
