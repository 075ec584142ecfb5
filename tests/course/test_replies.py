"""The teacher's list of replies (teaching/replies.md) is what students are told today."""

import re

from pushlab.course.exercises import Number, all_exercises
from tests.course.replies import FILE, page, plain, rows, ways


def test_the_list_is_what_students_are_told():
    told = "run `python -m tests.course.replies` after a change of an exercise"
    assert plain(FILE.read_text(encoding="utf-8")) == plain(page()), told


def test_every_number_is_read_in_five_ways_and_more():
    for each in all_exercises().values():
        if isinstance(each, Number):
            typed = ways(each.answer, each.unit)
            assert len(set(typed)) >= 5
            verdicts = {way: each.check(eval(way)).verdict for way in typed}
            assert set(verdicts.values()) <= {"right", "unclear"}, verdicts
            assert list(verdicts.values()).count("right") >= 5, verdicts


def test_every_exercise_has_at_least_four_wrong_answers_or_all_there_are():
    parts = re.split(r"^## ", FILE.read_text(encoding="utf-8"), flags=re.M)[1:]
    assert [part.split("\n")[0] for part in parts] == list(all_exercises())
    for part in parts:
        assert len(re.findall(r"\*\*Not yet\.\*\*", part)) >= 2
        assert "**Not attempted yet.**" in part
        assert "**Right.**" in part
    for each in all_exercises().values():
        if isinstance(each, Number):
            assert sum(told.verdict == "wrong" for _, _, told in rows(each)) >= 4
