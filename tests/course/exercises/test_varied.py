"""Questions with other numbers are as good as the course's own, in each of their variants."""

import importlib
import itertools
import re

import pytest

from pushlab.course.exercises import CHAPTERS, Number, all_exercises, exercise
from pushlab.course.exercises.varied import Varied

VARIED = {
    f"{chapter}-{number}": each
    for chapter in CHAPTERS
    for number, each in enumerate(
        importlib.import_module(f"pushlab.course.exercises.{chapter}").EXERCISES, 1
    )
    if isinstance(each, Varied)
}


def test_all_numbers_vary():
    numbers = [each for each in all_exercises().values() if isinstance(each, Number)]
    assert len(VARIED) == len(numbers) >= 22


@pytest.mark.parametrize("id", VARIED)
def test_every_variant_tells_its_mistakes_apart_and_takes_its_own_solution(id):
    sets = list(VARIED[id].numbers())
    assert len(sets) >= 4
    for numbers in sets:
        asked = VARIED[id].make(**numbers)
        made = [asked.answer, *(mistake.makes(asked.answer) for mistake in asked.mistakes)]
        assert len(made) >= 5
        for one, other in itertools.combinations(made, 2):
            assert not asked.near(one, other), (numbers, one, other)
        assert asked.judge(asked.shown_answer()), "as the solution writes it"
        for number in numbers.values():
            assert re.search(rf"(?<![\d.]){number:,}(?![\d.]\d)", asked.question), numbers
        assert not re.search(r"\d{7}|\d\.\d{7}|e[-+]\d", f"{asked.why} {asked.clue}"), asked.why


def test_a_seed_gives_the_same_numbers_every_time_and_others_to_others():
    one = exercise("polling-cost-1", "2026/anna")
    assert str(one) == str(exercise("polling-cost-1", "2026/anna"))
    assert "300 people" in str(one), "as in every Python of every year"
    sheets = {
        str([each.question for each in all_exercises(f"2026/{name}").values()])
        for name in ("", "anna", "ben", "chen", "dina", "emre", "fay")
    }
    assert len(sheets) == 7
    assert exercise("polling-cost-1", "").check(8_640_000)
    assert not one.check(8_640_000)
