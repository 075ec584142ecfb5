"""How transports style and how numbers read: one place, so that all charts agree.

Warm colours ask, cool colours push. Each transport has a line style and a hatch too, so that a grey
printer keeps them apart. Several settings of one transport are shades of its colour; where its
subscribers were in a browser, it keeps its colour and is dotted.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.colors import to_hex, to_rgb

__all__ = [
    "ACCENT",
    "ASKING",
    "GREY",
    "GRID",
    "INK",
    "LINE",
    "PUSHING",
    "CellStyle",
    "cell_styles",
    "name_of",
    "within_sentence",
]

INK = "#1B1B1B"
GREY = "#6B6B6B"
GRID = "#E3E3E3"
LINE = "#CFCFCF"
ACCENT = "#A3282B"  #: marks on the chart: unstable, generator-bound, failed

#: The transports whose clients ask.
ASKING = frozenset({"short-polling", "long-polling", "channel-api-dev"})
#: The transports whose server speaks first. A plug-in is in neither set.
PUSHING = frozenset({"sse", "websocket", "mqtt"})

_TITLES = {
    "short-polling": "Short polling",
    "long-polling": "Long polling",
    "sse": "SSE",
    "websocket": "WebSocket",
    "mqtt": "MQTT",
    "channel-api-dev": "Channel API (dev server)",
    "null": "Harness floor",
}
_COLOURS = {
    "short-polling": "#D55E00",
    "long-polling": "#E69F00",
    "sse": "#56B4E9",
    "websocket": "#0072B2",
    "mqtt": "#009E73",
    "channel-api-dev": "#8F4A1E",
}
_LINES: Mapping[str, Any] = {
    "short-polling": "-",
    "long-polling": (0, (6, 1.5)),
    "sse": (0, (6, 1.5, 1, 1.5)),
    "websocket": (0, (1.2, 1)),
    "mqtt": (0, (4, 1, 1, 1, 1, 1)),
    "channel-api-dev": (0, (3, 1.5)),
}
_OTHERS = ("#CC79A7", "#7F5AA8", "#8C6D31")  # plug-ins; neither warm nor cool
_FLOOR = "#8A8A8A"
_BROWSER = " in Chromium"  # ends the label of a cell whose subscribers were there
_DOTS = (0, (0.6, 1.2))
_DOTTED: Mapping[str, Any] = {"hatch": "..", "edgecolor": "white", "linewidth": 0}


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How one cell is drawn: `name` in words, `colour`, and a line style `line`.

    Attributes:
        fill: how dense an area of its colour is.
        texture: of its bars, as keywords for matplotlib.
    """

    name: str
    colour: str
    line: Any
    fill: float = 0.45
    texture: Mapping[str, Any] = field(default_factory=dict)


def name_of(cell: str, transport: str | None) -> str:
    """The cell in words: the transport's title, and the setting that follows it in the label."""
    title = _TITLES.get(transport or "")
    if title is None:
        return cell
    if cell.startswith(transport or ""):
        return f"{title}{cell[len(transport or '') :]}"
    return cell


def within_sentence(name: str) -> str:
    """The name as it stands inside a sentence: ``short polling``, but ``SSE``."""
    for title in ("Short", "Long", "Harness"):
        if name.startswith(title):
            return name[0].lower() + name[1:]
    return name


def cell_styles(
    transports: Mapping[str, str | None],
    floors: Sequence[str] = (),
    browsers: Container[str] = (),
) -> dict[str, CellStyle]:
    """The style of every cell, given each cell's transport; those in `floors` are grey.

    A cell that did not come to its turn has no transport; its label tells which one it would be.

    Args:
        browsers: cells whose subscribers were in a browser, besides those whose labels say so.
    """
    transports = {cell: name or _told_by(cell) for cell, name in transports.items()}
    found: dict[str, CellStyle] = {}

    def in_browser(cell: str) -> bool:
        return cell in browsers or cell.endswith(_BROWSER)

    strangers: list[str] = []
    for cell, transport in transports.items():
        key = transport or cell
        if key not in _COLOURS and key not in strangers:
            strangers.append(key)
    for cell, transport in transports.items():
        key = transport or cell
        base = _COLOURS.get(key) or _OTHERS[strangers.index(key) % len(_OTHERS)]
        dotted = in_browser(cell)
        same = [
            other
            for other, name in transports.items()
            if (name or other) == key and in_browser(other) == dotted
        ]
        colour = _FLOOR if cell in floors else _shade(base, same.index(cell), len(same))
        name = name_of(cell, transport)
        if dotted:
            found[cell] = CellStyle(name, colour, _DOTS, 0.2, _DOTTED)
        else:
            found[cell] = CellStyle(name, colour, _LINES.get(key, "-"))
    return found


def _told_by(cell: str) -> str | None:
    return next((name for name in _TITLES if f"{cell} ".startswith(f"{name} ")), None)


def _shade(base: str, index: int, count: int) -> str:
    """The colour for one of several settings: from darker to lighter around `base`."""
    if count == 1:
        return base
    place = index / (count - 1) * 2 - 1  # -1 (dark) to 1 (light)
    toward, share = (0.0, -place * 0.35) if place < 0 else (1.0, place * 0.45)
    red, green, blue = (channel + (toward - channel) * share for channel in to_rgb(base))
    return to_hex((red, green, blue))
