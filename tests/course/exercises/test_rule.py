"""A rule for polling is tried, and no waiting that is none passes."""

import math

import pytest

from pushlab.course import exercise
from pushlab.course.exercises import Rule, all_exercises
from pushlab.course.polling_kit import PollingTransport
from tests.course.student_transports import Adaptive

RULES = [each for each in all_exercises().values() if isinstance(each, Rule)]


def rule(wait):
    return type("Mine", (PollingTransport,), {"next_wait_s": staticmethod(wait)})


@pytest.mark.parametrize("each", RULES, ids=[each.id for each in RULES])
def test_a_rule_is_tried_and_its_mistakes_are_told_apart(each):
    told = {bad.name: each.check(bad.answer) for bad in each.mistakes}
    assert len(told) >= 5
    for bad in each.mistakes:
        assert (told[bad.name].verdict, told[bad.name].mistake) == ("wrong", bad.name)
        assert bad.reply in told[bad.name].text
    assert each.check(PollingTransport).verdict == "not attempted", "the rule as it was given"
    assert each.check(Adaptive)


@pytest.mark.parametrize(
    ("wait", "mistake", "words"),
    [
        (lambda last, found, usual: 1e-9 if found else usual, "no pause", "next to nothing"),
        (lambda last, found, usual: -1 if found else usual, "no pause", "storm"),
        (lambda last, found, usual: math.nan, "no time", "`nan` after it found something"),
        (lambda last, found, usual: math.inf if not found else 0.5, "no time", "`inf`"),
        (lambda last, found, usual: None, "no time", "with `return`"),
        (lambda last, found, usual: "1", "no time", "`'1'`"),
        (lambda last, found, usual: True, "no time", "`True`"),
        (lambda last, found: 1, "fails", "TypeError"),
        (
            lambda last, found, usual: last / 2 if found else min(5, last * 2),
            "no shortest wait",
            "`max(...)`",
        ),
        (lambda last, found, usual: last / 0, "fails", "ZeroDivisionError"),
    ],
)
def test_what_is_no_rule(wait, mistake, words):
    told = exercise("choose-3").check(rule(wait))
    assert (told.verdict, told.mistake) == ("wrong", mistake)
    assert words in told.text


def test_a_rule_that_is_a_coroutine_is_told_so():
    class Mine(PollingTransport):
        async def next_wait_s(self, last_s, found, usual_s):
            return 1

    told = exercise("choose-3").check(Mine)
    assert told.mistake == "no time"
    assert "coroutine" in told.text


def test_a_rule_without_end_is_stopped_and_an_error_is_the_students_own():
    def endless(last_s, found, usual_s):
        while True:
            pass

    assert exercise("choose-3").check(rule(endless)).mistake == "endless loop"

    class Fails(PollingTransport):
        def next_wait_s(self, last_s, found, usual_s):
            return last / 2  # noqa: F821

    told = exercise("choose-3").check(Fails)
    assert "NameError" in told.text
    assert "return last / 2" in told.code
    assert "rule.py" not in told.code.replace("test_rule.py", "")
