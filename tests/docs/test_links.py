"""Every link from one document to another leads somewhere; every path that one names is there.

In some lines of our own, since other checkers ask other hosts or need the built pages. Links to
other hosts are not followed. `make check` runs this module.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.M)
#: A path in code type that names a file of the repository; ``mine.toml`` has no folder.
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|js|toml|csv|md|json|ipynb|sh|conf))`")
#: What is made by a command or lies with the user, and so is in no checkout.
MADE = re.compile(r"^(results/(?!README|reference)|build/|web/vendor|publishes/|deliveries/)")


def documents() -> list[Path]:
    """Markdown, and notebooks; not what was measured, built or installed."""
    folders = (
        *("docs", "results", "servers", "examples", "notebooks", "benchmarks", "conformance"),
        "pushlab",
    )
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    for folder in folders:
        found += [*(ROOT / folder).rglob("*.md"), *(ROOT / folder).rglob("*.ipynb")]
    return [path for path in sorted(found) if not {"node_modules", "vendor"} & set(path.parts)]


@cache
def text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return text


def anchors_of(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    words = [re.sub(r"[`*_]|\(.*?\)", "", h) for h in HEADING.findall(FENCE.sub("", text_of(path)))]
    return {re.sub(r"[^\w\- ]", "", word.lower()).strip().replace(" ", "-") for word in words}


def broken_links(path: Path) -> Iterator[str]:
    for link in LINK.findall(FENCE.sub("", text_of(path))):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (path.parent / target).resolve() if target else path
        if not there.exists() or not there.is_relative_to(ROOT):
            yield f"{link}: no such file"
        elif anchor and there.suffix == ".md" and anchor not in anchors_of(there):
            yield f"{link}: no such heading; there are {', '.join(sorted(anchors_of(there)))}"


def lost_paths(path: Path) -> Iterator[str]:
    for named in PATH.findall(FENCE.sub("", text_of(path))):
        homes = (ROOT, ROOT / "pushlab", ROOT / "tests", path.parent)
        if not MADE.match(named) and not any((home / named).exists() for home in homes):
            yield f"`{named}`: no such file"


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_is_there(path):
    assert [*broken_links(path), *lost_paths(path)] == []
