"""Exercises judge answers: right, wrong in a known way, wrong, or not attempted."""

import itertools

import pytest

from pushlab.course.builds.base import Build
from pushlab.course.exercises import Choice, Number, Rule, all_exercises, exercise
from pushlab.course.polling_kit import PollingTransport
from pushlab.course.trouble import CourseError
from tests.course.student_transports import Adaptive

EXERCISES = all_exercises()
NUMBERS = [each for each in EXERCISES.values() if isinstance(each, Number)]
CHOICES = [each for each in EXERCISES.values() if isinstance(each, Choice)]
QUESTIONS = {each.id: each for each in EXERCISES.values() if not isinstance(each, Build)}
RULES = [each for each in EXERCISES.values() if isinstance(each, Rule)]


@pytest.mark.parametrize("each", QUESTIONS.values(), ids=QUESTIONS)
def test_an_untouched_exercise_says_so_and_the_right_answer_passes(each):
    for untouched in (..., None):
        assert each.check(untouched).verdict == "not attempted"
    assert not each.check(...)
    right = each.check(each.answer)
    assert right.verdict == "right"
    assert right.text == each.why
    assert each.check(object()).verdict == "not an answer"
    assert each.shown_answer() in str(each.solution())
    assert each.clue.strip() != each.why.strip()


@pytest.mark.parametrize("each", NUMBERS, ids=[each.id for each in NUMBERS])
def test_likely_mistakes_are_told_apart(each):
    made = {mistake: mistake.makes(each.answer) for mistake in each.mistakes}
    assert len(made) >= 3
    for mistake, value in made.items():
        told = each.check(value)
        assert (told.verdict, told.mistake) == ("wrong", mistake.name)
        assert told.text == mistake.reply
    assert len({mistake.reply for mistake in made}) == len(made)
    for one, other in itertools.combinations([each.answer, *made.values()], 2):
        assert not each.near(one, other), f"{one} and {other} cannot be told apart"
    assert each.check(each.answer * 1.31).verdict == "wrong"
    assert each.check(each.answer * (1 + each.tolerance / 2)).verdict == "right"


@pytest.mark.parametrize("each", CHOICES, ids=[each.id for each in CHOICES])
def test_every_wrong_choice_has_a_reply_of_its_own(each):
    wrong = [key for key in each.options if key != each.answer]
    assert len(wrong) >= 2
    told = [each.check(key) for key in wrong]
    assert all(one.verdict == "wrong" for one in told)
    assert len({one.text for one in told}) == len(wrong)
    assert each.check(f" {each.answer.upper()} ").verdict == "right"


def test_an_answer_may_be_written_as_people_write():
    cost = exercise("polling-cost-1")
    assert cost.check("8,640,000")
    assert cost.check("8640000 requests")
    assert exercise("short-polling-1").check("2 s")
    assert not exercise("short-polling-1").check(True)


def test_an_unknown_exercise_names_the_nearest():
    with pytest.raises(CourseError, match="did you mean 'short-polling-1'"):
        exercise("short-poling-1")


def test_nbgrader_sees_a_wrong_answer_fail(monkeypatch):
    asked = exercise("short-polling-1")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert asked.check(2)
    with pytest.raises(AssertionError, match="longest wait"):
        asked.check(4)


@pytest.mark.parametrize("each", RULES, ids=[each.id for each in RULES])
def test_a_rule_is_tried_and_its_mistakes_are_told_apart(each):
    told = {bad.name: each.check(bad.answer) for bad in each.mistakes}
    assert len(told) >= 3
    for bad in each.mistakes:
        assert (told[bad.name].verdict, told[bad.name].mistake) == ("wrong", bad.name)
        assert bad.reply in told[bad.name].text
    assert each.check(PollingTransport).verdict == "not attempted", "the rule as it was given"
    assert each.check(Adaptive)

    class Fails(PollingTransport):
        def next_wait_s(self, last_s, found, usual_s):
            return last / 2  # noqa: F821

    assert "NameError" in each.check(Fails).text
