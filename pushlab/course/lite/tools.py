"""The programs that build the site: pip, npm and JupyterLite, each run and its trouble told."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from pushlab.child_environment import child_environment
from pushlab.errors import SetupError

__all__ = ["run"]


def run(what: str, command: Sequence[str], *, cwd: Path) -> None:
    """Run a program to its end, quietly.

    Args:
        what: what it is run for, as in ``"Pyodide could not be had"``.

    Raises:
        SetupError: it is not there, or it failed; the text ends with the last line that it said.
    """
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise SetupError(f"{what}: {command[0]} is not installed") from error
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it said nothing"]
        raise SetupError(f"{what}: {lines[-1]}")
