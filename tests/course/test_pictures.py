"""A chart as a notebook gets it: for Jupyter as wide as its cell, as SVG, and in words."""

from xml.etree import ElementTree

from tests.course.drawn import measured


def test_a_picture_is_shown_fitted_drawn_and_told():
    data, metadata = measured().chart("waiting_s")._repr_mimebundle_()
    assert list(data) == ["text/html", "image/svg+xml", "text/plain"]
    assert metadata == {}
    assert "SSE: measured 1 ms (900 µs to 1.1 ms)" in data["text/plain"]
    box = ElementTree.fromstring(data["text/html"])
    (drawing,) = box
    assert "width:100%" in drawing.attrib["style"]
    assert "overflow-x" in box.attrib["style"]
    assert "measured 1 ms" in drawing.attrib["aria-label"]


def test_a_picture_is_kept_as_svg_or_pdf(tmp_path):
    picture = measured().timeline("sse")
    assert picture.save(tmp_path / "a.svg").read_text(encoding="utf-8") == picture.svg
