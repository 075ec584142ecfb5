"""``make record``: every cell of the course that needs a server is recorded, with its settings.

``python -m pushlab.course.record [--again] [--notebooks notebooks] [CHAPTER ...]`` runs the
notebooks; a cell that has a recording shows it, and one that has none is run and recorded. So a
changed cell alone is recorded anew. Recordings that no cell asks for any more are deleted.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pushlab.course.mode import FAST, READING, RECORDING, environment
from pushlab.course.publish import chapters, execute
from pushlab.course.recordings import FOLDER, LISTED
from pushlab.errors import PushlabError

__all__ = ["record"]

_CELL_S = 600  # a cell is tried again while the machine is busy


def record(notebooks: Sequence[Path]) -> set[str]:
    """Run these notebooks, and record what is not recorded yet.

    Returns:
        the names of the recordings that they show.

    Raises:
        SetupError: a cell failed; the text has its last line.
    """
    used: set[str] = set()
    for path in notebooks:
        print(f"recording {path.stem}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="pushlab-recording-") as folder:
            listed = Path(folder) / "used"
            listed.touch()
            with (
                environment(RECORDING, "1"),
                environment(READING, ""),
                environment(FAST, ""),
                environment(LISTED, str(listed)),
            ):
                execute(path, cell_s=_CELL_S)
            used |= set(listed.read_text(encoding="utf-8").split())
    return used


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pushlab.course.record")
    parser.add_argument("chapters", nargs="*", help="such as 03_long_polling; all without")
    parser.add_argument("--again", action="store_true", help="record what is recorded, too")
    parser.add_argument("--notebooks", type=Path, default=Path("notebooks"))
    chosen = parser.parse_args(arguments)
    folder = Path(str(FOLDER))
    every = [path for path in chapters(chosen.notebooks) if path.stem[:2].isdigit()]
    some = [path for path in every if not chosen.chapters or path.stem in chosen.chapters]
    if chosen.again and chosen.chapters:
        print("--again records all chapters; name none", file=sys.stderr)
        return 2
    if not some:
        print(f"{chosen.notebooks}: there is no such chapter in this folder", file=sys.stderr)
        return 2
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    if chosen.again:
        for path in folder.glob("*.json"):
            path.unlink()
    try:
        used = record(some)
    except PushlabError as error:
        print(error, file=sys.stderr)
        return 1
    if some == every:
        for path in folder.glob("*.json"):
            if path.name not in used:
                path.unlink()
    made = [p for p in folder.glob("*.json") if before.get(p.name) != p.stat().st_mtime_ns]
    print(f"{len(made)} recorded, {len(used)} in use")
    return 0


if __name__ == "__main__":
    sys.exit(main())
