"""The notebooks of the course: clean as they are committed, and every one runs, fast."""

import ast
import re
from functools import partial
from pathlib import Path

import nbclient
import nbformat
import psutil
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync

from pushlab.course.builds.base import Build
from pushlab.course.exercises import all_exercises
from pushlab.course.mode import FAST
from pushlab.course.publish import chapters, execute, for_slides, to_page, to_slides

FOLDER = Path(__file__).parents[2] / "notebooks"
#: Students get the chapters; the teacher's notebook, with the answers, lies elsewhere.
PATHS = [*chapters(FOLDER), FOLDER.parent / "teaching" / "instructor.ipynb"]
NAMES = [path.stem for path in PATHS]
LESSONS = [path for path in PATHS if path.stem[:2].isdigit() and path.stem[:2] != "00"]
#: A notebook asks; how it is done is the package's business.
PLUMBING = {
    "asyncio",
    "subprocess",
    "threading",
    "multiprocessing",
    "socket",
    "sys",
    "os",
    "signal",
}
LONGEST_CELL = 15
LONGEST_FUNCTION = 8
_ADDRESS = re.compile(
    r"""(?:src|href)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|import\(["']http"""
)


def read(path):
    return nbformat.read(path, as_version=4)


def code_of(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def test_the_course_is_there():
    assert NAMES[0] == "00_start_here"
    assert len(LESSONS) >= 3


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_committed_notebook_is_clean(path):
    book = read(path)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    assert "widgets" not in book.metadata
    ids = [cell.id for cell in book.cells]
    assert len(set(ids)) == len(ids)
    known = all_exercises()
    for cell in book.cells:
        assert len(cell.source.split("\n")) <= LONGEST_CELL, cell.source
        if cell.cell_type != "code":
            continue
        assert cell.outputs == []
        assert cell.execution_count is None
        for used in re.findall(r"exercise\(['\"]([^'\"]+)['\"]\)", cell.source):
            assert used in known
        check_no_plumbing(cell.source, is_answer="answer" in cell.metadata.get("tags", []))


def check_no_plumbing(source, *, is_answer=False):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            assert not {name.name.split(".")[0] for name in node.names} & PLUMBING, source
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in PLUMBING, source
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno
            assert is_answer or lines < LONGEST_FUNCTION, source
    for line in source.splitlines():
        assert not line.lstrip().startswith(("%", "!")) or line.startswith("%%"), source


@pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])
def test_a_chapter_has_its_parts(path):
    book = read(path)
    text = "\n".join(cell.source for cell in book.cells)
    assert book.cells[0].source.startswith(f"# {int(path.stem[:2])}. ")
    assert "> *" in book.cells[0].source, "a chapter begins with a question"
    assert "> **" in book.cells[-1].source, "a chapter ends with one sentence to take home"
    assert "predict(" in text
    assert len(set(re.findall(r"exercise\(\"([^\"]+)\"\)", text))) >= 2
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in book.cells]
    assert kinds.count("slide") >= 4
    notes = [cell.metadata.get("pushlab", {}).get("notes") for cell in book.cells]
    assert len([note for note in notes if note]) >= 3, "a teacher needs notes"
    graded = [cell.metadata["nbgrader"] for cell in book.cells if "nbgrader" in cell.metadata]
    assert len({each["grade_id"] for each in graded}) == len(graded)
    assert all(each["schema_version"] == 3 for each in graded)


def test_what_is_to_be_built_stands_in_its_cell_as_it_was_given():
    answers = {}
    for path in LESSONS:
        for cell in code_of(read(path)):
            graded = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if graded.endswith("-answer"):
                answers[graded.removesuffix("-answer")] = cell.source
    builds = {id: each for id, each in all_exercises().items() if isinstance(each, Build)}
    assert len(builds) >= 3
    for id, build in builds.items():
        assert answers[id] == build.skeleton.strip("\n"), id


#: Takes a kernel back to where it began, but for what others' packages hold.
AFRESH = """
%reset -f
import sys
name = None
for name in [name for name in sys.modules if name.split(".")[0] == "pushlab"]:
    del sys.modules[name]
if "matplotlib" in sys.modules:
    sys.modules["matplotlib"].rcdefaults()
del name, sys
"""


@pytest.fixture(scope="module")
def shared_kernel():
    """One kernel for all notebooks: half of what a notebook takes is to start one."""
    manager = AsyncKernelManager(kernel_name="python3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FAST, "1")
        patch.setattr(nbclient, "NotebookClient", partial(nbclient.NotebookClient, km=manager))
        yield manager
    if manager.has_kernel:
        run_sync(manager.shutdown_kernel)(now=True)


@pytest.fixture
def kernel(shared_kernel, tmp_path):
    """What `execute` takes for a kernel of its own: nothing of another notebook is left in it."""
    path = tmp_path / "afresh.ipynb"
    cell = nbformat.v4.new_code_cell(AFRESH)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    execute(path)


@pytest.mark.long
@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_notebook_runs_from_top_to_bottom(path):
    before = path.read_bytes()
    there = set(psutil.Process().children(recursive=True))
    book = execute(path)
    assert path.read_bytes() == before
    assert set(psutil.Process().children(recursive=True)) <= there
    pictures, untouched = 0, 0
    for cell in code_of(book):
        for output in cell.outputs:
            assert output.output_type in ("execute_result", "display_data"), output
            text = output.data.get("text/plain", "")
            assert text, "an output can be read without a browser"
            assert "Traceback" not in text
            assert "No server was started" not in text
            pictures += "image/svg+xml" in output.data
            untouched += text.startswith("Not attempted yet")
            if cell.metadata.get("nbgrader", {}).get("grade"):
                assert output.output_type == "display_data", "nbgrader takes a result for points"
        if "measure(" in cell.source or "race(" in cell.source:
            shown = [output for output in cell.outputs if output.output_type == "display_data"]
            assert len(shown) == 1, "one bar, and a sentence in its place"
            assert "Measured just now" in shown[0].data["text/plain"]
    if path in LESSONS:
        assert pictures >= 1
        assert untouched >= 2, "an untouched exercise says so"
    if path in (PATHS[0], LESSONS[-1]):  # the templates are the same for all
        for made in (to_page(book, path.stem), to_slides(book, path.stem)):
            assert not _ADDRESS.search(made), "nothing is loaded from another host"
        assert "widget-view" not in made
    slides = for_slides(book).cells
    spoken = [c for c in slides if c.metadata.get("slideshow", {}).get("slide_type") == "notes"]
    assert len(spoken) == sum("pushlab" in cell.metadata for cell in book.cells)
