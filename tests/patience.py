"""How long tests wait for what must happen: the machine may be ten times slower than this one.

A wait ends as soon as its event comes, so patience costs nothing; a test that reaches it has
failed. It is shorter than pytest's own ``timeout``, which knows less about what was waited for.
"""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 120.0


async def until(holds: Callable[[], object], what: str = "it never came true") -> None:
    """Wait until it holds, by looking again and again: for what has no event of its own."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s, what
        await asyncio.sleep(0.005)
