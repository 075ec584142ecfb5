"""Pictures: a chart as a notebook shows it, as large as a slide, and kept as a page if asked."""

import io
import itertools
import os
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from pushlab.charts.frame import styled
from pushlab.course.mode import fast, pictures_folder

__all__ = ["Picture"]

_SHOWN_WIDTH = 860
_HASTY_DPI = 40
_numbers = itertools.count(1)


class Picture:
    """A chart with words for whoever cannot see it.

    Attributes:
        title: the finding.
        words: what the chart shows, number by number.
    """

    def __init__(self, figure: Figure, title: str, words: str = "") -> None:
        self.figure = figure
        self.title = title
        self.words = words

    def __str__(self) -> str:
        return f"{self.title}\n{self.words}".rstrip()

    def png(self) -> bytes:
        """The picture, 1600 pixels wide."""
        buffer = io.BytesIO()
        with styled():
            dpi = _HASTY_DPI if fast() else "figure"
            self.figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
        return buffer.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file: PNG, SVG or PDF by its name's ending."""
        with styled():
            self.figure.savefig(path)
        return Path(path)

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        folder = pictures_folder()
        if folder is not None:
            self.save(Path(folder) / f"{os.getpid()}-{next(_numbers):03}.pdf")
        return (
            {"image/png": self.png(), "text/plain": str(self)},
            {"image/png": {"width": _SHOWN_WIDTH, "alt": str(self)}},
        )
