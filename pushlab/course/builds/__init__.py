"""What students build: ten to forty lines of their own, judged at once by hidden tests.

Nothing here needs a server, a thread, an event loop or real time, so that it runs in a tab of a
browser as well. Code that waits is a coroutine, driven by hand in the virtual time of a `World`.
"""

from collections.abc import Mapping

__all__ = ["MODULES"]

#: The modules of the builds, by the chapter that asks for them; each has a tuple `BUILDS`.
MODULES: Mapping[str, tuple[str, ...]] = {
    "short_polling": ("poll_loop",),
    "polling_cost": ("poll_formula",),
    "long_polling": ("late_answers",),
    "sse": ("event_stream",),
    "websocket": ("frames",),
    "mqtt": ("receiver",),
    "measuring": ("percentiles",),
    "choose": ("adaptive_poller", "own_wire"),
}
