"""What a student holds of an exercise has no answer in it."""

import copy
import pickle

import pytest

from pushlab.course import answers, exercise
from pushlab.course.exercises import all_exercises
from pushlab.course.exercises.question import SOLUTIONS
from pushlab.course.trouble import CourseError


@pytest.mark.parametrize("id", all_exercises())
def test_nothing_of_the_answer_is_on_the_object(id):
    question = exercise(id)
    assert not hasattr(question, "__dict__")
    public = [name for name in dir(question) if not name.startswith("_")]
    assert public == ["check", "hint", "id", "solution", "variant"]
    for secret in ("answer", "mistakes", "why", "clue", "replies", "code", "cases"):
        assert not hasattr(question, secret)
    assert repr(question) == f"<Question {id}>"
    assert id in str(question)


def test_it_judges_helps_and_can_be_copied():
    question = exercise("short-polling-1")
    assert question.check(2)
    assert question.check(2, 0).verdict == "unclear"
    assert "luckiest" in str(question.hint())
    assert "2 s" in str(question.solution())
    for twin in (copy.copy(question), pickle.loads(pickle.dumps(question))):
        assert twin.check("2 s")


def test_what_is_told_to_be_typed_works():
    for id in all_exercises():
        question = exercise(id)
        name = f"q{id.rpartition('-')[2]}"
        told = f"{question} {question.check(-12345)}"
        assert f"`{name}.hint()`" in told
        for call in ("hint()", "solution()"):
            assert eval(f"{name}.{call}", {name: question}).title


def test_a_teacher_may_keep_the_solutions_back(monkeypatch):
    monkeypatch.setenv(SOLUTIONS, "closed")
    question = exercise("short-polling-1")
    assert "2 s" not in str(question.solution())
    assert "closed" in str(question.solution())
    assert "luckiest" in str(question.hint())
    with pytest.raises(CourseError, match="closed"):
        answers("short-polling")
