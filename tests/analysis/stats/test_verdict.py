"""Changed, the same, or not known: and no more said than the trials hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.analysis.stats.comparison import Comparison, compare
from pushlab.analysis.stats.intervals import WIDER
from pushlab.analysis.stats.verdict import decide
from tests.analysis.stats.sides import drawn, side


def seen(ratio, error, freedom=8.0, trials=5):
    """A comparison with that ratio, and that standard error of its logarithm."""
    distance = math.log(ratio)
    return Comparison(
        ratio, (0.0, 0.0), 0.0, (0.0, 0.0), distance, error, freedom, (trials, trials)
    )


ratios = st.floats(0.3, 3.0)
errors = st.floats(0.001, 0.5)
several = st.lists(st.builds(seen, ratios, errors, st.floats(2, 30)), min_size=1, max_size=8)
few = settings(max_examples=30)


@pytest.mark.parametrize(
    ("ratio", "error", "answer"),
    [
        (1.0, 0.01, "same"),
        (1.05, 0.01, "same"),  # though its interval is clear of 1
        (1.3, 0.01, "changed"),
        (1 / 1.3, 0.01, "changed"),
        (1.3, 0.2, "unknown"),
        (1.0, 0.2, "unknown"),
        (1.09, 0.01, "unknown"),  # different, but by less than matters, and perhaps by more
        (1.0, 0.0, "same"),
        (2.0, 0.0, "changed"),
    ],
)
def test_there_are_three_answers(ratio, error, answer):
    (verdict,) = decide([seen(ratio, error)])
    assert verdict.answer == answer


@few
@given(several)
def test_an_answer_is_what_its_interval_shows(comparisons):
    for verdict in decide(comparisons):
        low, high = verdict.interval
        if verdict.answer == "changed":
            assert high < 1 or low > 1
            assert abs(math.log(verdict.ratio)) >= math.log(1.1)
        elif verdict.answer == "same":
            assert 1 / 1.1 <= low <= high <= 1.1
        else:
            assert verdict.trials_needed is None or verdict.trials_needed > verdict.trials


@few
@given(several)
def test_a_ratio_and_its_inverse_are_answered_alike(comparisons):
    turned = [seen(1 / one.ratio, one.error, one.freedom) for one in comparisons]
    for there, back in zip(decide(comparisons), decide(turned), strict=True):
        assert there.answer == back.answer
        assert there.trials_needed == back.trials_needed
        assert there.detectable == pytest.approx(back.detectable)
        assert there.interval[0] == pytest.approx(1 / back.interval[1])


@few
@given(several, st.builds(seen, ratios, errors))
def test_one_more_comparison_never_turns_the_unknown_into_an_answer(comparisons, more):
    alone, among = decide(comparisons), decide([*comparisons, more])[:-1]
    for before, after in zip(alone, among, strict=True):
        assert after.answer in (before.answer, "unknown")


@few
@given(several)
def test_a_stricter_level_never_turns_the_unknown_into_an_answer(comparisons):
    for loose, strict in zip(decide(comparisons), decide(comparisons, level=0.01), strict=True):
        assert strict.answer in (loose.answer, "unknown")


@few
@given(several, st.randoms())
def test_the_order_of_comparisons_does_not_matter(comparisons, random):
    order = list(range(len(comparisons)))
    random.shuffle(order)
    answers = [verdict.answer for verdict in decide(comparisons)]
    assert [v.answer for v in decide([comparisons[i] for i in order])] == [
        answers[i] for i in order
    ]


def test_without_an_interval_nothing_is_known_and_the_reason_is_told():
    verdict, other = decide([compare(side([1.0, 1.1]), side([9.0, 9.1])), seen(1.0, 0.01)])
    assert (verdict.answer, verdict.why) == ("unknown", "too few trials")
    assert verdict.trials_needed is None
    assert other.answer == "same"


def test_something_against_nothing_is_a_change_if_every_trial_has_much_of_it():
    nothing = side([0.0, 0.0, 0.0])
    answers = [
        decide([compare(nothing, side(values))])[0].answer
        for values in ([1.0, 1.1, 1.2], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0])
    ]
    assert answers == ["changed", "unknown", "same"]


def test_two_runs_of_one_program_rarely_show_any_change_among_many_figures():
    rng, alarms = np.random.default_rng(1), 0
    for _ in range(100):
        pairs = [[drawn(rng, trials=4, spread=0.1) for _ in range(2)] for _ in range(8)]
        alarms += any(v.answer == "changed" for v in decide([compare(*pair) for pair in pairs]))
    assert alarms <= 11  # at most 5 are expected; 12 come by chance once in 200


def test_runs_that_differ_by_a_quarter_are_never_called_the_same_of_a_tenth():
    rng, wrong = np.random.default_rng(2), 0
    for _ in range(100):
        pairs = [
            [drawn(rng, trials=4, spread=0.1, level=level) for level in (1, 1.25)] for _ in range(6)
        ]
        wrong += any(v.answer == "same" for v in decide([compare(*pair) for pair in pairs]))
    assert wrong <= 11


@pytest.mark.parametrize(("change", "spread"), [(1.0, 0.1), (1.3, 0.2), (1.5, 0.3)])
def test_as_many_trials_as_were_asked_for_answer_it_mostly(change, spread):
    rng, answered, right = np.random.default_rng(3), 0, "same" if change == 1 else "changed"
    (verdict,) = decide([seen(change, WIDER * spread * math.sqrt(2 / 3), freedom=4, trials=3)])
    assert verdict.answer == "unknown"
    for _ in range(100):
        sides = [
            drawn(rng, trials=verdict.trials_needed, spread=spread, level=x) for x in (1, change)
        ]
        answered += decide([compare(*sides)])[0].answer == right
    assert answered >= 68  # four times in five, as planned


def test_what_could_be_detected_is_detected_four_times_in_five():
    rng, found = np.random.default_rng(4), 0
    (verdict,) = decide([seen(1.0, WIDER * 0.1 * math.sqrt(2 / 5), freedom=8, trials=5)])
    for _ in range(200):
        sides = [drawn(rng, trials=5, spread=0.1, level=x) for x in (1, 1 + verdict.detectable)]
        found += decide([compare(*sides)])[0].answer == "changed"
    assert 0.70 <= found / 200 <= 0.92
