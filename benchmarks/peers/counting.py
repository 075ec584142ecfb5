"""What every peer's script shares: its arguments, and the board on which it counts.

The board is a file of three 64-bit integers in memory: work, errors, ready (see
`benchmarks.harness.processes.Board`).
"""

import argparse
import json
import mmap
from pathlib import Path
from typing import Any

__all__ = ["ERRORS", "READY", "WORK", "arguments", "open_board", "read_work"]

WORK, ERRORS, READY = 0, 1, 2


def open_board(path: str | Path) -> memoryview:
    """The board's cells."""
    with Path(path).open("r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), 0)).cast("q")


def arguments() -> tuple[memoryview, dict[str, Any]]:
    """The board and the work, a JSON object in a file: tokens stand in no argument list."""
    parser = argparse.ArgumentParser()
    parser.add_argument("board")
    parser.add_argument("work")
    told = parser.parse_args()
    return read_work(told.board, told.work)


def read_work(board: str | Path, work: str | Path) -> tuple[memoryview, dict[str, Any]]:
    """The board, and the work that the file names."""
    return open_board(board), json.loads(Path(work).read_text())
