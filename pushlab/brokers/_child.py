"""A child process that dies with its parent, and what it says."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from pushlab.child_environment import child_environment
from pushlab.errors import BrokerUnavailable

__all__ = ["first_line", "last_lines", "spawn", "tail"]

_PR_SET_PDEATHSIG = 1


async def first_line(child: "subprocess.Popen[bytes]", told: bytes, *, within_s: float) -> bytes:
    """Tell a child something, and wait for its first line. Raises TimeoutError."""
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(told)
        child.stdin.flush()
    line: bytes = await asyncio.wait_for(asyncio.to_thread(child.stdout.readline), within_s)
    return line


def last_lines(text: str) -> str:
    """The end of a text, on one line."""
    return " | ".join(text.strip().splitlines()[-3:])


def tail(*paths: Path) -> str:
    """The last words in the first of these files that has any."""
    for path in paths:
        with contextlib.suppress(OSError):
            if lines := last_lines(path.read_text(errors="replace")):
                return lines
    return ""


def spawn(
    command: list[str],
    *,
    stdin: int,
    stdout: "int | IO[bytes]",
    stderr: "int | IO[bytes]",
    variables: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """A child in a session of its own (Ctrl-C is for us, and we stop it) that dies with us.

    Args:
        variables: of its environment, besides what every child has.
    """
    try:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=child_environment(**(variables or {})),
            start_new_session=True,
            preexec_fn=_dies_with_parent(),
        )
    except OSError as error:
        raise BrokerUnavailable(f"cannot run {command[0]}: {error.strerror}") from error


def _dies_with_parent() -> Callable[[], None] | None:
    """What makes the kernel kill a child when its parent is gone (Linux: prctl(2)).

    And gives it as many descriptors as there are to have: each reader needs one.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    import resource  # not every platform has it

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it went before we asked
            os._exit(1)
        with contextlib.suppress(ValueError, OSError):
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    return ask
