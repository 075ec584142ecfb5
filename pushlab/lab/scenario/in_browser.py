"""What channel.js, in Chromium, can do of a transport: the one table of it."""

import math
from collections.abc import Mapping

from pushlab.lab.scenario.cells import Cell, CellRequest, make_cells

__all__ = ["IN_BROWSER", "MAX_BROWSER_CLIENTS", "refused_in_browser"]

#: Chromium gets a process for each few clients; more than this would measure its memory.
MAX_BROWSER_CLIENTS = 200

#: What channel.js speaks, and what may be set there: anything (None), or from one value to another.
IN_BROWSER: Mapping[str, Mapping[str, tuple[float, float] | None]] = {
    "short-polling": {"interval_s": (0.02, math.inf), "random_phase": None},
    "long-polling": {},
    "sse": {},
    "websocket": {"deflate": None},
    "mqtt": {"qos": None},
    "channel-api-dev": {"interval_s": (0.5, 0.5), "random_phase": None},
}


def refused_in_browser(cell: Cell) -> str | None:
    """Why a cell cannot be measured in Chromium; None if it can."""
    if cell.transport not in IN_BROWSER:
        return (
            f"channel.js does not speak {cell.transport}; leave it out of a run with the client"
            f" browser (it speaks {', '.join(IN_BROWSER)})"
        )
    usual = make_cells([CellRequest(cell.transport)], 1.0)[0].options
    free = IN_BROWSER[cell.transport]
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
