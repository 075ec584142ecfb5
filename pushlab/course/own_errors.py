"""What a student's transport raises, wherever it runs: written down at once, as its own traceback.

The two ends of a wire run in processes of their own, where servers and clients catch errors to live
on. So the methods of a student's classes are wrapped there, and the first error is kept in a file.
"""

import functools
import inspect
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from pushlab.course.watching import own_traceback
from pushlab.errors import PushlabError

__all__ = ["ERRORS", "watch"]

#: The file in which the first error is kept; without it nothing is watched.
ERRORS = "PUSHLAB_COURSE_ERRORS"
#: What a transport may raise as part of its work: a lost line, a bad token.
_USUAL = (PushlabError, OSError, EOFError)


def watch(module: ModuleType) -> None:
    """Watch the classes that a module defines, where the surroundings ask for it."""
    if not os.environ.get(ERRORS):
        return
    for kind in list(vars(module).values()):
        if isinstance(kind, type) and kind.__module__ == module.__name__:
            for name, value in list(vars(kind).items()):
                if inspect.isfunction(value) and not inspect.isgeneratorfunction(value):
                    setattr(kind, name, _watched(value))


def _watched(method: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(method):
        return method
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def waits(*args: Any, **more: Any) -> Any:
            try:
                return await method(*args, **more)
            except _USUAL:
                raise
            except Exception as error:
                _keep(error)
                raise

        return waits

    @functools.wraps(method)
    def calls(*args: Any, **more: Any) -> Any:
        try:
            told = method(*args, **more)
            if method.__name__ == "next_wait_s":
                _check_wait(told)
            return told
        except _USUAL:
            raise
        except Exception as error:
            _keep(error)
            raise

    return calls


def _check_wait(told: Any) -> None:
    """Raise TypeError or ValueError for what is no wait, which would be told in pushlab's lines."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        missing = " Is a `return` missing?" if told is None else ""
        raise TypeError(f"next_wait_s returned {told!r}, which is no number of seconds.{missing}")
    if math.isnan(told):
        raise ValueError("next_wait_s returned nan, which is no number of seconds")


def _keep(error: Exception) -> None:
    """Write the first one down, whole or not at all."""
    path = Path(os.environ[ERRORS])
    if path.exists():
        return
    told = own_traceback(error) or f"{type(error).__name__}: {error}"
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps({"kind": type(error).__name__, "trace": told}), encoding="utf-8")
    part.replace(path)
