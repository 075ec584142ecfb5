"""How wide a text is: the advances of Helvetica, which Arial and Liberation Sans share.

A chart has to know how wide its words are before anybody draws them. The font that draws is the
reader's, so each text also says how wide it has to become (`textLength`): where none of these
fonts is there, the letters of another are set a little closer. The advances are Adobe's, from the
metrics that are published with the PDF standard's fonts.
"""

import re
from collections.abc import Sequence

__all__ = ["FONTS", "wide", "wrapped"]

#: What a browser looks for, in this order.
FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans Condensed', sans-serif"

_FIRST = 32
_PLAIN = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556"
    " 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833"
    " 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556"
    " 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334"
    " 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556"
    " 556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833"
    " 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 611 556 611"
    " 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389"
    " 280 389 584"
)
_MORE = {"±": 584, "·": 278, "½": 834, "×": 584, "÷": 584, "–": 556, "—": 1000, "…": 1000}
_MORE |= {"’": 250, "“": 400, "”": 400, "µ": 580, "°": 400, "€": 556}
_MORE |= {"\u00a0": 278}
_OTHER = 600  # any other letter
_WITH_UNIT = re.compile(r"(?<=\d) (?=(?:µs|ms|s|min|h|%|USD|bytes|requests?|clients|million)\b|%)")


def _advances(line: str) -> dict[str, int]:
    known = {chr(_FIRST + at): int(word) for at, word in enumerate(line.split())}
    return {**known, **_MORE}


_ADVANCES = {False: _advances(_PLAIN), True: _advances(_BOLD)}


def wide(text: str, size: float, *, bold: bool = False) -> float:
    """The width of one line of text in pixels, for a font of `size` pixels."""
    known = _ADVANCES[bold]
    return sum(known.get(letter, _OTHER) for letter in text) * size / 1000


def wrapped(
    text: str, size: float, width: float, *, bold: bool = False, even: bool = False
) -> Sequence[str]:
    """The text in lines no wider than `width`; a number keeps its unit beside it.

    A single word that is wider stands in a line of its own.

    Args:
        even: whether the lines are to be about as long as each other.
    """
    words = [word for word in _WITH_UNIT.sub("\u00a0", text).split(" ") if word]
    lines = _broken(words, size, width, bold)
    if len(lines) < 2 or not even:
        return lines
    narrow, broad = max(wide(word, size, bold=bold) for word in words), width
    while broad - narrow > 4:  # the narrowest column that needs no more lines
        middle = (narrow + broad) / 2
        if len(_broken(words, size, middle, bold)) > len(lines):
            narrow = middle
        else:
            broad = middle
    return _broken(words, size, broad, bold)


def _broken(words: Sequence[str], size: float, width: float, bold: bool) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and wide(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
