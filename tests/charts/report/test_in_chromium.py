"""The report as a reader sees it: in a real browser, offline, at a desk and on a phone."""

import os
import shutil
from pathlib import Path

import pytest

from tests.charts.report.report_page import mixed, written

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"

pytestmark = [
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(),
        reason="chromium is not installed (Debian: apt install chromium)",
    ),
    pytest.mark.long,
]

# What is to be seen of the figures, and what sticks out of the page.
LOOK = """() => ({
  page: [document.documentElement.scrollWidth, window.innerWidth],
  figures: [...document.querySelectorAll("figure")].map(figure => {
    const shown = [...figure.querySelectorAll("svg")].filter(svg => svg.checkVisibility());
    return shown.map(svg => {
      const box = svg.getBoundingClientRect();
      return {left: box.left, right: box.right, width: box.width, height: box.height};
    });
  }),
  outside: [...document.querySelectorAll("h1, h2, h3, p, li, dd, dt, figcaption, .box, pre")]
    .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1)
    .map(one => one.textContent.slice(0, 60)),
  cut: [...document.querySelectorAll(".cards")].filter(box => box.scrollWidth > box.clientWidth)
    .map(box => box.querySelector("caption").textContent),
  ink: getComputedStyle(document.body).color,
  paper: getComputedStyle(document.body).backgroundColor,
})"""


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return written(mixed(tmp_path_factory.mktemp("runs"))).as_uri()


@pytest.fixture(scope="module")
def opened(browser, address):
    """The page, opened once, since that takes a second of a core; what it said and asked for."""
    said, asked = [], []
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page, said, asked
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "light"), (390, "dark")])
def test_every_figure_is_seen_and_nothing_sticks_out(opened, address, width, scheme):
    page, said, asked = opened
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    seen = page.evaluate(LOOK)
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert seen["page"][0] <= seen["page"][1]
    assert seen["outside"] == []
    assert seen["cut"] == []
    assert len(seen["figures"]) == 10
    for drawings in seen["figures"]:
        (box,) = drawings  # one drawing of the two
        assert box["width"] > 0.8 * min(width, 1216)
        assert box["height"] > 100
        assert box["left"] >= 0
        assert box["right"] <= width
    light = sum(int(part) for part in seen["paper"].strip("rgb()").split(","))
    assert (light > 600) == (scheme == "light")


@pytest.mark.soak
def test_it_prints_on_paper(browser, address):
    context = browser.new_context(color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto(address)
    page.emulate_media(media="print")
    seen = page.evaluate(LOOK)
    paper = page.pdf(prefer_css_page_size=True)
    context.close()
    assert seen["paper"] == "rgb(255, 255, 255)"
    assert all(len(drawings) == 1 for drawings in seen["figures"])
    assert paper.startswith(b"%PDF")


@pytest.mark.soak
def test_no_table_of_the_reference_is_cut_at_a_desk(browser, tmp_path, monkeypatch):
    monkeypatch.setattr("pushlab.charts.report.page._figures", lambda *_: [])
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(written(shutil.copytree("results/reference", tmp_path / "run")).as_uri())
    assert page.evaluate(LOOK)["cut"] == []
    page.close()
