"""Reading: every chapter runs with no server and with none of the modules that a tab has not.

In reading mode each cell that would measure shows a recording made with exactly its settings. Here
that is held of every cell of every notebook, by running them all.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pushlab.course.mode import READING
from pushlab.course.recordings import FOLDER, LISTED

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
#: What has a recording; a race of rules has none, since it is computed.
CALLS = ("await measure(", "await show_wire(", "await two_hubs(")


def run(paths, listed, **told):
    """What each cell shows in a process that has not what a tab has not."""
    environment = {name: value for name, value in os.environ.items() if name != READING}
    environment |= {LISTED: str(listed), "IPYTHONDIR": str(listed.parent), **told}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "reading_child.py"), *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """What each cell of the course shows where it is only read, and the recordings it looked at."""
    listed = tmp_path_factory.mktemp("reading") / "listed"
    cells = run(PATHS, listed, **{READING: "1"})
    return cells, set(listed.read_text().split())


def test_every_chapter_runs_without_what_a_browsers_tab_has_not(read):
    cells, _ = read
    assert {cell["notebook"] for cell in cells} == {path.stem for path in PATHS}
    wrong = [
        f"{cell['notebook']} {cell['cell']}: {cell['error']}" for cell in cells if cell["error"]
    ]
    assert not wrong, "\n".join(wrong)


def test_every_cell_that_measures_shows_a_recording_of_exactly_its_settings(read):
    cells, _ = read
    shown = {(cell["notebook"], cell["cell"]): "\n".join(cell["shown"]) for cell in cells}
    seen = 0
    for path in PATHS:
        for cell in json.loads(path.read_text())["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and any(call in source for call in CALLS):
                text = shown[path.stem, cell["id"]]
                assert "recording" in text.lower() or "recorded" in text.lower(), source
                assert "Measured just now" not in text
                seen += 1
    assert seen >= 20


def test_no_recording_is_kept_that_no_cell_shows(read):
    _, used = read
    kept = {file.name for file in FOLDER.iterdir() if file.name.endswith(".json")}
    assert kept == used, "run: make record"


def test_where_a_server_lacks_its_modules_the_course_is_read_by_itself(tmp_path):
    cells = run(PATHS[:1], tmp_path / "listed")
    assert not [cell for cell in cells if cell["error"]]
    text = "\n".join("\n".join(cell["shown"]) for cell in cells)
    assert "Ready for reading" in text
    assert "No server was started (No module named" in text
