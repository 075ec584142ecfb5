"""One copy of the chapters for each student, with numbers of his own; the key lies elsewhere."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pushlab.course.exercises import all_exercises
from pushlab.course.exercises.base import Choice, Number
from pushlab.errors import SetupError, UsageError

__all__ = ["make_copies", "students_of"]

_ASKED = re.compile(r'\bexercise\((["\'])([\w-]+)\1\)')
_NAME = re.compile(r"[\w][\w.@-]*")


def students_of(path: Path) -> list[str]:
    """The students of a class list: one name a line, as their folders are to be called.

    Raises:
        UsageError: there is no such file, it is empty, or a name cannot be a folder's.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error})") from error
    names = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for name in names:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{path}: {name!r} cannot be a folder's name; write anna or anna-lee")
    if not names:
        raise UsageError(f"{path}: there is no name in it")
    if len({name.lower() for name in names}) < len(names):
        raise UsageError(f"{path}: a name stands in it twice")
    return names


def make_copies(
    students: Sequence[str], chapters: Sequence[Path], *, seed: str, out: Path, key: Path
) -> list[Path]:
    """Write a folder of notebooks for each student, and the key of all as a CSV file.

    Args:
        seed: such as a year; the same seed and name give the same numbers, ever after.
        out: where the students' folders go.
        key: where the answers go: a file that is not within `out`.

    Returns:
        the students' folders.

    Raises:
        UsageError: the key would lie among the copies, or a student's folder is there already.
        SetupError: a file cannot be written.
    """
    if out.resolve() in key.resolve().parents:
        raise UsageError(f"{key}: the answers would lie among the students' copies")
    folders = [out / student for student in students]
    for folder in folders:
        if folder.exists():
            raise UsageError(f"{folder}: is there already; name another folder, or remove it")
    try:
        for student, folder in zip(students, folders, strict=True):
            folder.mkdir(parents=True)
            for chapter in chapters:
                text = _with_variant(chapter, f"{seed}/{student}")
                (folder / chapter.name).write_text(text, encoding="utf-8")
        key.parent.mkdir(parents=True, exist_ok=True)
        with key.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["student", "exercise", "answer"])
            writer.writerows(_key(students, seed))
    except OSError as error:
        raise SetupError(f"{error.filename}: cannot be written ({error.strerror})") from error
    return folders


def _with_variant(chapter: Path, variant: str) -> str:
    """The notebook whose questions are those of a variant."""
    book = json.loads(chapter.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = [
                _ASKED.sub(rf'exercise("\2", variant="{variant}")', line) for line in cell["source"]
            ]
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def _key(students: Sequence[str], seed: str) -> Iterator[tuple[str, str, str]]:
    for student in students:
        for id, each in all_exercises(f"{seed}/{student}").items():
            if isinstance(each, Number | Choice):
                yield student, id, each.shown_answer()
