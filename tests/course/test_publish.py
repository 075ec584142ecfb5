"""Slides: each is seen as a whole, and what is looked at has its room."""

from pathlib import Path

import nbformat
import pytest

from pushlab.course.guesses import predict
from pushlab.course.mode import SLIDES
from pushlab.course.publish import for_slides, to_slides
from pushlab.course.wire import Step, Wire
from tests.course.decks import flaws, lay_out
from tests.web.live_site import CHROMIUM
from tests.web.tabs import Tabs

nbf = nbformat.v4
CHART = (
    '<svg xmlns="http://www.w3.org/2000/svg" class="pushlab-chart" width="900" height="{}"'
    ' viewBox="0 0 900 {}">{}</svg>'
)
LABEL = '<text x="{}" y="40" font-size="14">a label</text>'


def words(text, slide="slide"):
    return nbf.new_markdown_cell(
        text, metadata={"slideshow": {"slide_type": slide} if slide else {}}
    )


def shows(data, slide=None, code="run.chart()"):
    cell = nbf.new_code_cell(code, metadata={"slideshow": {"slide_type": slide} if slide else {}})
    cell.outputs = [nbf.new_output("execute_result", data, execution_count=1)]
    return cell


def chart(height=390, label_at=100, slide=None):
    return shows({"image/svg+xml": CHART.format(height, height, LABEL.format(label_at))}, slide)


def wire(steps):
    told = [
        Step(0.5 * number, sender, f"HTTP/1.1 line {number}\nHost: 127.0.0.1:8000\nmore: much", 100)
        for number in range(steps)
        for sender in ("client", "server")
    ]
    return shows(Wire("Everything", told, here=True)._repr_mimebundle_(), code="show_wire()")


@pytest.fixture(scope="module")
def tabs():
    if not Path(CHROMIUM).exists():
        pytest.skip("chromium is not installed (Debian: apt install chromium)")
    with Tabs() as started:
        yield started


def deck(folder, *cells):
    lay_out(folder)
    book = nbf.new_notebook(cells=list(cells))
    path = folder / "deck.slides.html"
    path.write_text(to_slides(book, "deck"))
    return path


@pytest.mark.long
def test_all_that_a_chapter_may_hold_is_seen_on_its_slides(tabs, tmp_path):
    path = deck(
        tmp_path,
        words("# 1. A chapter\n\n> *A question?*"),
        words(
            "## Why\n\nA sentence.\n\n    one formula = one quantity of a kind / another\n\nMore."
        ),
        words(
            "## Long\n\n"
            + "\n".join(f"- **Point {n}** " + "with some words " * 7 for n in range(7))
        ),
        words("## A chart"),
        chart(400),
        words("Two lines about what is seen there, which stand below it. " * 3, ""),
        words("## The real bytes"),
        wire(6),
        words("- What they mean.", ""),
    )
    assert flaws(tabs, path) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("cell", "flaw"),
    [
        (words("## Far too long\n\n" + "words and words " * 400), "more than it has room for"),
        (words("    " + "a formula of one line " * 9), "scrolls aside, or is cut"),
        (chart(label_at=880), "a label is cut"),
        (wire(20), "more than it has room for"),
    ],
)
def test_what_cannot_be_seen_is_found(tabs, tmp_path, cell, flaw):
    found = flaws(tabs, deck(tmp_path, words("# 1. A chapter"), words("## Here"), cell))
    assert any(flaw in each for each in found), found


def kinds(*cells):
    told = for_slides(nbf.new_notebook(cells=list(cells))).cells
    return [cell.metadata.get("slideshow", {}).get("slide_type", "-") for cell in told]


def test_what_is_looked_at_has_a_slide_to_itself():
    below = words("One line about it.", None)
    long = words("Many words. " * 40, None)
    assert kinds(words("## A"), chart(), below) == ["slide", "-", "-"]
    assert kinds(words("## A"), chart(), long, below) == ["slide", "-", "subslide", "-"]
    assert kinds(words("## A"), chart(500), below) == ["slide", "-", "subslide"]
    measured = shows({"text/plain": "Measured just now"})
    assert kinds(words("## A"), measured, chart()) == ["slide", "-", "subslide"]
    assert kinds(words("## A"), chart(), chart()) == ["slide", "-", "subslide"]
    assert kinds(words("## A"), wire(1), below) == ["slide", "-", "subslide"]
    assert kinds(words("## A"), long, chart(slide="subslide")) == ["slide", "-", "subslide"]


def test_nobodys_guess_is_not_drawn_on_slides(monkeypatch):
    untouched, own = predict("How long?", ..., gentle=2.0), predict("How long?", 3, gentle=2.0)
    assert untouched.drawn
    monkeypatch.setenv(SLIDES, "1")
    assert own.drawn
    assert not untouched.drawn
    assert "nobody" not in str(untouched)
