"""What cannot be measured in Chromium, where channel.js is the client."""

import math

from pushlab.contract.registry import load_transport, transport_names
from pushlab.lab.scenario.cells import Cell, make_cells
from pushlab.systems.registry import HUB

__all__ = ["MAX_BROWSER_CLIENTS", "refused_in_browser"]

#: Chromium gets a process for each few clients; more than this would measure its memory.
MAX_BROWSER_CLIENTS = 200


def refused_in_browser(cell: Cell) -> str | None:
    """Why a cell cannot be measured in Chromium; None if it can."""
    if cell.system != HUB:
        return (
            f"channel.js, the client of cells in Chromium, speaks to pushlab's hub alone, and not"
            f" to {cell.system}; leave out the client browser, or that system"
        )
    spoken = load_transport(cell.transport).in_browser
    if spoken is None:
        known = [name for name in transport_names() if load_transport(name).in_browser]
        return (
            f"channel.js does not speak {cell.transport}; leave it out of a run with the client"
            f" browser (it speaks {', '.join(known)})"
        )
    usual = make_cells([Cell("", cell.transport)], 1.0)[0].options
    free = spoken.options
    for option, value in cell.options.items():
        if option not in free and value != usual.get(option):
            return (
                f"{option} cannot be set in Chromium, where channel.js has a way of its own; leave"
                " it out"
            )
        least, most = free.get(option) or (-math.inf, math.inf)
        if free.get(option) is not None and not least <= value <= most:
            only = "only" if least == most else "no less than"
            return f"{option} is {value:g}, and channel.js knows {only} {least:g}"
    return None
