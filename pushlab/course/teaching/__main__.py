"""``python -m pushlab.course.teaching copies|nbgrader|print``: see each one's ``--help``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pushlab.course.teaching.copies import make_copies, students_of
from pushlab.course.teaching.nbgrader_course import lay_out_course
from pushlab.course.teaching.paper import print_page
from pushlab.errors import PushlabError, UsageError

_COURSE = Path(__file__).resolve().parents[1]


def _chapters(names: Sequence[str]) -> list[Path]:
    """The notebooks of the chapters with these numbers, or all. Raises UsageError."""
    for folder in (_COURSE.parents[1] / "notebooks", _COURSE / "_notebooks"):
        found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
        if found:
            break
    else:
        raise UsageError("this installation of pushlab has no notebooks")
    known = {path.name[:2]: path for path in found}
    for name in names:
        if name.zfill(2) not in known:
            raise UsageError(f"there is no chapter {name} (known: {', '.join(known)})")
    return [known[name.zfill(2)] for name in names] or found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pushlab.course.teaching")
    what = parser.add_subparsers(dest="what", required=True)
    copies = what.add_parser("copies", help="a folder for each student, with his own numbers")
    copies.add_argument("students", type=Path, help="a file with a name a line")
    copies.add_argument("--seed", required=True, help="such as a year; keep it for yourself")
    copies.add_argument("--out", type=Path, default=Path("students"), help="default: students/")
    copies.add_argument("--key", type=Path, default=Path("key.csv"), help="default: key.csv")
    course = what.add_parser("nbgrader", help="a course folder: sources and settings")
    course.add_argument("folder", type=Path)
    for each in (copies, course):
        each.add_argument("--chapters", nargs="+", default=[], help="such as 1 2 3; default: all")
    paper = what.add_parser("print", help="a page as a PDF, by Chromium")
    paper.add_argument("page", type=Path)
    paper.add_argument("--out", type=Path, help="default: beside the page")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        if chosen.what == "copies":
            made = make_copies(
                students_of(chosen.students),
                _chapters(chosen.chapters),
                seed=chosen.seed,
                out=chosen.out,
                key=chosen.key,
            )
            made.append(chosen.key)
        elif chosen.what == "nbgrader":
            made = lay_out_course(_chapters(chosen.chapters), chosen.folder)
        else:
            if not chosen.page.is_file():
                raise UsageError(f"{chosen.page}: there is no such page")
            made = [chosen.out or chosen.page.with_suffix(".pdf")]
            print_page(chosen.page, made[0])
    except PushlabError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    for path in made:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
