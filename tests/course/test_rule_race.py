"""A race on paper: what is known of the clock comes out, and a rule that says no time is told."""

import pytest

from pushlab.course.rule_race import race_on_paper
from pushlab.course.standings import standings
from pushlab.course.trouble import CourseError
from tests.course.student_transports import Adaptive
from tests.course.test_same_rule import SLOWER, UNTOUCHED, ruled

SMALL = {"clients": 10, "rate_per_s": 1.0, "trials": 3, "room_size": 5}


def test_the_clock_gets_its_closed_form():
    race = race_on_paper({"clock": "short-polling", "slower": SLOWER}, **SMALL, interval_s=2.0)
    for name, interval_s in (("clock", 2.0), ("slower", 6.0)):
        figures = race[name]
        assert figures.waiting_s == pytest.approx(interval_s / 2, rel=0.03)
        assert figures.requests_per_s == pytest.approx(10 / interval_s, rel=0.02)
        assert figures.lost == 0
    for one in standings(race.rows, 10):
        assert one.score == pytest.approx(1, abs=0.04)


def test_all_meet_the_same_messages_and_the_same_clients():
    race = race_on_paper({"mine": UNTOUCHED, "clock": "short-polling"}, **SMALL)
    mine, clock = race.rows
    assert mine.by_trial == clock.by_trial
    assert len(set(mine.by_trial["waiting_s"])) == 3, "and each trial is another one"


def test_a_rule_that_sees_bunches_is_ahead_where_people_talk_in_bunches():
    talk = {"arrivals": "burst", "burst_size": 8, "burst_gap_s": 0.4}
    race = race_on_paper({"mine": Adaptive, "clock": "short-polling"}, **SMALL, **talk)
    assert race["mine"].waiting_s * race["mine"].requests_per_s < 0.97 * 10 / 2


@pytest.mark.parametrize("said", [None, "soon"])
def test_what_is_no_time_is_told(said):
    with pytest.raises(CourseError, match=r"`next_wait_s` says .*; it must say how many seconds"):
        race_on_paper({"mine": ruled(lambda *a: said)}, **SMALL)


def test_a_rule_without_a_pause_ends_all_the_same():
    race = race_on_paper({"mine": ruled(lambda *a: 0)}, **{**SMALL, "clients": 2, "trials": 1})
    assert race["mine"].waiting_s < 0.1


@pytest.mark.parametrize(
    "setting",
    [
        {"clients": 0},
        {"clients": 10**6},
        {"clients": "ten"},
        {"rate_per_s": 0},
        {"interval_s": float("nan")},
        {"room_size": -1},
        {"trials": 0},
        {"arrivals": "sometimes"},
        {"burst_size": -1},
    ],
)
def test_a_setting_that_cannot_be_is_told_in_one_line(setting):
    (name,) = setting
    with pytest.raises(CourseError, match=f"^{name} is ") as caught:
        race_on_paper({"mine": UNTOUCHED}, **{**SMALL, **setting})
    assert "\n" not in str(caught.value)


def test_what_needs_a_server_is_told():
    with pytest.raises(CourseError, match="needs a server"):
        race_on_paper({"mine": "sse"}, **SMALL)
