"""The leader board: one winner or none, in words and as a picture."""

import pytest

from pushlab.course.board import Board
from pushlab.course.measured import Measurement, Work
from pushlab.course.rule_race import HOW
from tests.course.test_standings import CLIENTS, row

CLOCK = row("short-polling", [1.0, 1.01, 0.99, 1.0], [0.5, 0.52, 0.49, 0.51])
MINE = row("mine", [0.8, 0.81, 0.79, 0.8], [0.35, 0.36, 0.34, 0.36])
NOISE = row("noise", [1.0, 1.01, 0.98, 1.0], [0.4, 0.53, 0.45, 0.52])
PUSH = row("push", [0.0] * 4, [0.002] * 4, pushes=True)
CHEAT = row("cheat", [0.1] * 4, [0.1] * 4, lost=3)


def board(*rows, same=None, trials=4):
    work = Work(CLIENTS, 1, CLIENTS, 1.0, 3.0, trials)
    return Board(Measurement(work, rows, here=True), same)


def test_a_rule_that_is_better_wins_and_by_how_much_is_said_with_its_interval():
    race = board(MINE, CLOCK)
    assert race.winner == "mine"
    told = race.verdict()
    assert told.startswith("mine wins: at equal cost a message waits 44 % (4")
    assert told.endswith("less than with short-polling")


@pytest.mark.parametrize("rows", [(NOISE, CLOCK), (CLOCK, NOISE)])
def test_what_chance_may_have_done_is_a_draw(rows):
    race = board(*rows)
    assert race.winner is None
    assert race.verdict().startswith("A draw: no difference between ")


def test_an_untouched_rule_is_a_draw_however_lucky_it_was():
    race = board(MINE, CLOCK, same={"mine": "short-polling"})
    assert race.winner is None
    assert race.verdict() == (
        "A draw: mine and short-polling both ask by the clock; what sets them apart is chance"
    )


def test_push_wins_without_asking_and_a_cheat_is_out():
    race = board(CHEAT, CLOCK, PUSH)
    assert race.winner == "push"
    assert race.verdict() == "push wins: it gets its messages without asking"
    assert "cheat: lost 3 messages, so it is out of the race" in str(race)
    assert board(CHEAT, CLOCK).winner == "short-polling"
    assert board(CHEAT, CHEAT).verdict().startswith("Nobody is placed")


def test_one_trial_tells_nothing():
    one = row("mine", [0.1], [0.1]), row("short-polling", [1.0], [0.5])
    assert board(*one, trials=1).verdict().startswith("Too few trials")


@pytest.mark.parametrize("rows", [(MINE, CLOCK), (MINE, CLOCK, PUSH, CHEAT, NOISE), (PUSH, CLOCK)])
def test_the_picture_says_what_the_words_say(rows):
    race = board(*rows)
    shown = race._repr_mimebundle_()[0]
    svg = shown["image/svg+xml"]
    assert "by the clock" in svg
    for one in race.places:
        named = f"{one.place}. {one.row.name}" if one.place else one.row.name
        assert f">{named}<" in svg
        assert one.row.name in shown["text/plain"]
    assert shown["text/plain"].startswith(race.verdict())


def test_a_race_on_paper_says_so():
    work = Work(CLIENTS, 1, CLIENTS, 1.0, 60.0, 4)
    race = Board(Measurement(work, [MINE, CLOCK], here=True), how=HOW)
    assert race.sentence() == HOW
    assert "virtual" in race.board().svg
