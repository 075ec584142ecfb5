"""A class gets copies with numbers of their own, and no answers."""

import csv
import re
from pathlib import Path

import nbformat
import pytest

from pushlab.course import exercise
from pushlab.course.teaching.__main__ import main
from pushlab.course.teaching.copies import students_of
from pushlab.errors import UsageError

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


@pytest.fixture
def room(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("class.txt").write_text("# 10b\nanna\nben\n\n")
    return tmp_path


def test_each_student_gets_his_own_numbers_and_the_key_stays_apart(room, capsys):
    assert main(["copies", "class.txt", "--seed", "2026", "--chapters", "1", "2"]) == 0
    assert capsys.readouterr().out.split() == ["students/anna", "students/ben", "key.csv"]
    assert {path.name for path in Path("students/anna").iterdir()} == {
        "01_short_polling.ipynb",
        "02_what_a_poll_costs.ipynb",
    }
    with Path("key.csv").open() as file:
        key = list(csv.DictReader(file))
    for student in ("anna", "ben"):
        path = Path("students", student, "01_short_polling.ipynb")
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        text = path.read_text().replace('\\"', '"')
        asked = re.findall(r'exercise\("([\w-]+)", variant="([^"]+)"\)', text)
        assert {variant for _, variant in asked} == {f"2026/{student}"}
        rows = {row["exercise"]: row["answer"] for row in key if row["student"] == student}
        for id, variant in asked:
            if id in rows:
                assert exercise(id, variant).check(rows[id])
        original = nbformat.read(NOTEBOOKS / path.name, as_version=4)
        differ = [a.id for a, b in zip(book.cells, original.cells, strict=True) if a != b]
        assert len(differ) == len(asked), "nothing but the questions"
    answers = [
        [row["answer"] for row in key if row["student"] == student] for student in ("anna", "ben")
    ]
    assert answers[0] != answers[1]


def test_nothing_is_overwritten_and_no_key_lies_among_copies(room, capsys):
    inside = ["copies", "class.txt", "--seed", "1", "--key", "students/key.csv"]
    assert main(inside) == 2
    assert "among the students' copies" in capsys.readouterr().err
    assert not Path("students").exists()
    assert main(["copies", "class.txt", "--seed", "1", "--chapters", "1"]) == 0
    assert main(["copies", "class.txt", "--seed", "1", "--chapters", "1"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["copies", "class.txt", "--seed", "1", "--chapters", "77"]) == 2
    assert "there is no chapter 77" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "# nobody\n", "../x\n", "anna\nAnna\n", "Anna Lee\n"])
def test_a_class_list_that_cannot_be_is_told(room, text):
    Path("bad.txt").write_text(text)
    with pytest.raises(UsageError, match=r"bad\.txt: "):
        students_of(Path("bad.txt"))
    with pytest.raises(UsageError, match="cannot be read"):
        students_of(Path("none.txt"))
