"""The environment of the processes that pushlab starts: this one's, without what is pushlab's own.

Keys and passwords are given to pushlab in variables called ``PUSHLAB_...``; a broker, a browser or
a worker has no use for them, and any user's program may read the environment of another of his. So
all of them are left out, but for how the course runs.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["child_environment", "is_kept", "without_secrets"]

_OWN = "PUSHLAB_"
_HARMLESS = "PUSHLAB_COURSE_"


def is_kept(name: str) -> bool:
    """Whether a child gets the variable of that name."""
    return not name.upper().startswith(_OWN) or name.startswith(_HARMLESS)


def child_environment(**more: str) -> dict[str, str]:
    """What a child gets; `more` goes before what there is."""
    return {**{name: value for name, value in os.environ.items() if is_kept(name)}, **more}


@contextmanager
def without_secrets() -> Iterator[None]:
    """Meanwhile the environment is that of a child, for libraries that start one by themselves."""
    hidden = {name: value for name, value in os.environ.items() if not is_kept(name)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)
