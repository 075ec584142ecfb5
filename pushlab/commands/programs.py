"""A program that somebody names, and that leaves a run: started, waited for, its run loaded."""

import contextlib
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pushlab.child_environment import child_environment
from pushlab.errors import RunError, UsageError
from pushlab.runs import Run

__all__ = ["run_of", "words_of"]

_OUT = "{out}"
_END_S = 15.0


def words_of(command: str) -> list[str]:
    """The words of a command line, for no shell; with ``--out {out}`` where it names no folder.

    Raises:
        UsageError: a quote has no end, or there is nothing in it.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{command!r} is no command line ({error})") from error
    if not words:
        raise UsageError("a command is empty")
    return words if any(_OUT in word for word in words) else [*words, "--out", _OUT]


def run_of(name: str, words: Sequence[str], place: Path) -> Run:
    """Run a command, and load the run that it left in `place`, or in a folder there.

    What it says goes to a file beside `place`. Where this is interrupted, the command ends first.

    Raises:
        UsageError: it cannot be started, fails, or leaves no run; the text is of `name`.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out: {place.parent}: {error.strerror}") from error
    log = place.with_suffix(".log")
    command = [word.replace(_OUT, str(place)) for word in words]
    try:
        with log.open("wb") as said:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=child_environment(),
            )
    except OSError as error:
        raise UsageError(f"{name}: {command[0]}: {error.strerror}") from error
    try:
        status = process.wait()
    except BaseException:
        _end(process)
        raise
    if status:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        told = lines[-1].strip() if lines else "it said nothing"
        raise UsageError(f"{name} ended with exit status {status}: {told} (see {log})")
    found = [each for each in (place, *sorted(place.glob("*"))) if (each / "run.json").exists()]
    if len(found) != 1:
        left = f"{len(found)} runs" if found else "no run"
        raise UsageError(f"{name} left {left} in {place} (see {log})")
    try:
        return Run.load(found[0])
    except RunError as error:
        raise UsageError(f"{name}: {error}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, as Ctrl-C has done already, and wait; what does not end is killed."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
