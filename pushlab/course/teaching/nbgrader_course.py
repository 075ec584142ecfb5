"""A course for nbgrader: a folder a chapter in ``source/``, and the settings that belong to it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from pushlab.errors import SetupError, UsageError

__all__ = ["SETTINGS", "lay_out_course"]

SETTINGS = """\
c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "pushlab"

# The answer cells hold `answer1 = ...`, or the skeleton of what is to be built: there is no
# solution in them that had to be taken out, and what stands there is what students begin with.
c.ClearSolutions.enabled = False

# A chapter measures with real servers. Where these cannot start, or to be quick, begin the grading
# with PUSHLAB_COURSE_READING=1; with PUSHLAB_COURSE_VARIANTS=<seed> as the students had it.
c.Execute.timeout = 300
"""


def lay_out_course(chapters: Sequence[Path], folder: Path) -> list[Path]:
    """Write the sources of the assignments, one a chapter, and ``nbgrader_config.py``.

    Returns:
        the assignments' folders.

    Raises:
        UsageError: there is such a course already.
        SetupError: a file cannot be written.
    """
    if (folder / "source").exists() or (folder / "nbgrader_config.py").exists():
        raise UsageError(f"{folder}: a course is there already; name another folder")
    made = []
    try:
        for chapter in chapters:
            home = folder / "source" / chapter.stem
            home.mkdir(parents=True)
            shutil.copy(chapter, home / chapter.name)
            made.append(home)
        (folder / "nbgrader_config.py").write_text(SETTINGS, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{error.filename}: cannot be written ({error.strerror})") from error
    return made
