"""Pictures: a chart as a notebook shows it, with words for whoever cannot see it.

A picture is SVG in every mode, and is kept as a file where a folder for pictures is named.
"""

import itertools
import os
from pathlib import Path
from typing import Any

from pushlab.course.mode import pictures_folder
from pushlab.course.svg.canvas import AS_WIDE_AS_THE_PAGE, Canvas

__all__ = ["Picture"]

_FITTED = 'style="width:100%;max-width:900px;min-width:560px;height:auto"'
_numbers = itertools.count(1)


class Picture:
    """A chart with words.

    Attributes:
        title: the finding.
        words: what the chart shows, number by number.
        svg: the drawing, as a document.
    """

    def __init__(self, canvas: Canvas, title: str, words: str = "") -> None:
        self.title = title
        self.words = words
        self.svg = canvas.svg(str(self))

    def __str__(self) -> str:
        return f"{self.title}\n{self.words}".rstrip()

    @property
    def html(self) -> str:
        """The drawing inside of a page: as wide as the cell, and on a phone pushed sideways.

        JupyterLab shows an SVG as an image of its own size and cuts what a cell has no room for.
        """
        return (
            f'<div style="overflow-x:auto">{self.svg.replace(AS_WIDE_AS_THE_PAGE, _FITTED)}</div>'
        )

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file: SVG, or PDF if its name ends so.

        Raises:
            MissingExtra: it is to be a PDF, and what makes that is not installed.
        """
        path = Path(path)
        if path.suffix == ".pdf":
            from pushlab.course.svg.pdf import write_pdf

            write_pdf([self.svg], path)
        else:
            path.write_text(self.svg, encoding="utf-8")
        return path

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        folder = pictures_folder()
        if folder is not None:
            self.save(Path(folder) / f"{os.getpid()}-{next(_numbers):03}.svg")
        return {"text/html": self.html, "image/svg+xml": self.svg, "text/plain": str(self)}, {}
