"""Whose numbers a question has."""

import pytest

from pushlab.course import exercise
from pushlab.course.exercises.student import VARIANTS, own_variant


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    for name in (VARIANTS, "JUPYTERHUB_USER", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_seed_or_a_name_everybody_has_the_same(monkeypatch):
    assert own_variant() == ""
    monkeypatch.setenv("JUPYTERHUB_USER", "anna")
    assert own_variant() == ""
    monkeypatch.setenv(VARIANTS, "2026")
    assert own_variant() == "2026/anna"
    assert repr(exercise("sse-1")) == "<Question sse-1 of 2026/anna>"
    assert repr(exercise("sse-1", "")) == "<Question sse-1>"
    monkeypatch.delenv("JUPYTERHUB_USER")
    assert own_variant() == ""


def test_nbgrader_grades_with_the_numbers_of_whom_it_grades(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIANTS, "2026")
    monkeypatch.setenv("JUPYTERHUB_USER", "teacher")
    folder = tmp_path / "autograded" / "anna" / "01_short_polling"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert own_variant() == "2026/teacher"
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert own_variant() == "2026/anna"
    monkeypatch.chdir(tmp_path)
    assert own_variant() == "2026/teacher"
