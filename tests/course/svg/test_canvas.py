"""Shapes and texts as one SVG document."""

import re
from xml.etree import ElementTree

import pytest

from pushlab.course.svg.canvas import Canvas
from tests.course.drawn import texts_of


def drawn():
    canvas = Canvas(300, 200)
    canvas.line([(0, 0), (10, 20.04)], "#123456", 2, dash=(3, 4))
    for shape in ("circle", "diamond", "square", "down", "tick", "whiskers"):
        canvas.mark(shape, (50, 50), 12, "#ff0000", fill="#ffffff")
    canvas.area([(0, 0), (5, 5), (0, 5)], "#00ff00", opacity=0.5)
    canvas.dots([(1, 1), (2, 2)], 2, "#0000ff", opacity=0.5)
    canvas.text((100, 100), "a < b & c", 20, anchor="middle", bold=True, halo=True)
    return canvas.svg('it says "a < b"')


def test_it_is_a_document_that_loads_nothing_and_names_nothing():
    svg = drawn()
    root = ElementTree.fromstring(svg)
    assert root.attrib["aria-label"] == 'it says "a < b"'
    assert root.attrib["viewBox"] == "0 0 300 200"
    assert not re.search(r"\bid=|href|<style|<script|url\(", svg)
    assert svg == drawn(), "the same bytes each time"


def test_a_text_says_how_wide_it_is_and_stands_around_its_place():
    (text,) = texts_of(drawn())
    assert text.words == "a < b & c"
    assert (text.left + text.right) / 2 == pytest.approx(100, abs=0.1)
    assert text.top < 100 < text.bottom


def test_a_length_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="no length"):
        Canvas(10, 10).line([(0, 0), (float("nan"), 1)], "#000000")
