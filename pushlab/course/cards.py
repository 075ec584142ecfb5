"""Cards: what the course says beside its charts, as HTML where that is shown and as text elsewhere.

A card is read in light and in dark, in JupyterLab, VS Code and a slide, so it brings its colours as
translucent ones and inherits ink and font.
"""

import abc
import textwrap
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

__all__ = ["Card", "Shown", "Tone", "paragraphs"]

Tone = Literal["plain", "right", "wrong", "waiting"]

_COLOURS: dict[Tone, str] = {
    "plain": "#0072B2",
    "right": "#009E73",
    "wrong": "#D55E00",
    "waiting": "#8A8A8A",
}
_TEXT_WIDTH = 92


@dataclass(frozen=True, slots=True)
class Card:
    """A heading and a few sentences.

    Attributes:
        text: paragraphs, divided by empty lines; `code` between backquotes is set as code.
        tone: what the colour of its edge says.
        small: a last line in small letters.
        code: lines below the text, shown as they are.
    """

    title: str
    text: str = ""
    tone: Tone = "plain"
    small: str = ""
    code: str = ""

    def __str__(self) -> str:
        lines = [self.title, *map(_filled, filter(None, self.text.split("\n\n")))]
        lines.extend(f"    {line}".rstrip() for line in self.code.split("\n") if self.code)
        return "\n".join([*lines, *([_filled(self.small)] if self.small else [])])

    def html(self) -> str:
        """The card as HTML, with nothing to load."""
        colour = _COLOURS[self.tone]
        small = f'<p style="margin:.5em 0 0;font-size:.88em;opacity:.75">{_inline(self.small)}</p>'
        return (
            f'<div style="border-left:4px solid {colour};background:{colour}14;'
            'padding:.7em 1em;margin:.3em 0;max-width:46em;line-height:1.45">'
            f'<div style="font-weight:600">{_inline(self.title)}</div>'
            f"{paragraphs(self.text)}{_block(self.code) if self.code else ''}"
            f"{small if self.small else ''}</div>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": str(self)}


class Shown(abc.ABC):
    """What a notebook shows as a card, and a terminal as its text."""

    __slots__ = ()

    @abc.abstractmethod
    def _card(self) -> Card:
        """How it is shown."""

    def __str__(self) -> str:
        return str(self._card())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self._card()._repr_mimebundle_()


def paragraphs(text: str) -> str:
    """Paragraphs of plain text as HTML."""
    parts = [part for part in text.split("\n\n") if part.strip()]
    return "".join(f'<p style="margin:.4em 0 0">{_inline(part)}</p>' for part in parts)


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _TEXT_WIDTH, initial_indent="  ")


def _block(code: str) -> str:
    """Lines as they are; long ones are folded, so that a card is no wider than a phone."""
    return (
        '<pre style="margin:.6em 0 0;padding:.6em .8em;background:#8A8A8A1C;border-radius:3px;'
        f'font-size:.92em;line-height:1.4;overflow-wrap:anywhere;white-space:pre-wrap">{escape(code)}</pre>'
    )


def _inline(text: str) -> str:
    pieces = escape(text, quote=False).split("`")
    return "".join(
        f"<code>{piece}</code>" if number % 2 else piece for number, piece in enumerate(pieces)
    )
