"""Charts as parts of an HTML page: their colours follow the page's, their names are their own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pushlab.charts.frame import Chart, as_svg
from pushlab.charts.style import ACCENT, GREY, GRID, INK, LINE
from pushlab.tables import Table

__all__ = ["Figure", "Section", "Sketchbook"]

_PAINT = {
    INK: "var(--ink)",
    GREY: "var(--grey)",
    GRID: "var(--grid)",
    LINE: "var(--line)",
    ACCENT: "var(--bad)",
    "#ffffff": "var(--paper)",
}

_FONT = "DejaVuSans"
_LETTER = re.compile(rf'<path id="(?P<id>{_FONT}[^"]*)"[^>]*/>')
_LONG = re.compile(r"(\d+\.\d)\d+")


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart on the page.

    Attributes:
        name: for links; `title` is its finding.
        wide, narrow: the drawings for a desk and for a phone.
        shows: how to read it; empty where the page itself says it.
        words: the same, for those who hear it.
    """

    name: str
    title: str
    wide: Markup
    narrow: Markup
    shows: str
    words: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: charts, the tables below them, and notes."""

    figures: Sequence[Figure]
    tables: Sequence[Table]
    notes: Sequence[str]


class Sketchbook:
    """The drawings of one page. Letters are drawn once, for all of them."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}
        self._drawn = 0

    def figure(self, wide: Chart, narrow: Chart, *, words: str, shows: str = "") -> Figure:
        """A chart that was drawn for a desk and for a phone."""
        self._drawn += 1
        return Figure(
            wide.name,
            wide.title,
            self.inline_svg(wide, f"w{self._drawn}"),
            self.inline_svg(narrow, f"n{self._drawn}"),
            shows,
            words,
        )

    def inline_svg(self, chart: Chart, prefix: str) -> Markup:
        """The drawing as an element, hidden from whom the page tells the same in words.

        Args:
            prefix: begins every id, so that several drawings share one page.
        """
        text = as_svg(chart)
        text = text[text.index("<svg") :]
        text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
        text = re.sub(r"<!--.*?-->", "", text, flags=re.S)  # texts again; a label may be anything
        text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
        text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
        text = _LETTER.sub(self._keep, text)
        text = re.sub(r'\bid="', f'id="{prefix}-', text)
        text = re.sub(r'href="#', f'href="#{prefix}-', text)
        text = text.replace(f'href="#{prefix}-{_FONT}', f'href="#{_FONT}')
        text = re.sub(r"url\(#", f"url(#{prefix}-", text)
        for colour, variable in _PAINT.items():
            text = re.sub(f"(fill|stroke): {colour}", rf"\1: {variable}", text, flags=re.I)
        text = text.replace('fill="#ffffff"', 'style="fill: var(--paper)"')  # below a hatch
        # A tenth of a point is less than a screen shows.
        text = re.sub(r'\bd="[^"]*"', lambda path: _LONG.sub(r"\1", path[0]), text)
        text = re.sub(r"\n\s*", "\n", text)
        return Markup(text.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))

    def _keep(self, letter: "re.Match[str]") -> str:
        self._letters[letter["id"]] = letter[0]
        return ""

    def letters(self) -> Markup:
        """The letters that the drawings use, to stand on the page before them."""
        paths = "".join(self._letters.values())
        return Markup(f'<svg class="letters" aria-hidden="true"><defs>{paths}</defs></svg>')
