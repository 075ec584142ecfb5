"""Charts as one PDF."""

import pytest

from pushlab.course.svg.pdf import write_pdf
from tests.course.drawn import measured


def test_each_chart_is_a_page_with_text_that_can_be_searched(tmp_path):
    pytest.importorskip("svglib")
    pypdf = pytest.importorskip("pypdf")
    run = measured()
    pictures = [run.chart("waiting_s").svg, run.timeline("sse").svg]
    write_pdf(pictures, tmp_path / "charts.pdf")
    pages = pypdf.PdfReader(tmp_path / "charts.pdf").pages
    assert len(pages) == 2
    assert "Short polling" in pages[0].extract_text()
    box = pages[0].mediabox
    assert box.width > box.height > 100
