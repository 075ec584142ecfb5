"""The board's arithmetic: Student's t, pairs of trials, and that chance wins nothing."""

import random

import pytest
from scipy.stats import t

from pushlab.course.measured import Figures, Row
from pushlab.course.standings import duel, interval_of, reach, standings

CLIENTS = 10
SWAY = (1, 1.01, 1, 1.01)


def row(name, costs, waits, *, lost=0, pushes=False):
    """A row of `costs` (requests of a client a second) and `waits`, trial by trial."""
    asked = tuple(cost * CLIENTS for cost in costs)
    figures = Figures(
        name=name,
        waiting_s=sum(waits) / len(waits),
        worst_s=max(waits),
        requests_per_s=sum(asked) / len(asked),
        requests_per_message=1.0,
        wasted=None,
        bytes_per_message=0.0,
        cpu_ms_per_message=0.0,
        deliveries=100,
        lost=lost,
    )
    return Row(
        cell=name,
        name=name,
        short=name,
        transport=name,
        colour="#000000",
        options={},
        pushes=pushes,
        figures=figures,
        by_trial={"requests_per_s": asked, "waiting_s": tuple(waits)},
    )


def places(*rows, same=None):
    return {one.row.cell: one.place for one in standings(rows, CLIENTS, same)}


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 30])
@pytest.mark.parametrize("chance", [0.05, 0.05 / 6, 0.001])
def test_the_reach_of_an_interval_is_students_t(freedom, chance):
    assert reach(freedom, chance) == pytest.approx(t.ppf(1 - chance / 2, freedom), rel=1e-6)


def test_by_the_clock_the_score_is_one_at_every_interval():
    for interval_s in (0.1, 1.0, 7.0):
        (one,) = standings([row("clock", [1 / interval_s] * 3, [interval_s / 2] * 3)], CLIENTS)
        assert one.score == pytest.approx(1)


def test_trials_are_compared_in_pairs():
    # Each trial is hard or easy for both alike; the one is a tenth better in every one of them.
    waits = [0.2, 0.9, 0.4, 0.6]
    better = row("better", [1.0] * 4, [0.9 * wait * f for wait, f in zip(waits, SWAY, strict=True)])
    assert places(better, row("other", [1.0] * 4, waits)) == {"better": 1, "other": 2}
    ends = interval_of(waits)
    assert ends[0] < 0.9 * ends[1], "which their intervals side by side do not show"


def test_a_difference_below_one_in_twenty_is_none():
    ours = row("ours", [1.0] * 4, [0.481, 0.48, 0.4805, 0.48])
    assert places(ours, row("clock", [1.0] * 4, [0.5] * 4)) == {"ours": 1, "clock": 1}


def test_an_untouched_rule_does_not_win_by_noise():
    """A thousand races of one rule against itself, each with a tenth of noise a trial."""
    chance = random.Random(4)
    won = 0
    for _ in range(1000):
        mine, other = ([0.5 * chance.gauss(1, 0.1) for _ in range(4)] for _ in range(2))
        pair = row("mine", [1.0] * 4, mine), row("clock", [1.0] * 4, other)
        won += len(set(places(*pair).values())) == 2
        assert len(set(places(*pair, same={"mine": "clock"}).values())) == 1
    assert won < 65, "by the intervals alone it is no more than one race in twenty"


def test_among_many_rows_it_takes_more_to_win():
    logs = [0.9, 0.8, 0.88, 0.78]
    assert duel(logs, [1.0] * 4).clear
    assert not duel(logs, [1.0] * 4, among=45).clear


def test_who_is_pushed_to_beats_who_asks_and_two_of_them_are_level():
    asked = row("asked", [1.0] * 3, [0.5] * 3)
    pushed = [row(name, [0.0] * 3, [0.001] * 3, pushes=True) for name in ("a", "b")]
    assert places(asked, *pushed) == {"a": 1, "b": 1, "asked": 3}


def test_who_loses_messages_or_does_not_ask_at_all_is_out_of_the_race():
    rows = [
        row("cheat", [0.1] * 3, [0.1] * 3, lost=7),
        row("asleep", [0.0] * 3, [2.0] * 3),
        row("clock", [1.0] * 3, [0.5] * 3),
    ]
    found = {one.row.cell: one for one in standings(rows, CLIENTS)}
    assert found["cheat"].place is None
    assert found["cheat"].out == "lost 7 messages"
    assert found["asleep"].place is None
    assert found["clock"].place == 1


def test_with_two_trials_nobody_wins():
    assert places(row("a", [1.0] * 2, [0.1] * 2), row("b", [1.0] * 2, [0.5] * 2)) == {
        "a": 1,
        "b": 1,
    }
