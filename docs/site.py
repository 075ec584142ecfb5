"""What `make docs` puts where: a hook of MkDocs.

The pages keep their paths in the repository, so that a link between two of them is the same link
there and here. A file that a page links to comes along; a folder is its README. The reference has a
page for each room of the package, made from what is there.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(!?\[[^\]]*\]\()([^)#\s]+)(#[^)\s]*)?(\))")
#: The theme keeps each cell, and each name of code, in one line; ours hold sentences, and a column
#: that is pushed out of the page is not read.
TABLES = """\
.wy-table-responsive table td, .wy-table-responsive table th { white-space: normal; }
.rst-content td code { white-space: normal; overflow-wrap: anywhere; }
"""
#: A folder with the course in a tab, as `make lite` built it; `make docs` names it.
LITE = os.environ.get("PUSHLAB_DOCS_LITE", "")
LITE = LITE if LITE and (ROOT / LITE / "jupyter-lite.json").is_file() else ""
WAYS_IN, IN_A_TAB = "docs/ways-in.md", "## In a browser's tab"
HERE = (
    '<a href="../lite/course.html"><strong>Open the course in this'
    " tab</strong></a> (about 20 MB; these pages must come from a web server, not from a file)"
)
#: The first entries of the contents.
GUIDES = (
    ("Start", "README.md"),
    ("Using it", "docs/using.md"),
    ("The course", "notebooks/README.md"),
    ("Ways into the course", "docs/ways-in.md"),
    ("Probe a server", "docs/probe.md"),
    ("Verify a server", "docs/verify.md"),
    ("Your own server", "docs/add-a-system.md"),
    ("Systems under test", "docs/systems.md"),
    ("Deploying", "docs/deploy.md"),
    ("Beyond one machine", "docs/scale.md"),
    ("From your own log", "docs/from-log.md"),
    ("From App Engine", "docs/from-app-engine.md"),
    ("A client in another language", "docs/api.md"),
    ("Design", "docs/design.md"),
    ("Method", "docs/method.md"),
    ("Glossary", "docs/glossary.md"),
    ("Contributing", "docs/contributing.md"),
)


def pages() -> list[str]:
    """The Markdown files of the site, by their paths in the repository."""
    folders = ("docs", "results", "servers", "examples", "notebooks", "benchmarks", "conformance")
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    found += [path for folder in folders for path in sorted((ROOT / folder).rglob("*.md"))]
    return [str(path.relative_to(ROOT)) for path in found if "reference" not in path.parts]


def targets(page: str) -> Iterator[tuple[str, Path]]:
    """What a page links to within the repository: as it is written, and the file itself."""
    for found in LINK.finditer((ROOT / page).read_text(encoding="utf-8")):
        if "://" not in found[2] and not found[2].startswith("mailto:"):
            yield found[2], (ROOT / page).parent.joinpath(found[2]).resolve()


def rooms(only: list[str] | None = None) -> dict[str, list[str]]:
    """The package's rooms (or `only` these) and their public modules, as they are imported."""
    found: dict[str, list[str]] = {"pushlab": []}
    for path in sorted((ROOT / "pushlab").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if any(part.startswith("_") and part != "__init__" for part in parts):
            continue
        if parts[-1] == "__init__":
            found.setdefault(".".join(parts[:-1]), []).insert(0, ".".join(parts[:-1]))
        else:
            found.setdefault(".".join(parts[:-1]), []).append(".".join(parts))
    return {room: found[room] for room in only or found}


def _rooms_of(config: Any) -> dict[str, list[str]]:
    """All, unless the configuration names some under ``extra.rooms``."""
    return rooms(config["extra"].get("rooms"))


def on_config(config: Any) -> Any:
    """The contents: guides, the rest of the pages, the reference."""
    guides = {path: title for title, path in GUIDES}
    more = [page for page in pages() if page not in guides and "benchmarks/results" not in page]
    config["nav"] = [
        *({title: path} for title, path in GUIDES),
        {"More": more},
        {"Reference": [{room: f"reference/{room}.md"} for room in _rooms_of(config)]},
    ]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Lay out pages, what they link to, the reference, and a style for code and tables."""
    for each in list(files):
        if each.src_dir == config["docs_dir"]:  # its pages come under their paths in the repository
            files.remove(each)
    wanted = dict.fromkeys(pages())
    for page in list(wanted):
        for _, file in targets(page):
            if file.is_file() and file.suffix != ".md" and file.is_relative_to(ROOT):
                wanted[str(file.relative_to(ROOT))] = None
    for path in wanted:
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    for room, modules in _rooms_of(config).items():
        text = f"# {room}\n\n" + "\n\n".join(f"::: {module}" for module in modules) + "\n"
        files.append(File.generated(config, f"reference/{room}.md", content=text))
    style = HtmlFormatter(style="default").get_style_defs(".highlight")
    files.append(File.generated(config, "style.css", content=f"{style}\n{TABLES}"))
    return files


def on_post_build(config: Any) -> None:
    """The course in a tab comes along, where it was built."""
    if LITE:
        shutil.copytree(ROOT / LITE, Path(config["site_dir"]) / "lite", dirs_exist_ok=True)


def on_page_markdown(markdown: str, page: Any, **more: Any) -> str:
    """A link to a folder leads to its README; to one that has none, it is text.

    The page of the ways into the course leads to the course in a tab, where that comes along.
    """
    path = ROOT / page.file.src_uri
    if page.file.src_uri == WAYS_IN and LITE:
        markdown = markdown.replace(IN_A_TAB, f"{IN_A_TAB}\n\n{HERE}", 1)

    def turn(found: re.Match[str]) -> str:
        if "://" in found[2]:
            return found[0]
        folder = path.parent / found[2]
        if not folder.is_dir():
            return found[0]
        if (folder / "README.md").exists():
            return f"{found[1]}{found[2].rstrip('/')}/README.md{found[3] or ''}{found[4]}"
        return found[1].lstrip("!")[1:-2]

    return LINK.sub(turn, markdown)
