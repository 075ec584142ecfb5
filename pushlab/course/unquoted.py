"""Answers without quotes that are no Python: ``answer1 = 500 ms``, ``82%``, ``8 640 000``.

A student writes them as on paper. In a notebook such a line is given its quotes before Python sees
it; it is then read like any other text. What is Python already is left as it is.
"""

import ast
import builtins
import re
import sys
import warnings
from collections.abc import Callable, Container, Sequence
from typing import Any

__all__ = ["quoted", "read_as_on_paper"]

_ANSWER = re.compile(r"^(\s*answer\d+\s*=\s*)([^#\n]+?)(\s*(?:#.*)?\n?)$")
_GUESS = re.compile(
    r"""^(.*\bpredict\(\s*(?:"[^"]*"|'[^']*')\s*,\s*)([^#\n]+?)(\s*,\s*unit=.*\n?)$"""
)
_NUMERIC = re.compile(r"""[~≈+\-−$.,]?\s*\d[^"(\[{=#]*""")
#: Python would read these, and mean another thing: ``10^6`` is 12, ``50/s`` is a division.
_POWER = re.compile(r"[\d.,]+(?:\s*[*x×]\s*10)?\s*\^\s*\d+")
_RATE = re.compile(r"[\d.,]+\s*/\s*(?:s|sec|second|min|minute|h|hour|d|day)")


def quoted(lines: Sequence[str], names: Container[str] = ()) -> list[str]:
    """A cell's lines, with quotes around answers and guesses that are no Python.

    Args:
        names: what the notebook has defined.
    """
    return [_line(line, names) for line in lines]


def _line(line: str, names: Container[str]) -> str:
    found = _ANSWER.match(line) or _GUESS.match(line)
    if found is None or not _is_for_paper(found[2], names):
        return line
    return f"{found[1]}{found[2]!r}{found[3]}"


def _is_for_paper(typed: str, names: Container[str]) -> bool:
    if _POWER.fullmatch(typed) or _RATE.fullmatch(typed):
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            said = ast.parse(typed, mode="eval").body
    except (SyntaxError, ValueError):
        return _NUMERIC.fullmatch(typed) is not None
    if isinstance(said, ast.Tuple):  # 0,5 and 8,640,000
        return len(said.elts) > 1 and all(
            isinstance(each, ast.Constant) and type(each.value) is int for each in said.elts
        )
    if isinstance(said, ast.Name):  # a choice: c
        return len(said.id) == 1 and said.id not in names and not hasattr(builtins, said.id)
    return False


def read_as_on_paper() -> None:
    """From now on this notebook's answers are read so; outside of a notebook nothing happens."""
    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        return
    transformers: list[Callable[[list[str]], list[str]]] = shell.input_transformers_cleanup
    if not any(getattr(each, "of_pushlab", False) for each in transformers):

        def on_paper(lines: list[str]) -> list[str]:
            return quoted(lines, shell.user_ns)

        on_paper.of_pushlab = True  # type: ignore[attr-defined]
        transformers.append(on_paper)
