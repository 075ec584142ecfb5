"""A server that stands still, by two ways to measure."""

import pytest

from pushlab.course import hiccup, predict
from pushlab.course.trouble import CourseError
from tests.course.drawn import check_layout


def test_a_closed_loop_leaves_out_what_an_open_one_sees():
    closed, opened = hiccup("closed"), hiccup("open")
    assert len(opened.waits_s) == 500
    assert closed.percentile_s(99) == pytest.approx(0.01)
    assert opened.percentile_s(99) > 1.8
    assert closed.worst_s == opened.worst_s == pytest.approx(2.01)
    assert sum(wait > 0.1 for wait in closed.waits_s) == 1
    assert 14e-3 < closed.mean_s < 16e-3, "the chapter says 15 ms"
    assert closed.percentile_s(50) == opened.percentile_s(50) == pytest.approx(0.01)


def test_without_a_stop_both_say_the_same():
    both = [hiccup(loop, stopped_s=(0, 0)) for loop in ("closed", "open")]
    assert both[0].waits_s == both[1].waits_s


def test_the_pictures_say_it():
    closed, opened = hiccup("closed"), hiccup("open")
    guess = predict("?", 0, unit="s", gentle=1)
    assert "99 of 100 within: 10 ms" in check_layout(closed.chart(guess))
    assert "1 slow answer on one list, 96 on the other" in closed.beside(opened).title
    check_layout(closed.beside(opened))


def test_a_slip_is_told():
    with pytest.raises(CourseError, match="'closed' or 'open'"):
        hiccup("round")
    with pytest.raises(CourseError, match="above 0"):
        hiccup("open", every_s=0)
