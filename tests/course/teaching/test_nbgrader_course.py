"""The course as nbgrader's: released, answered, graded by nbgrader itself where it is installed."""

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

from pushlab.course.builds.base import Build
from pushlab.course.exercises import all_exercises
from pushlab.course.exercises.student import VARIANTS
from pushlab.course.mode import FAST, READING
from pushlab.course.teaching.nbgrader_course import SETTINGS, lay_out_course
from pushlab.errors import UsageError

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
CHAPTERS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
FIRST = "01_short_polling"


def cells_of(path, kind):
    """The cells of a kind that nbgrader knows: question, answer or check, by exercise."""
    book = nbformat.read(path, as_version=4)
    return {
        cell.metadata["nbgrader"]["grade_id"].rpartition("-")[0]: cell
        for cell in book.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith(f"-{kind}")
    }


@pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem for path in CHAPTERS])
def test_by_nbgraders_rules_each_exercise_is_a_locked_question_an_answer_and_points(path):
    questions, answers, checks = (cells_of(path, k) for k in ("question", "answer", "check"))
    assert questions.keys() == answers.keys() == checks.keys()
    for id in questions:
        asked, given, judged = (
            each[id].metadata["nbgrader"] for each in (questions, answers, checks)
        )
        assert (asked["locked"], asked["grade"], asked["solution"]) == (True, False, False)
        assert (given["locked"], given["grade"], given["solution"]) == (False, False, True)
        assert (judged["locked"], judged["grade"], judged["solution"]) == (True, True, False)
        assert judged["points"] >= 1
        known = all_exercises()[id]
        held = answers[id].source.strip()
        given = known.skeleton.strip() if isinstance(known, Build) else f"answer{id[-1]} = ..."
        assert held == given, "there is no solution to take out"
        assert str(getattr(known, "why", "")) not in json.dumps(nbformat.read(path, 4))
    asked_for = {
        id for id in all_exercises() if f'exercise("{id}")' in path.read_text().replace('\\"', '"')
    }
    assert asked_for == set(questions)


def test_a_course_is_laid_out_once_and_without_answers(tmp_path):
    made = lay_out_course(CHAPTERS[:2], tmp_path)
    assert [folder.name for folder in made] == [path.stem for path in CHAPTERS[:2]]
    assert (tmp_path / "nbgrader_config.py").read_text() == SETTINGS
    assert not list(tmp_path.rglob("*instructor*"))
    with pytest.raises(UsageError, match="is there already"):
        lay_out_course(CHAPTERS[:2], tmp_path)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore:Object of type <Submitted")  # nbgrader's own, of SQLAlchemy
def test_nbgrader_releases_and_grades_a_chapter(tmp_path, monkeypatch):
    """Anna gives her own number, leaves one out, and copies one of Ben."""
    pytest.importorskip("nbgrader")
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config, PyFileConfigLoader

    for name, value in ((FAST, "1"), (READING, "1"), (VARIANTS, "2026")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JUPYTERHUB_USER", "teacher")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)  # alembic's
    monkeypatch.chdir(tmp_path)
    lay_out_course([path for path in CHAPTERS if path.stem == FIRST], tmp_path)
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(tmp_path)).load_config())
    config.CourseDirectory.root = str(tmp_path)
    api = NbGraderAPI(config=config)
    assert api.generate_assignment(FIRST)["success"]
    released = tmp_path / "release" / FIRST / f"{FIRST}.ipynb"
    assert "answer1 = ..." in released.read_text()
    assert "NotImplementedError" not in released.read_text()
    own, bens = (all_exercises(f"2026/{name}") for name in ("anna", "ben"))
    first, last = "short-polling-1", "short-polling-3"
    assert own[last].answer != bens[last].answer
    answers = {first: own[first].shown_answer(), last: bens[last].shown_answer()}
    _submit(released, tmp_path, "anna", {id: repr(said) for id, said in answers.items()})
    graded = api.autograde(FIRST, "anna")
    assert graded["success"], graded
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        points = {
            grade.cell.name.removesuffix("-check"): grade.auto_score
            for notebook in book.find_submission(FIRST, "anna").notebooks
            for grade in notebook.grades
        }
    assert points.pop(first) == 1
    assert len(points) >= 3
    assert set(points.values()) == {0}, "untouched, another's number, and nothing built"


def _submit(released, folder, name, answers):
    """What a student hands in: the released notebook with answers in it."""
    book = nbformat.read(released, as_version=4)
    for cell in book.cells:
        id, _, kind = cell.metadata.get("nbgrader", {}).get("grade_id", "").rpartition("-")
        if kind == "answer" and id in answers:
            cell.source = cell.source.replace("...", answers[id])
    home = folder / "submitted" / name / FIRST
    home.mkdir(parents=True)
    nbformat.write(book, home / released.name)
