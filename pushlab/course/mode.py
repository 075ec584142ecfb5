"""How the course runs: in full, fast for a test, or only read where no server can start."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "FAST",
    "PICTURES",
    "READING",
    "RECORDING",
    "SLIDES",
    "environment",
    "fast",
    "pictures_folder",
    "reading",
    "recording",
    "slides",
]

#: Set to 1: short windows and few clients; the same cells, the same structure.
FAST = "PUSHLAB_COURSE_FAST"
#: Set to 1: start no server; draw everything from what is committed.
READING = "PUSHLAB_COURSE_READING"
#: Set to 1: show what is recorded, and where nothing is, run it and record it.
RECORDING = "PUSHLAB_COURSE_RECORDING"
#: A folder in which every picture that is shown is also kept, as a page at slide size.
PICTURES = "PUSHLAB_COURSE_PICTURES"
#: Set to 1: what is shown is for an audience, which guesses aloud: no guess is drawn for nobody.
SLIDES = "PUSHLAB_COURSE_SLIDES"

#: Where none starts: a browser's tab, and Windows (in its WSL the course runs in full).
_NO_SERVERS = ("emscripten", "win32")


def fast() -> bool:
    """Whether to hurry."""
    return _is_set(FAST)


def reading() -> bool:
    """Whether to start no server: where that is asked for, in a browser's tab, and on Windows."""
    return sys.platform in _NO_SERVERS or _is_set(READING)


def recording() -> bool:
    """Whether to record what is not recorded yet."""
    return _is_set(RECORDING)


def slides() -> bool:
    """Whether what is shown becomes slides."""
    return _is_set(SLIDES)


def pictures_folder() -> str | None:
    """Where to keep pictures, if anywhere."""
    return os.environ.get(PICTURES) or None


@contextmanager
def environment(name: str, value: str) -> Iterator[None]:
    """In the body, this process and those that it starts have the variable."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() not in ("", "0", "no", "false")
