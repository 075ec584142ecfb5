"""One figure along interleaved pairs: looks where they were planned, and answers that stay."""

import numpy as np

from pushlab.analysis.diff.gate import Question
from pushlab.analysis.diff.pairs import Track


def track(pairs, *, change=1.0, spread=0.03, seed=1, marks=()):
    rng = np.random.default_rng(seed)
    found = Track(Question("sse", "cpu_s_per_delivery", 0.2))
    for i in range(pairs):
        drift = 1 + i  # what both sides of a pair share
        base, new = drift * np.exp(rng.normal(0, spread, 2))
        found.add(float(base), float(new * change), marks if i < 3 else ())
    return found


def test_nothing_is_said_before_the_first_look():
    found = track(3)
    assert (found.known, found.left) == (False, 1)
    assert (found.told().outcome, found.told().interval) == ("inconclusive", None)


def test_equal_programs_pass_and_a_dearer_one_fails_at_the_first_look():
    assert track(4).told().outcome == "pass"
    assert track(4, change=1.2).told().outcome == "fail"


def test_an_answer_stays():
    found = track(4, change=1.2)
    for _ in range(30):
        found.add(1.0, 0.5)
    found.end()
    assert (found.told().outcome, found.told().trials) == ("fail", (4, 4))


def test_a_wide_spread_takes_more_pairs_and_says_how_many():
    found = track(6, spread=0.3)
    assert not found.known
    assert found.left > 20
    assert found.told().needed > 26
    found.end()
    assert found.told().trials == (6, 6)


def test_a_pair_with_a_mark_counts_for_nothing():
    found = track(6, marks=["NEW: busy-machine"])
    assert found.told().trials == (3, 3)
    assert not found.told().why
    mostly = track(5, marks=["NEW: busy-machine"])
    assert mostly.told().why.startswith("3 of 5 pairs are marked: NEW: busy-machine")


def test_where_each_of_the_first_pairs_is_marked_it_is_in_vain():
    found = track(0)
    for pair in range(6):
        assert not found.in_vain
        found.add(1.0, 1.0, [f"BASE: busy-machine {pair}"])
    assert found.in_vain
    assert found.told().why == "6 of 6 pairs are marked: BASE: busy-machine 5"
    found.add(1.0, 1.0)
    assert not found.in_vain
