"""Charts as one PDF, a page each: by svglib and reportlab, which need no program beside Python.

Others draw SVG with cairo or a browser, which pip does not bring. Helvetica is one of the fonts
that every reader of PDF has, and has the widths that the charts were laid out with.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pushlab.course.svg.canvas import AS_WIDE_AS_THE_PAGE
from pushlab.errors import MissingExtra

__all__ = ["write_pdf"]


def write_pdf(pictures: Sequence[str], path: Path) -> None:
    """Write SVG documents as a PDF, each on a page of its own size.

    Raises:
        MissingExtra: svglib is not installed.
    """
    try:
        from reportlab.graphics import renderPDF
        from reportlab.pdfgen.canvas import Canvas
        from svglib.svglib import svg2rlg
    except ImportError as error:
        raise MissingExtra(
            f"charts as PDF need {error.name}; try: pip install 'pushlab[notebooks]'"
        ) from error
    out = Canvas(str(path), invariant=1)
    for picture in pictures:
        drawing: Any = svg2rlg(io.BytesIO(picture.replace(AS_WIDE_AS_THE_PAGE, "").encode()))
        out.setPageSize((drawing.width, drawing.height))
        renderPDF.draw(drawing, out, 0, 0)
        out.showPage()
    out.save()
