"""Files of this user alone: made with mode 0600, replaced at once or not at all.

A file that others can read is refused, for whoever reads it can make tokens.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pushlab.errors import SetupError, UsageError

__all__ = ["locked", "open_private", "replace_private", "state_folder"]

_MODE = 0o600


def state_folder() -> Path:
    """Where a program keeps what shall survive a restart: ``XDG_STATE_HOME/pushlab`` or its like.

    Raises:
        SetupError: this user has no home.
    """
    told = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(told):  # the standard: a relative one is to be ignored
        return Path(told, "pushlab")
    try:
        home = Path.home()
    except RuntimeError as error:
        raise SetupError(
            "this user has no home folder to keep keys in; set XDG_STATE_HOME, name a file with"
            " --keys, give PUSHLAB_KEYS, or take --fresh-keys"
        ) from error
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "pushlab"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local", "pushlab")
    return home / ".local" / "state" / "pushlab"


def _create(path: str, flags: int) -> int:
    return os.open(path, flags, _MODE)


@contextlib.contextmanager
def open_private(path: Path, mode: str) -> Iterator[IO[Any]]:
    """Open a file of this user's; one that is made is for this user alone.

    Raises:
        UsageError: others can read it, or it is another user's.
        OSError: it cannot be opened.
    """
    with open(path, mode, opener=_create) as file:
        if os.name == "posix":
            status = os.fstat(file.fileno())
            if status.st_mode & 0o077:
                raise UsageError(
                    f"{path} can be read by others than you, and who reads it can make tokens;"
                    f" 'chmod 600 {path}' if nobody has, else move it away"
                )
            if status.st_uid not in (os.geteuid(), 0):
                raise UsageError(f"{path} belongs to another user; be that user, or move it away")
        yield file


def replace_private(path: Path, content: bytes) -> None:
    """Put a file of this user's there; a crash leaves the old one or the new one, whole.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    path = path.resolve()  # a link stays one
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # of mode 0600
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time changes the file at `path`; a lock beside it says whose turn it is."""
    try:
        import fcntl
    except ImportError:  # this system has no such locks
        yield
        return
    with open(path.with_name(f".{path.name}.lock"), "ab", opener=_create) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
