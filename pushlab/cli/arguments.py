"""Arguments that several commands have."""

import argparse
from pathlib import Path
from typing import TypeAlias

__all__ = ["Commands", "add_folder", "run_folder"]

#: What ``add_subparsers()`` returns.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_folder(command: argparse.ArgumentParser, whose: str) -> None:
    """Let a command take a folder; see `run_folder`."""
    command.add_argument(
        "folder", nargs="?", type=Path, help=f"{whose} folder; default: the newest"
    )


def run_folder(arguments: argparse.Namespace) -> Path:
    """The folder that was named, or the newest run's. Raises UsageError."""
    from pushlab.runs import latest_run

    return arguments.folder or latest_run(Path("results"))
