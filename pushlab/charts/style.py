"""How transports look: one place, so that all charts agree.

Warm colours ask, cool colours push. Each transport has a line style and a hatch too, so that a grey
printer keeps them apart. Several settings of one transport are shades of its colour; where its
subscribers were in a browser, it keeps its colour and is dotted. At several servers it keeps its
colour, and they differ by line style and hatch, of which the first has none.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from matplotlib.lines import Line2D

from pushlab.analysis.summary.by_system import named, plain_label
from pushlab.charts.palette import ACCENT, FLOOR, GREY, GRID, INK, LINE, OTHERS, shade
from pushlab.contract.profile import Profile

__all__ = [
    "ACCENT",
    "GREY",
    "GRID",
    "INK",
    "LINE",
    "CellStyle",
    "cell_styles",
    "legend_key",
    "mark",
]

_BROWSER = " in Chromium"  # ends the label of a cell whose subscribers were there
_DOTS = (0, (0.6, 1.2))
_DOTTED: Mapping[str, Any] = {"hatch": "..", "edgecolor": "white", "linewidth": 0}
#: Of the second server and those after it: lines, and hatches of bars.
_LINES = ((0, (5, 1.6)), (0, (1.4, 1.2)), (0, (7, 1.4, 1.4, 1.4)), (0, (3, 3)))
_HATCHES = ("\\\\", "--", "xx", "oo", "||", "**")


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How one cell is drawn: `name` in words, `colour`, and a line style `line`.

    Attributes:
        fill: how dense an area of its colour is.
        texture: of its bars, as keywords for matplotlib.
        within: the name as it stands inside a sentence: ``short polling 5 s``, but ``SSE``.
        setting: the name without the server's; `server`, the server's.
    """

    name: str
    colour: str
    line: Any
    fill: float = 0.45
    texture: Mapping[str, Any] = field(default_factory=dict)
    within: str = ""
    setting: str = ""
    server: str = ""


def mark(
    shape: str, size: float, colour: str = INK, *, face: str = "", edge: str = "", width: float = 2
) -> dict[str, Any]:
    """A mark without a line, as keywords for matplotlib; its edge and face have its colour."""
    told = {"marker": shape, "markersize": size, "color": colour, "linestyle": "none"}
    edged = {"markeredgecolor": edge or colour, "markeredgewidth": width}
    return {**told, **edged, "markerfacecolor": face or colour}


def legend_key(label: str, **drawn: Any) -> Line2D:
    """What a mark or line means, for a legend."""
    return Line2D([], [], label=label, **drawn)


def cell_styles(
    profiles: Mapping[str, Profile],
    floors: Sequence[str] = (),
    browsers: Container[str] = (),
    systems: Mapping[str, tuple[str, str]] | None = None,
) -> dict[str, CellStyle]:
    """The style of every cell, given what its transport is; those in `floors` are grey.

    Args:
        browsers: cells whose subscribers were in a browser, besides those whose labels say so.
        systems: the name and the title of each cell's server; None: all are of one.
    """
    at = systems or {}
    servers = list(dict.fromkeys(server for cell, server in at.items() if cell not in floors))

    def in_browser(cell: str) -> bool:
        return cell in browsers or cell.endswith(_BROWSER)

    found: dict[str, CellStyle] = {}
    strangers = list(dict.fromkeys(one.name for one in profiles.values() if not one.colour))
    for cell, profile in profiles.items():
        base = profile.colour or OTHERS[strangers.index(profile.name) % len(OTHERS)]
        dotted = in_browser(cell)
        same = [
            other
            for other, one in profiles.items()
            if one.name == profile.name
            and in_browser(other) == dotted
            and at.get(other) == at.get(cell)
        ]
        colour = FLOOR if cell in floors else shade(base, same.index(cell), len(same))
        system, server = at.get(cell, ("", ""))
        label = plain_label(cell, system)  # where there is one server alone, a page says it once
        look = CellStyle(
            profile.called(label),
            colour,
            (0, profile.dashes) if profile.dashes else "-",
            within=profile.called(label, within=True),
            setting=profile.called(label),
            server=server,
        )
        if len(servers) > 1 and cell not in floors:
            look = _of_server(look, servers.index((system, server)), named(system, server))
        found[cell] = replace(look, line=_DOTS, fill=0.2, texture=_DOTTED) if dotted else look
    return found


def _of_server(look: CellStyle, place: int, server: str) -> CellStyle:
    """The look of a transport at the first, second, ... server, whose name is in a sentence's."""
    name, within = f"{look.name} on {look.server}", f"{look.within} on {server}"
    look = replace(look, name=name, within=within)
    if not place:
        return replace(look, line="-")
    hatch = _HATCHES[(place - 1) % len(_HATCHES)]
    texture = {"hatch": hatch, "edgecolor": "white", "linewidth": 0}
    return replace(look, line=_LINES[(place - 1) % len(_LINES)], texture=texture)
