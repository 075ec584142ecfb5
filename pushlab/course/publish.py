"""The course as pages and as slides: every chapter executed, and nothing that loads from elsewhere.

``python -m pushlab.course.publish pages|slides [--notebooks notebooks] [--out build/course]``
"""

import argparse
import copy
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pushlab.child_environment import child_environment
from pushlab.course.mode import PICTURES, SLIDES, environment
from pushlab.course.svg.pdf import write_pdf
from pushlab.errors import MissingExtra, PushlabError, SetupError

__all__ = ["chapters", "execute", "for_slides", "publish_pages", "publish_slides", "to_page"]

_TEMPLATES = str(Path(__file__).parent / "templates")
_REVEAL = "reveal.js@5"
#: The other themes fetch fonts from elsewhere, so they stay away.
_REVEAL_PARTS = (
    "dist/theme/white.css",
    "dist/theme/fonts",
    "dist/reveal.css",
    "plugin/notes",
    "LICENSE",
    "dist/reveal.js",  # last: where it is, all is there
)
_CELL_S = 300
_WIDGETS = "application/vnd.jupyter.widget-view+json"
#: Letters above and below what is looked at: a heading and a line, two lines.
_LONGEST_ABOVE = 150
_LONGEST_BELOW = 210
_VIEW_BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)')
#: Above this share of its width a chart's height leaves no room for text below it.
_TALL = 0.45
_LINK = re.compile(r"\]\(([\w-]+)\.ipynb\)")


def chapters(folder: Path) -> list[Path]:
    """The notebooks of the course, in order."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def execute(
    path: Path, *, pictures: Path | None = None, slides: bool = False, cell_s: int = _CELL_S
) -> Any:
    """Run a notebook from top to bottom and return it with its outputs; the file stays as it is.

    Args:
        cell_s: how long a cell may take.
        pictures: a folder in which the pictures are kept, as SVG.
        slides: for an audience: nobody's guesses are not drawn.

    Raises:
        SetupError: a cell failed; the text has its last line.
    """
    nbclient, nbformat = _needs("nbclient"), _needs("nbformat")
    book = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        book,
        timeout=cell_s,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    kept, shown = str(pictures) if pictures else "", "1" if slides else ""
    with environment(PICTURES, kept), environment(SLIDES, shown):
        try:
            client.execute()
        except nbclient.exceptions.CellExecutionError as error:
            raise SetupError(f"{path.name}: {error.ename}: {error.evalue}") from error
    return book


def _needs(module: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"publishing the course needs {error.name}; try: pip install 'pushlab[notebooks]'"
        ) from error


def _plain(book: Any, ending: str) -> Any:
    """A copy without widgets, which load scripts from elsewhere, and with links between pages."""
    book = copy.deepcopy(book)
    book.metadata.pop("widgets", None)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(rf"](\1{ending})", cell.source)
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            data.pop(_WIDGETS, None)
            if "image/svg+xml" in data:
                data.pop("text/html", None)  # it is for Jupyter; the templates place the drawing
    return book


def to_page(book: Any, name: str) -> str:
    """An executed chapter as one HTML page."""
    exporter = _needs("nbconvert").HTMLExporter(
        template_name="course_page", extra_template_basedirs=[_TEMPLATES]
    )
    resources = {"metadata": {"name": name}}
    return str(exporter.from_notebook_node(_plain(book, ".html"), resources)[0])


def for_slides(book: Any) -> Any:
    """A copy in which each cell's notes are a cell of their own, for the speaker's view.

    What is looked at has a slide to itself: below a chart stands no more than two lines, and below
    a conversation's bytes, or a second chart, nothing.
    """
    book = _plain(book, ".slides.html")
    nbformat = _needs("nbformat")
    cells: list[Any] = []
    before: list[Any] = []  # what stands on the slide already
    for cell in book.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if kind in ("slide", "subslide"):
            before = []
        elif kind in ("-", "fragment", "") and _is_crowded(before, cell):
            cell.metadata["slideshow"] = {"slide_type": "subslide"}
            before = []
        if kind not in ("skip", "notes"):
            before.append(cell)
        cells.append(cell)
        notes = cell.metadata.get("pushlab", {}).get("notes")
        if notes:
            extra = nbformat.v4.new_markdown_cell(notes)
            extra.metadata["slideshow"] = {"slide_type": "notes"}
            cells.append(extra)
    book.cells = cells
    return book


def _is_crowded(before: Sequence[Any], cell: Any) -> bool:
    """Whether a cell would take the room of what is looked at, its own or that of those before."""
    seen = [what for what in map(_shows, before) if what]
    if _shows(cell):
        heading = sum(len(each.source) for each in before if each.cell_type == "markdown")
        others = any(each.cell_type != "markdown" for each in before)
        return bool(seen) or others or heading > _LONGEST_ABOVE
    if not seen:
        return False
    is_text = cell.cell_type == "markdown" and "\n\n" not in cell.source
    return seen != ["chart"] or not is_text or len(cell.source) > _LONGEST_BELOW


def _shows(cell: Any) -> str:
    """What a cell shows that wants a slide's room: a chart, a tall one, bytes, a page; or ""."""
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if drawn := data.get("image/svg+xml", ""):
            size = _VIEW_BOX.search(drawn)
            return "tall" if size and int(size[2]) > _TALL * int(size[1]) else "chart"
        if "image/png" in data:
            return "chart"
        html = data.get("text/html", "")
        if "pushlab-wire" in html or "<iframe" in html:
            return "bytes"
    return ""


def to_slides(book: Any, name: str) -> str:
    """An executed chapter as slides that look for ``reveal.js`` beside them."""
    exporter = _needs("nbconvert").SlidesExporter(
        template_name="course_slides",
        extra_template_basedirs=[_TEMPLATES],
        reveal_url_prefix="reveal.js",
        reveal_theme="white",  # its fonts lie beside it; those of others come from elsewhere
    )
    resources = {"metadata": {"name": name}}
    return str(exporter.from_notebook_node(for_slides(book), resources)[0])


def publish_pages(notebooks: Path, out: Path) -> list[Path]:
    """Execute every chapter and write it as a page with its outputs."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for path in chapters(notebooks):
        _say(path.stem)
        page = out / f"{path.stem}.html"
        page.write_text(to_page(execute(path), path.stem), encoding="utf-8")
        written.append(page)
    return written


def publish_slides(notebooks: Path, out: Path) -> list[Path]:
    """Execute every chapter and write it as slides; all figures go into ``charts.pdf``.

    Raises:
        SetupError: npm is not there to fetch reveal.js, or a chapter fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    _fetch_reveal(out)
    _needs("svglib")
    drawn: list[str] = []
    written = []
    for path in chapters(notebooks):
        _say(path.stem)
        with tempfile.TemporaryDirectory(prefix="pushlab-pictures-") as name:
            book = execute(path, pictures=Path(name), slides=True)
            drawn += [page.read_text("utf-8") for page in sorted(Path(name).glob("*.svg"))]
        slides = out / f"{path.stem}.slides.html"
        slides.write_text(to_slides(book, path.stem), encoding="utf-8")
        written.append(slides)
    write_pdf(drawn, out / "charts.pdf")
    return [*written, out / "charts.pdf"]


def _fetch_reveal(out: Path) -> None:
    """Put reveal.js beside the slides, once."""
    home = out / "reveal.js"
    if (home / "dist" / "reveal.js").is_file():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SetupError("slides need reveal.js, and npm, which fetches it, is not installed")
    with tempfile.TemporaryDirectory(prefix="pushlab-npm-") as name:
        command = [npm, "install", "--no-package-lock", "--silent", "--prefix", name, _REVEAL]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=child_environment()
        )
        if done.returncode:
            raise SetupError(f"npm could not fetch {_REVEAL}: {done.stderr.strip()[:300]}")
        source = Path(name, "node_modules", "reveal.js")
        for part in _REVEAL_PARTS:
            target = home / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if (source / part).is_dir():
                shutil.copytree(source / part, target, dirs_exist_ok=True)
            else:
                shutil.copy(source / part, target)


def _say(what: str) -> None:
    print(f"running {what}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pushlab.course.publish")
    parser.add_argument("what", choices=("pages", "slides"))
    parser.add_argument("--notebooks", type=Path, default=Path("notebooks"))
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args(arguments)
    publish = publish_pages if chosen.what == "pages" else publish_slides
    out = chosen.out or Path("build", "course" if chosen.what == "pages" else "slides")
    if not chapters(chosen.notebooks):
        print(f"{chosen.notebooks}: there is no chapter in this folder", file=sys.stderr)
        return 2
    try:
        for path in publish(chosen.notebooks, out):
            print(path)
    except PushlabError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{out}: cannot be written to ({error.strerror})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
