"""Standard output and error as they are: of any encoding, closed, full, or with a reader who left.

A letter that the terminal's encoding lacks is written as its nearest in ASCII, or as ``?``.
"""

import codecs
import os
import sys
from contextlib import suppress
from io import TextIOWrapper

__all__ = ["drop_output", "finish_output", "prepare_output"]

_NEAREST = {
    "≈": "~",
    "…": "...",
    "×": "x",
    "µ": "u",
    "μ": "u",
    "–": "-",
    "—": "-",
    "−": "-",
    "±": "+-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "→": "->",
    "·": "-",
    "•": "*",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "²": "2",
    "₂": "2",
    "━": "-",
    "─": "-",
    "╸": "-",
    "╺": "-",
    "│": "|",
    "\N{NO-BREAK SPACE}": " ",
}
_PLAIN = {"strict", "surrogateescape", "backslashreplace"}
_ERRORS = "pushlab-nearest"


def _nearest(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    letters = error.object[error.start : error.end]
    return "".join(_NEAREST.get(letter, "?") for letter in letters), error.end


def prepare_output() -> None:
    """Make both streams take every text; a closed one becomes the null device."""
    for descriptor in range(3):  # or the first file or socket that is opened gets its number
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error(_ERRORS, _nearest)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for good
        elif isinstance(stream, TextIOWrapper) and stream.errors in _PLAIN:
            stream.reconfigure(errors=_ERRORS)


def finish_output() -> None:
    """Write what waits. Raises OSError, such as BrokenPipeError, if it cannot be written."""
    sys.stdout.flush()


def drop_output() -> None:
    """Send what is still to come nowhere: its reader has left, or its disk is full."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
            continue
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
