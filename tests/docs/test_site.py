"""`make docs`: without a warning, nothing loaded from another host, no room left out.

The whole reference takes most of its time, so by default a few rooms of it are built, and the
docstrings of all others are read; `make soak` builds the site as it is.
"""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import griffe
import pytest
import yaml

from tests.patience import PATIENCE_S
from tests.web.conftest import needs_chromium
from tests.web.live_site import CHROMIUM, chromium_arguments

ROOT = Path(__file__).parents[2]
CONFIG = (ROOT / "mkdocs.yml").read_text()
#: What a browser fetches by itself.
LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
FOREIGN = re.compile(r"(?:https?:)?//")
IN_CSS = re.compile(r"""@import\s[^;]+|url\(\s*["']?((?:https?:)?//[^)]*)\)""")
#: Those whose docstrings are looked at below.
ROOMS = ("pushlab", "pushlab.contract", "pushlab.analysis.cost")
SOME = f"extra:\n  rooms: {list(ROOMS)}\n"
pytestmark = pytest.mark.long


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((SOME, ROOMS), id="some"),
        pytest.param(("", ()), id="whole", marks=pytest.mark.soak),
    ],
)
def built(request, tmp_path_factory):
    """The site's folder, and the rooms that its reference has; none are named: all."""
    more, rooms = request.param
    folder = tmp_path_factory.mktemp("site")
    lite = tmp_path_factory.mktemp("lite")  # as if `make lite` had built it
    (lite / "jupyter-lite.json").write_text("{}")
    (lite / "course.html").write_text('<script src="bootstrap.js"></script>')
    (lite / "bootstrap.js").write_text("")
    words = ["-m", "mkdocs", "build", "--strict", "-f", "-", "--site-dir", str(folder)]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        input=CONFIG + more,
        env={**os.environ, "PUSHLAB_DOCS_LITE": str(lite)},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "WARNING" not in done.stderr, done.stderr[-3000:]
    return folder, rooms


@pytest.fixture(scope="module")
def site(built) -> Path:
    return built[0]


class Loaded(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in LOADS and (where := values.get(LOADS[tag])):
            self.found.append(where)


@pytest.fixture(scope="module")
def loads(site: Path) -> dict[Path, list[str]]:
    """What each page loads by itself."""
    found = {}
    for page in site.rglob("*.html"):
        loaded = Loaded()
        loaded.feed(page.read_text())
        found[page] = loaded.found
    return found


def test_nothing_is_loaded_from_another_host(site, loads):
    found = []
    assert len(loads) > 25
    for page, places in loads.items():
        assert places, page
        found += [(page.name, where) for where in places if FOREIGN.match(where)]
    for style in site.rglob("*.css"):
        found += [(style.name, each.group()) for each in IN_CSS.finditer(style.read_text())]
    assert found == []


def test_what_pages_load_is_there(loads):
    for page, places in loads.items():
        if page.name == "404.html":  # it names its own server's paths
            continue
        for where in places:
            if not where.startswith("data:"):
                assert (page.parent / where.partition("?")[0]).exists(), (page, where)


@pytest.mark.parametrize(
    ("room", "name"),
    [
        ("pushlab", "pushlab.client.connect"),
        ("pushlab.contract", "pushlab.contract.transport.Transport"),
        ("pushlab.analysis.cost", "pushlab.analysis.cost"),
    ],
)
def test_the_reference_has_the_docstrings(site, room, name):
    page = (site / "reference" / f"{room}.html").read_text()
    assert f'id="{name}"' in page
    assert "<code>::</code>" not in page
    assert not re.search(r"<p>[^<]*::</p>", page)


def test_every_package_is_in_the_reference(built):
    site, rooms = built
    wanted = rooms or [
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "pushlab").rglob("__init__.py")
    ]
    pages = {path.stem for path in (site / "reference").glob("*.html")}
    assert set(wanted) - pages == set()
    assert not rooms or pages == set(rooms)


def test_the_course_in_a_tab_comes_along_and_is_found(site):
    page = site / "docs" / "ways-in.html"
    (link,) = re.findall(r'href="([^"]*/lite/[^"]*)"', page.read_text())
    assert (page.parent / link).resolve() == (site / "lite" / "course.html").resolve()
    assert (site / "lite" / "jupyter-lite.json").exists()


def all_of(each: griffe.Object) -> Iterator[griffe.Object]:
    yield each
    for member in each.members.values():
        if isinstance(member, griffe.Object):
            yield from all_of(member)


def test_every_docstring_is_read_without_a_warning(caplog):
    """As the reference reads them."""
    (asked,) = (each for each in yaml.safe_load(CONFIG)["plugins"] if each != "search")
    options = asked["mkdocstrings"]["handlers"]["python"]["options"]
    package = griffe.load(
        "pushlab",
        search_paths=[str(ROOT)],
        extensions=griffe.load_extensions(*[str(ROOT / one) for one in options["extensions"]]),
    )
    read = 0
    caplog.set_level(logging.WARNING)
    for each in all_of(package):
        if each.docstring is not None:
            each.docstring.parse(options["docstring_style"], **options["docstring_options"])
            read += 1
    assert read > 1_000
    assert [record.message for record in caplog.records] == []


def test_every_column_of_a_table_is_on_the_page(site):
    """In a window of a laptop's width; what is pushed out of the page is not read."""
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    needs_chromium()
    wider = """[...document.querySelectorAll(".rst-content table")].filter(table => {
        const heads = [...table.querySelector("tr").children]
        return heads.reduce((sum, head) => sum + head.offsetWidth, 0) > table.clientWidth + 2
    }).map(table => table.innerText.slice(0, 60))"""
    with sync_playwright() as started:
        arguments = chromium_arguments()[1:]
        browser = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for one in sorted((site / "docs").glob("*.html")):
            page.goto(one.as_uri())
            assert page.evaluate(wider) == [], one.name
        browser.close()
